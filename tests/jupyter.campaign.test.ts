/** Notebooks in a real Jupyter, in a real browser, used as people do: run, look, change, run again, export, stop. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasTag, type Notebook, readNotebook, writeNotebook } from "../lib/src/programs/runner/notebook";
import { injectParameters, notebookParameters, type ParameterValue } from "../lib/src/programs/runner/parameters";
import { listNotebooks, runNotebook } from "../lib/src/programs/runner/run";
import { ClassicPage } from "./support/classicPage";
import { PROJECT } from "./support/cli";
import { type FrontEnd, findFrontEnd, JupyterServer, startBrowser, whyNoBrowserTest } from "./support/jupyterServer";
import { LabPage } from "./support/labPage";
import { keepScreenshot, type NotebookPage } from "./support/notebookPage";
import { notebookOf, temporaryFolder } from "./support/notebooks";
import { chartDefects } from "./support/pageChecks";

const NOTEBOOKS = listNotebooks(join(PROJECT, "notebooks"));
const FIGURE_3 = "fig03-intrinsic-dimension";
const TWO_MODELS = ["data/models/llama-mini", "data/models/opt-mini"];
/** In place of the default model: an embedded one. */
const MODEL = "llama-mini";
const SMALL = { MODELS: [MODEL], PROMPTS: 2, TOKENS: 64, SHUFFLES: [0, 1, 2] };

/** So that every notebook runs in seconds and still draws all of its pictures; of each what it has as a parameter. */
const QUICK: Record<string, ParameterValue> = {
  MODELS: [MODEL],
  PROMPTS: 6,
  TOKENS: 64,
  FEW_TOKENS: 64,
  SHUFFLES: [0, 1, 3],
};
const OF_TWO_MODELS = new Set(["fig06-dimension-and-loss", "fig07-logits-and-entropy", "fig14-scale-analysis"]);

function committed(name: string): Notebook {
  return readNotebook(NOTEBOOKS.find((file) => file.name === name)!.path);
}

/** A notebook with the kernel that ours name. */
function withKernel(notebook: Notebook): Notebook {
  return { ...notebook, metadata: committed(FIGURE_3).metadata };
}

/** The axis range of a chart, and which of its traces with a legend entry are hidden. */
function chartState(element: Element) {
  const { _fullLayout, _fullData } = element as unknown as {
    _fullLayout: { xaxis: { range: number[] } };
    _fullData: { name: string; showlegend: boolean; visible: boolean | string }[];
  };
  const hidden = _fullData.filter(({ showlegend, visible }) => showlegend && visible === "legendonly");
  return { range: _fullLayout.xaxis.range.map(Number), hidden: hidden.map(({ name }) => name) };
}

let executed: Promise<Notebook> | undefined;

/** Figure 3 from the published numbers, with all its outputs. */
function published(): Promise<Notebook> {
  executed ??= (async () => {
    const prepared = injectParameters(committed(FIGURE_3), { SOURCE: "published" });
    const { notebook, failure } = await runNotebook(prepared, { outFolder: temporaryFolder() });
    expect(failure).toBeUndefined();
    return notebook;
  })();
  return executed;
}

async function progressBars(notebook: NotebookPage): Promise<number[]> {
  return await notebook.page
    .locator("progress")
    .evaluateAll((all) => all.map((bar) => (bar as HTMLProgressElement).value));
}

const frontEnds: FrontEnd[] = ["lab", "notebook", "classic"];

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

  afterEach(() => server.stopKernels());

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Puts a notebook onto the server and opens it. */
  async function open(name: string, notebook: Notebook): Promise<NotebookPage> {
    const { url } = server.add(name, notebook);
    const count = codeCells(notebook).length;
    return await (frontEnd === "classic" ? ClassicPage : LabPage).open(browser, url, count);
  }

  test("Figure 3: run, look closely, change a parameter, run the rest again, export", {
    timeout: 600_000,
  }, async () => {
    const prepared = injectParameters(committed(FIGURE_3), SMALL);
    const notebook = await open("figure3", prepared);
    const { page } = notebook;
    await notebook.runAll();
    const before = await notebook.prompts();
    expect(before.every((prompt) => /^\d+$/.test(prompt))).toBe(true);
    expect(await notebook.errors.allTextContents()).toEqual([]);
    await notebook.screenshot(`${frontEnd}-figure3`);

    // Progress has come to its end everywhere.
    const bars = await progressBars(notebook);
    expect(bars.length).toBeGreaterThan(0);
    expect(new Set(bars)).toEqual(new Set([1]));

    // The chart is alive, fits into its place, and the static picture is out of the way.
    const chart = page.locator(".js-plotly-plot").last(); // after those of the one prompt
    await chart.scrollIntoViewIfNeeded();
    await chart.waitFor();
    expect(await page.locator("[data-figure] > img").last().isVisible()).toBe(false);
    const [drawn, room] = await page
      .locator("[data-figure]")
      .last()
      .evaluate((place) => [place.scrollWidth, place.clientWidth]);
    expect(drawn).toBeLessThanOrEqual(room);

    // Hover: the tooltip of a point.
    const point = chart.locator(".scatterlayer .trace .points path").nth(3);
    const place = (await point.boundingBox())!;
    await page.mouse.move(place.x + place.width / 2 - 15, place.y + 20);
    await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2, { steps: 5 });
    const tip = chart.locator(".hoverlayer .hovertext").first();
    await tip.waitFor();
    expect(await tip.textContent()).toMatch(/layer/);
    await notebook.screenshot(`${frontEnd}-figure3-hover`);
    expect(await overlaps(chart.locator(".modebar").first(), chart.locator(".legend").first())).toBe(false);

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
    const injected = codeCells(prepared).findIndex((cell) => hasTag(cell, "injected-parameters"));
    await notebook.replace(injected, "PROMPTS = 2; TOKENS = 64; SHUFFLES = [0, 1, 2]; SCALING = 4;");
    await notebook.runFrom(injected);
    const after = await notebook.prompts();
    expect(after.slice(0, injected)).toEqual(before.slice(0, injected));
    for (let cell = injected; cell < after.length; cell++) expect(Number(after[cell])).toBeGreaterThan(before.length);
    const study = codeCells(prepared).findIndex(({ source }) => source.includes("tg.study("));
    expect(await notebook.output(study).textContent()).toMatch(/0 computed, 4 from the store/);
    const caption = page.locator("figcaption").last();
    await caption.scrollIntoViewIfNeeded();
    expect(await caption.textContent()).toMatch(/n2 = 4/);
    await page.locator(".js-plotly-plot").last().waitFor();
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
      "for (;;);",
    );
    const notebook = await open("errors", withKernel(cells));
    await notebook.runAll();
    expect((await notebook.output(1).textContent())?.trim()).toMatch(
      /^UserError: .*no-such-model: no such model folder or file$/,
    );
    expect(await notebook.output(3).textContent()).not.toContain("42");
    await notebook.screenshot(`${frontEnd}-error`);

    // Waiting code, then a loop that never lets go.
    for (const endless of [2, 4]) {
      await notebook.runCell(endless, { wait: false });
      await expect.poll(() => notebook.prompt(endless)).toBe("*");
      await notebook.page.waitForTimeout(1000);
      expect(await notebook.prompt(endless)).toBe("*");
      await notebook.interrupt();
      await notebook.untilDone(30_000);
      expect(await notebook.output(endless).textContent()).toMatch(/interrupted/i);
      await notebook.page.waitForTimeout(500); // the kernel drops what comes right after an error
      await notebook.runCell(3);
      await expect.poll(() => notebook.output(3).textContent(), { timeout: 20_000 }).toContain("42");
    }
    await notebook.screenshot(`${frontEnd}-interrupted`);

    // Documentation where the cursor is.
    await notebook.replace(3, "tg.study");
    expect(await notebook.documentation(3)).toMatch(/StudySettings[\s\S]*what is neither recorded nor in the store/);
    await notebook.screenshot(`${frontEnd}-documentation`);
    await notebook.close();
  });

  test("the playground: a text of one's own, and sliders that ask no kernel", { timeout: 300_000 }, async () => {
    const PROMPT = "The sea was calm that morning, and the boats lay still. ".repeat(8);
    const prepared = injectParameters(committed("playground"), {
      PROMPT,
      MODELS: [MODEL],
      TOKENS: 64,
      SHUFFLES: [0, 1, 2, 3],
      LAYER: 6,
    });
    const notebook = await open("playground", prepared);
    const { page } = notebook;
    await notebook.runAll();
    expect(await notebook.errors.allTextContents()).toEqual([]);
    const before = await notebook.prompts();
    expect(before.every((prompt) => /^\d+$/.test(prompt))).toBe(true);

    const chart = page.locator(".js-plotly-plot").first();
    await show(chart);
    expect(await chart.evaluate(chartDefects)).toEqual([]);
    const shuffled = () =>
      chart.evaluate((element) => {
        const { data } = element as unknown as { data: { name: string; y: number[] }[] };
        return data.filter(({ name }) => /^shuffled/.test(name)).map(({ name, y }) => [name, ...y]);
      });
    const atLast = await shuffled();
    await slideToStart(chart);
    await expect.poll(() => chart.locator(".slider-label").first().textContent()).toBe("shuffle index S = 1");
    const atFirst = await shuffled();
    expect(atFirst.map(([name]) => name)).toEqual(atLast.map(() => "shuffled (S = 1)"));
    expect(atFirst).not.toEqual(atLast);
    await notebook.screenshot(`${frontEnd}-playground-orders`);

    const text = page.locator("[data-tokens]").first();
    await show(text);
    const colors = () =>
      text.locator("[title]").evaluateAll((all) => all.map((token) => (token as HTMLElement).style.backgroundColor));
    const painted = await colors();
    expect(painted).toHaveLength(64);
    await text.locator("input[type=range]").first().fill("0");
    expect(await colors()).not.toEqual(painted);
    await text.locator("input[type=range]").first().fill("6");
    expect(await colors()).toEqual(painted);
    await text.locator("input[type=range]").nth(1).fill("3");
    expect(await colors()).not.toEqual(painted);
    await notebook.screenshot(`${frontEnd}-playground-text`);

    const along = page.locator(".js-plotly-plot").nth(1);
    await show(along);
    await slideToStart(along);
    await expect.poll(() => along.locator(".slider-label").first().textContent()).toBe("layer 0");
    await notebook.screenshot(`${frontEnd}-playground-layers`);
    expect(await notebook.prompts()).toEqual(before);
    await notebook.close();
  });

  test("a notebook that is not trusted shows the static picture", { timeout: 300_000 }, async () => {
    const kept = { committed: committed(FIGURE_3), "committed-playground": committed("playground") };
    for (const [name, one] of Object.entries({ untrusted: await published(), ...kept })) {
      const notebook = await open(name, one);
      // Sanitizers take the attributes away.
      await expectPicture(notebook.page.locator(".jp-OutputArea-output img, .output_area img").first());
      expect(await notebook.page.locator(".js-plotly-plot").count()).toBe(0);
      await notebook.screenshot(`${frontEnd}-${name}`);
      await notebook.close();
    }
  });

  if (frontEnd !== "lab") return; // The front ends draw alike: one of them sees all kinds.

  test("a page without scripts shows the static picture", { timeout: 300_000 }, async () => {
    const folder = temporaryFolder();
    writeNotebook(join(folder, "static.ipynb"), await published());
    const convert = join(findFrontEnd(frontEnd)!, "jupyter-nbconvert");
    execFileSync(convert, ["--to", "html", "static.ipynb"], { cwd: folder, stdio: "pipe" });
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1400, height: 1000 } });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, "static.html")).href);
    await expectPicture(page.locator("[data-figure] img").first());
    await keepScreenshot(page, "static-page");
    await context.close();
  });

  test.each(NOTEBOOKS.map(({ name }) => name))(
    "%s: Run All, from top to bottom, draws whole charts",
    {
      timeout: 300_000,
    },
    async (name) => {
      const known = notebookParameters(committed(name)).map((parameter) => parameter.name);
      const quick = { ...QUICK, ...(OF_TWO_MODELS.has(name) && { MODELS: TWO_MODELS }) };
      const parameters = Object.fromEntries(Object.entries(quick).filter(([parameter]) => known.includes(parameter)));
      const notebook = await open(name, injectParameters(committed(name), parameters));
      await notebook.runAll();
      expect((await notebook.prompts()).every((prompt) => /^\d+$/.test(prompt))).toBe(true);
      expect(await notebook.errors.allTextContents()).toEqual([]);
      for (const value of await progressBars(notebook)) expect(value).toBe(1);
      const charts = notebook.page.locator(".js-plotly-plot");
      const count = await charts.count();
      expect(count).toBeGreaterThan(0);
      for (let chart = 0; chart < count; chart++) {
        await charts.nth(chart).scrollIntoViewIfNeeded();
        await notebook.screenshot(`kind-${name}${count > 1 ? `-${chart + 1}` : ""}`);
        expect(await charts.nth(chart).evaluate(chartDefects)).toEqual([]);
      }
      await notebook.close();
    },
  );
});

/** Drags the knob of a chart's slider to its left end. */
async function slideToStart(chart: Locator): Promise<void> {
  const slider = (await chart.locator(".slider-rail-touch-rect").first().boundingBox())!;
  const knob = (await chart.locator(".slider-grip-rect").first().boundingBox())!;
  const { mouse } = chart.page();
  await mouse.move(knob.x + knob.width / 2, knob.y + knob.height / 2);
  await mouse.down();
  await mouse.move(slider.x + 2, knob.y + knob.height / 2, { steps: 6 });
  await mouse.up();
}

/** Scrolls something into view. Cells that come into view grow as they are drawn, and push it away. */
async function show(what: Locator): Promise<void> {
  for (let last = -1, now = 0; now !== last; last = now, now = (await what.boundingBox())?.y ?? -2) {
    await what.scrollIntoViewIfNeeded();
    await what.page().waitForTimeout(300);
  }
}

async function expectPicture(picture: Locator): Promise<void> {
  await show(picture);
  await expect.poll(() => picture.isVisible()).toBe(true);
  expect(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(600);
  const { width, height } = (await picture.boundingBox())!;
  expect(Math.min(width, height)).toBeGreaterThan(300);
}

async function overlaps(one: Locator, other: Locator): Promise<boolean> {
  const [a, b] = [(await one.boundingBox())!, (await other.boundingBox())!];
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function codeCells({ cells }: Notebook): Notebook["cells"] {
  return cells.filter(({ cell_type }) => cell_type === "code");
}

function width([from, to]: number[]): number {
  return to - from;
}
