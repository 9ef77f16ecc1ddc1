import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIGURES } from "../lib/src/figures/figures";
import type { PaperFigure } from "../lib/src/figures/paperFigure";
import { withSlider } from "../lib/src/figures/slider";
import { chooseBackend } from "../lib/src/machine/backend/backend";
import { cloudPage } from "../lib/src/machine/notebook/cloudPage";
import { exportFigure } from "../lib/src/machine/render/export";
import type { Figure } from "../lib/src/machine/render/figure";
import { PROJECT_ROOT } from "../lib/src/machine/support/project";
import { renderReportHtml } from "../lib/src/programs/report/reportHtml";
import type { AnyRow } from "../lib/src/results/row";
import { FIGURE_ROWS } from "./support/figureRows";
import { CHROMIUM, startBrowser } from "./support/jupyterServer";
import { chartDefects } from "./support/pageChecks";
import { sampleCloud } from "./support/sampleCloud";
import { bandFigure, heatMapFigure, scatterFigure } from "./support/sampleFigures";
import { sampleReport } from "./support/sampleReport";

const present = CHROMIUM !== undefined;
if (!present && process.env.TOKEN_GEOMETRY_EXPECT_JUPYTER)
  throw new Error("pages were to be tested, but no Chromium found");
if (!present)
  console.warn("!!!! SKIPPED: exported pages in a real browser: no Chromium found; set CHROMIUM to one !!!!");

const OUT = join(PROJECT_ROOT, "out");
const SCREENSHOTS = join(OUT, "screenshots");
let browser: Browser;
let folder: string;

describe.skipIf(!present)("in a real browser", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "token-geometry-pages-"));
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page, waits for its charts, takes pictures of it; returns all that is wrong with it. */
  async function defectsOf(path: string): Promise<string[]> {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const problems: string[] = [];
    const address = pathToFileURL(path).href;
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
    page.on("request", (request) => {
      const url = request.url();
      if (url !== address && !/^(?:data|blob):/.test(url)) problems.push(`request: ${url}`);
    });
    try {
      await page.goto(address);
      const places = await page.locator("#chart, .chart").count();
      // A chart is there once it has told so; the wait is for slow machines.
      await page
        .waitForFunction(
          (count) => document.querySelectorAll(".js-plotly-plot .main-svg .infolayer").length >= count,
          places,
          {
            timeout: 60_000,
          },
        )
        .catch(() => problems.push(`not all of ${places} charts drew within a minute`));
      await page.waitForTimeout(500);
      problems.push(...(await page.evaluate(chartDefects)));
      const name = basename(path, ".html");
      const parts = await page.locator("section").all();
      if (parts.length === 0) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
      for (const part of parts) {
        const id = (await part.locator("h2").textContent())?.replaceAll(/\W+/g, "-").slice(0, 40);
        await part.screenshot({ path: join(SCREENSHOTS, `report-${id}.png`) });
      }
    } finally {
      await page.close();
    }
    return problems;
  }

  test.each([bandFigure, heatMapFigure, scatterFigure])("the exported page of $name has no defect", async (figure) => {
    const [path] = await exportFigure(figure, { folder, formats: ["html"] });
    expect(await defectsOf(path)).toEqual([]);
  });

  const figures = Object.entries(FIGURE_ROWS).map(([number, rows]) => [number, rows] as const);
  test.each(figures)("Figure %s of models and prompts with long names has no defect", async (number, rows) => {
    const named = ["", "Another-", "A-Third-"].flatMap((before) =>
      (rows as AnyRow[]).map((row) => ({
        ...row,
        model: `${before}${row.model}-Instruct-2507.Q4_K_M`,
        ...("prompt" in row && row.prompt !== null
          ? { prompt: `a-prompt-of-mine-on-tides-and-wells-${row.prompt}` }
          : {}),
      })),
    );
    const { draw } = FIGURES[Number(number) as 2] as unknown as PaperFigure<AnyRow, object>;
    const figure = draw(named, number === "14" ? { depths: [0.3, 1] } : {});
    const [path] = await exportFigure({ ...figure, name: `long-names-${figure.name}` }, { folder, formats: ["html"] });
    expect(await defectsOf(path)).toEqual([]);
  });

  test("a slider works in an exported page", async () => {
    const { name, ...figure } = bandFigure;
    const steps = [1, 2].map((factor) => ({
      label: String(factor),
      traces: { y: [(figure.data[0].y as number[]).map((value) => value * factor)] },
    }));
    const sliding = withSlider({ name: "sliding", ...figure }, "times ", [0], steps, 0);
    const [path] = await exportFigure(sliding, { folder, formats: ["html"] });
    expect(await defectsOf(path)).toEqual([]);
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    await page.goto(pathToFileURL(path).href);
    const rail = (await page.locator(".slider-rail-touch-rect").boundingBox())!;
    await page.mouse.click(rail.x + rail.width - 2, rail.y + rail.height / 2);
    await expect.poll(() => page.locator(".slider-label").first().textContent()).toBe("times 2");
    const drawn = await page.locator("#chart").evaluate((chart) => (chart as unknown as Figure).data[0].y);
    expect(drawn).toEqual(steps[1].traces.y[0]);
    await page.close();
  });

  test.each([
    ["in three dimensions", [], "3"],
    ["without WebGL in two", ["--disable-3d-apis"], "2"],
  ])("the page of a cloud works %s", async (_, flags, dimensions) => {
    await chooseBackend("wasm");
    const path = join(folder, "cloud.html");
    writeFileSync(path, cloudPage(await sampleCloud(), { caption: "A cloud", layer: 0 }));
    const own = await startBrowser(flags);
    const page = await own.newPage({ viewport: { width: 900, height: 950 } });
    const problems: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && problems.push(message.text())));
    page.on("pageerror", (error) => void problems.push(error.message));
    page.on("request", (request) => {
      if (request.url() !== pathToFileURL(path).href && !/^(?:data|blob):/.test(request.url()))
        problems.push(request.url());
    });
    await page.goto(pathToFileURL(path).href);
    const text = (id: string) => page.locator(`#${id}`).textContent();
    await expect.poll(() => text("trust"), { timeout: 60_000 }).toContain(`Layer 0 in ${dimensions} of 5 dimensions`);
    expect(await page.locator("#dimensions").inputValue()).toBe(dimensions);
    if (dimensions === "3") await page.locator("#chart canvas").first().waitFor();
    expect(await page.locator("#flat").isVisible()).toBe(dimensions === "2");
    await page.screenshot({ path: join(SCREENSHOTS, `cloud-${dimensions}.png`) });
    if (dimensions === "3") await page.selectOption("#dimensions", "2");
    await page.locator("#layer").fill("1");
    await expect.poll(() => text("trust")).toContain("Layer 1 in 2 of 5 dimensions");
    const point = (await page.locator("#chart .points path.point").nth(5).boundingBox())!;
    await page.mouse.move(point.x + point.width / 2, point.y + point.height / 2);
    await expect.poll(() => page.locator(".hoverlayer").textContent()).toContain("token 6; loss 5, norm");
    await page.mouse.click(point.x + point.width / 2, point.y + point.height / 2);
    await expect.poll(() => text("near")).toMatch(/^Nearest to “5” \(6\) in all 5 dimensions: /);
    expect(await page.evaluate(chartDefects)).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, `cloud-${dimensions}-clicked.png`) });
    expect(problems).toEqual([]);
    await own.close();
  });

  test("a report has no defect", async () => {
    const path = join(folder, "sample.html");
    writeFileSync(path, await renderReportHtml(sampleReport));
    expect(await defectsOf(path)).toEqual([]);
  });

  test("defects are found", async () => {
    const label = (text: string, x: number, y: number) => ({ text, x, y, showarrow: false, font: { size: 20 } });
    const faulty: Figure = {
      name: "faulty",
      caption: "Not as it should be",
      data: [
        { x: [1, 2], y: [1, 2] },
        { x: [], y: [], xaxis: "x2", yaxis: "y2" },
      ],
      layout: {
        width: 600,
        height: 400,
        xaxis: { domain: [0, 0.45] },
        xaxis2: { domain: [0.55, 1] },
        yaxis2: { anchor: "x2" },
        annotations: [
          label("first text", 1.5, 1.5),
          label("second text", 1.55, 1.5),
          { ...label("a text at the edge", -0.1, 0.95), xanchor: "center", xref: "paper", yref: "paper" },
        ],
      },
    };
    const [path] = await exportFigure(faulty, { folder, formats: ["html"] });
    const defects = await defectsOf(path);
    expect(defects).toContain('chart 1: "first text" overlaps "second text"');
    expect(defects).toContain("chart 1: nothing in panel x2y2");
    expect(defects.join("\n")).toMatch(/"a text at the edge" is cut off/);
    const broken = join(folder, "broken.html");
    writeFileSync(broken, '<script>console.error("no luck"); fetch("http://localhost:9/")</script>');
    expect((await defectsOf(broken)).join("\n")).toMatch(
      /console: no luck[\s\S]*request: http:\/\/localhost:9\/[\s\S]*no chart/,
    );
  });

  // What the last `npm run figures` made, if there is such.
  const made = [join(OUT, "figures"), join(OUT, "report")]
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((file) => join(place, file)))
    .filter((path) => path.endsWith(".html"));
  if (made.length === 0) console.warn("NOT CHECKED: no exported figures in out/; `npm run figures` makes them");
  test.skipIf(made.length === 0).each(made.map((path) => ({ path, file: basename(path) })))(
    "out: $file has no defect",
    async ({ path }) => {
      expect(await defectsOf(path)).toEqual([]);
    },
  );
});
