/** Notebooks in a real Jupyter, in a real browser, used as people do: run, look, change, run again, export, stop. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FrontEnd } from "../lib/src/doctor/jupyter";
import { type Notebook, readNotebook } from "../lib/src/runner/notebook";
import { injectParameters } from "../lib/src/runner/parameters";
import { runNotebook } from "../lib/src/runner/run";
import { PROJECT } from "./support/cli";
import { JupyterServer, startBrowser, whyNoBrowserTest } from "./support/jupyterServer";
import { NotebookPage } from "./support/notebookPage";
import { notebookOf, temporaryFolder } from "./support/notebooks";

const FIGURE_3 = join(PROJECT, "notebooks/fig03-intrinsic-dimension.ipynb");
const SMALL = { PROMPTS: 2, TOKENS: 64, SHUFFLES: [0, 1, 2] };

/** A notebook with the kernel that ours name. */
function withKernel(notebook: Notebook): Notebook {
  return { ...notebook, metadata: readNotebook(FIGURE_3).metadata };
}

/** The chart that a page shows first: its axis range, and which of its traces with a legend entry are hidden. */
function chartState(element: Element) {
  const { _fullLayout, _fullData } = element as unknown as {
    _fullLayout: { xaxis: { range: number[] } };
    _fullData: { name: string; showlegend: boolean; visible: boolean | string }[];
  };
  const hidden = _fullData.filter(({ showlegend, visible }) => showlegend && visible === "legendonly");
  return { range: _fullLayout.xaxis.range.map(Number), hidden: hidden.map(({ name }) => name) };
}

const frontEnds: FrontEnd[] = ["lab", "notebook"];

describe.each(frontEnds)("in Jupyter (%s)", (frontEnd) => {
  const reason = whyNoBrowserTest(frontEnd);
  if (reason) {
    console.warn(`!!!! SKIPPED: notebooks in a real Jupyter (${frontEnd}): ${reason} !!!!`);
    test.skip(`skipped: ${reason}`, () => {});
    return;
  }
  let server: JupyterServer;
  let browser: Browser;

  beforeAll(async () => {
    [server, browser] = await Promise.all([JupyterServer.start(frontEnd), startBrowser()]);
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("Figure 3: run, look closely, change a parameter, run the rest again, export", {
    timeout: 600_000,
  }, async () => {
    const prepared = injectParameters(readNotebook(FIGURE_3), SMALL);
    const { url } = server.add("figure3", prepared);
    const notebook = await NotebookPage.open(browser, url, codeCells(prepared));
    const { page } = notebook;
    await notebook.runAll();
    const before = await notebook.prompts();
    expect(before.every((prompt) => /^\d+$/.test(prompt))).toBe(true);
    await notebook.screenshot(`${frontEnd}-figure3`);

    // Progress has come to its end everywhere.
    const bars = await page
      .locator("progress")
      .evaluateAll((all) => all.map((bar) => (bar as HTMLProgressElement).value));
    expect(bars.length).toBeGreaterThan(0);
    expect(new Set(bars)).toEqual(new Set([1]));

    // The chart is alive, and the static picture out of the way.
    const chart = page.locator(".js-plotly-plot").first();
    await chart.scrollIntoViewIfNeeded();
    await chart.waitFor();
    expect(await page.locator("[data-figure] > img").first().isVisible()).toBe(false);

    // Hover: the tooltip of a point.
    const point = chart.locator(".scatterlayer .trace .points path").nth(3);
    const place = (await point.boundingBox())!;
    await page.mouse.move(place.x + place.width / 2 - 15, place.y + 20);
    await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2, { steps: 5 });
    const tip = chart.locator(".hoverlayer .hovertext").first();
    await tip.waitFor();
    expect(await tip.textContent()).toMatch(/layer/);
    await notebook.screenshot(`${frontEnd}-figure3-hover`);

    // Zoom: dragging narrows the axis.
    const full = await chart.evaluate(chartState);
    const area = (await chart.locator(".nsewdrag").first().boundingBox())!;
    await page.mouse.move(area.x + area.width * 0.3, area.y + area.height * 0.3);
    await page.mouse.down();
    await page.mouse.move(area.x + area.width * 0.7, area.y + area.height * 0.7, { steps: 8 });
    await page.mouse.up();
    await expect
      .poll(async () => width((await chart.evaluate(chartState)).range))
      .toBeLessThan(width(full.range) * 0.6);

    // Legend: a click hides a curve, another one shows it.
    const entry = chart.locator(".legendtoggle").first();
    await entry.click();
    await expect
      .poll(async () => (await chart.evaluate(chartState)).hidden.length, { timeout: 10_000 })
      .toBeGreaterThan(0);
    await notebook.screenshot(`${frontEnd}-figure3-zoom-legend`);
    await page.waitForTimeout(600); // two clicks in a row would be a double click
    await entry.click();
    await expect.poll(async () => (await chart.evaluate(chartState)).hidden.length, { timeout: 10_000 }).toBe(0);

    // A parameter changed: the cells from there on run again, those before do not; what is stored is not computed again.
    const cells = await Promise.all(before.map((_, cell) => notebook.source(cell)));
    const injected = cells.findIndex((source) => source.includes("TOKENS = 64"));
    await notebook.replace(injected, "PROMPTS = 2; TOKENS = 64; SHUFFLES = [0, 1, 2]; SCALING = 4;");
    await notebook.select(injected);
    await notebook.run(/^Run Selected Cell and All Below$/);
    const after = await notebook.prompts();
    expect(after.slice(0, injected)).toEqual(before.slice(0, injected));
    for (let cell = injected; cell < after.length; cell++) expect(Number(after[cell])).toBeGreaterThan(before.length);
    const caption = page.locator("figcaption").first();
    await caption.scrollIntoViewIfNeeded();
    expect(await caption.textContent()).toMatch(/n2 = 4/);
    await page.locator(".js-plotly-plot").first().waitFor();
    await notebook.screenshot(`${frontEnd}-figure3-changed`);

    // Exported files are there.
    for (const ending of ["svg", "pdf", "png", "html"]) {
      const file = join(server.out, "figures", `fig03.${ending}`);
      expect(existsSync(file), file).toBe(true);
      expect(statSync(file).size).toBeGreaterThan(5000);
    }
    expect(readFileSync(join(server.out, "figures", "fig03.svg"), "utf8")).toMatch(/= 4/);
    await notebook.close();
  });

  test("an error shows the cell's own message and ends Run All; stopping leaves the kernel usable", {
    timeout: 300_000,
  }, async () => {
    const cells = notebookOf(
      'import * as tg from "token-geometry"; const kept = 41;',
      'tg.openCheckpoint("data/models/no-such-model");',
      "async function forever() { for (;;) await new Promise((resolve) => setTimeout(resolve, 50)); }\nawait forever();",
      "kept + 1;",
    );
    const { url } = server.add("errors", withKernel(cells));
    const notebook = await NotebookPage.open(browser, url, codeCells(cells));
    await notebook.runAll();
    const failed = await notebook.output(1).textContent();
    expect(failed).toMatch(/no-such-model/);
    expect(await notebook.output(3).textContent()).not.toContain("42");
    await notebook.screenshot(`${frontEnd}-error`);

    await notebook.select(2);
    await notebook.menu("Run", /^Run Selected Cell$/);
    await expect.poll(() => notebook.prompt(2)).toBe("*");
    await notebook.page.waitForTimeout(1000);
    expect(await notebook.prompt(2)).toBe("*");
    await notebook.menu("Kernel", /^Interrupt Kernel$/);
    await notebook.untilDone(30_000);
    await notebook.page.waitForTimeout(500);
    await notebook.select(3);
    await notebook.run(/^Run Selected Cell$/);
    await expect.poll(() => notebook.output(3).textContent(), { timeout: 20_000 }).toContain("42");
    await notebook.screenshot(`${frontEnd}-interrupted`);
    await notebook.close();
  });

  test("a notebook that is not trusted shows the static picture", { timeout: 300_000 }, async () => {
    const prepared = injectParameters(readNotebook(FIGURE_3), { SOURCE: "published" });
    const { notebook: executed, failure } = await runNotebook(prepared, { outFolder: temporaryFolder() });
    expect(failure).toBeUndefined();
    const { url } = server.add("untrusted", executed);
    const notebook = await NotebookPage.open(browser, url, codeCells(executed));
    const picture = notebook.page.locator(".jp-OutputArea-output img").first(); // sanitizers take the attributes away
    await picture.scrollIntoViewIfNeeded();
    await expect.poll(() => picture.isVisible()).toBe(true);
    expect(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(600);
    expect(await notebook.page.locator(".js-plotly-plot").count()).toBe(0);
    await notebook.screenshot(`${frontEnd}-untrusted`);
    await notebook.close();
  });
});

function codeCells({ cells }: Notebook): number {
  return cells.filter(({ cell_type }) => cell_type === "code").length;
}

function width([from, to]: number[]): number {
  return to - from;
}
