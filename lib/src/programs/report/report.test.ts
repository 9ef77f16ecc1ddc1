import { inflateSync } from "node:zlib";
import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { codeCell, notebookOf } from "../../../../tests/support/notebooks";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { sampleReport } from "../../../../tests/support/sampleReport";
import { withSlider } from "../../figures/slider";
import { sliderStills } from "../../figures/sliderStills";
import { RECORD_TYPE } from "../../machine/notebook/record";
import type { TokenText } from "../../machine/notebook/tokenTextContent";
import { tokenTextPicture } from "../../machine/notebook/tokenTextPicture";
import type { Figure } from "../../machine/render/figure";
import { markdownCode } from "../../machine/support/markdown";
import type { Notebook } from "../runner/notebook";
import { markdownHtml, plainParagraphs } from "./markdown";
import { provenanceByFigure } from "./records";
import { makeReport, reportProvenance, VERDICT_TAG } from "./report";
import { renderReportHtml } from "./reportHtml";
import { renderReportPdf } from "./reportPdf";
import { withRunRecord } from "./run";

const [{ run }] = sampleReport.sections;
const { name, caption, provenance, data, layout } = bandFigure;

function executed(title: string, withFigure = true): Notebook {
  const chart = {
    [RECORD_TYPE]: { kind: "figure", name, caption, provenance },
    "application/vnd.plotly.v1+json": { data, layout },
  };
  const table = { [RECORD_TYPE]: { kind: "table", columns: ["a"], lines: [["1"]], numeric: [true], left: 0 } };
  const text = (source: string) => ({ cell_type: "markdown" as const, metadata: {}, source });
  const shows = (bundle: Record<string, unknown>) => ({
    ...codeCell("show()"),
    outputs: [{ output_type: "display_data" as const, data: bundle, metadata: {} }],
  });
  return notebookOf(
    text(`# ${title}\n\nThe claim.`),
    codeCell("let N = 2; // how many\nlet PROMPTS = 48;", "parameters"),
    codeCell("{ PROMPTS = 2; }", "injected-parameters"),
    ...(withFigure ? [shows(chart)] : []),
    { ...text("## How close are we?\n\nClose."), metadata: { tags: [VERDICT_TAG] } },
    text("## Try next\n\nOther things."),
    shows(table),
  );
}

describe("the provenance of figures", () => {
  const figure = (notebook: string, experiment: string) => {
    return { name: "fig03", notebook, provenance: { experiments: [{ manifest: experiment }] } };
  };

  test("is there of each, also where two notebooks have one of the same name", () => {
    expect(provenanceByFigure([figure("a", "1"), figure("b", "2"), { name: "fig04", notebook: "b" }])).toEqual({
      "a: fig03": { experiments: [{ manifest: "1" }] },
      "b: fig03": { experiments: [{ manifest: "2" }] },
      fig04: {},
    });
    const report = reportProvenance({
      ...sampleReport,
      sections: [...sampleReport.sections, ...sampleReport.sections],
    });
    expect(report).toEqual(reportProvenance(sampleReport));
  });

  test("is there once of what is shown twice", () => {
    expect(Object.keys(provenanceByFigure([figure("a", "1"), figure("a", "1")]))).toEqual(["fig03"]);
    expect(Object.keys(provenanceByFigure([figure("a", "1"), figure("a", "2")]))).toEqual(["a: fig03", "a: fig03 (2)"]);
  });
});

describe("makeReport", () => {
  test("leaves out what a notebook computes step by step", () => {
    const notebook = executed("Figure 2");
    const steps = { ...notebook.cells.at(-1)!, metadata: { tags: ["inline"] } };
    const report = makeReport([
      { name: "a", notebook: withRunRecord({ ...notebook, cells: [...notebook.cells, steps] }, run) },
    ]);
    expect(report!.sections[0].parts.filter(({ kind }) => kind === "table")).toHaveLength(1);
    const onlySteps = notebook.cells.map((cell) =>
      cell.cell_type === "code" ? { ...cell, metadata: { tags: ["inline"] } } : cell,
    );
    const all = makeReport([{ name: "a", notebook: withRunRecord({ ...notebook, cells: onlySteps }, run) }]);
    expect(all!.sections[0].parts.map(({ kind }) => kind)).toContain("figure");
  });

  test("takes figures, tables, results and parameters, in the order of the paper", () => {
    const report = makeReport([
      { name: "fig10-b", notebook: withRunRecord(executed("Figure 10"), run) },
      { name: "fig2-a", notebook: withRunRecord(executed("Figure 2"), { ...run, date: "2025-01-01T00:00:00.000Z" }) },
    ]);
    expect(report?.sections.map(({ title }) => title)).toEqual(["Figure 2", "Figure 10"]);
    expect(report?.date).toBe(run.date);
    const section = report!.sections[1];
    expect(section.introduction).toBe("The claim.");
    expect(section.parts).toMatchObject([
      { kind: "figure", figure: bandFigure },
      {
        kind: "text",
        heading: "How close are we?",
        markdown:
          "**Written about the notebook's own parameters, not about this run**, which has `PROMPTS = 2`.\n\nClose.",
      },
      { kind: "table", table: { lines: [["1"]] } },
    ]);
    expect(section.parameters).toEqual([
      { name: "N", value: "2", isDefault: true },
      { name: "PROMPTS", value: "2", isDefault: false },
    ]);
  });

  test("a verdict stands alone where no parameter was set", () => {
    const plain = withRunRecord(executed("Figure 2"), { ...run, parameters: {} });
    const [{ parts }] = makeReport([{ name: "fig02-a", notebook: plain }])!.sections;
    expect(parts[1]).toEqual({ kind: "text", heading: "How close are we?", markdown: "Close." });
  });

  test("leaves out notebooks that were not executed to their end or show no figure", () => {
    const noFigure = withRunRecord(executed("Figure 3", false), run);
    expect(
      makeReport([
        { name: "a", notebook: executed("Figure 2") },
        { name: "b", notebook: noFigure },
      ]),
    ).toBeUndefined();
  });
});

test("Markdown becomes paragraphs and lists, escaped, links become text", () => {
  const markdown = "## no\n\n**A <b>** and\n*c* [d](e.ipynb) `f*g*`\n\n- one\n- two\n\n| table |";
  expect(plainParagraphs(markdown)).toEqual(["A <b> and c d f*g*", "• one", "• two"]);
  expect(markdownHtml(markdown)).toBe(
    "<p><strong>A &lt;b&gt;</strong> and <em>c</em> d <code>f*g*</code></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n",
  );
});

test("code in Markdown is what was written, whatever it holds", () => {
  for (const code of ["a*b*c", "[a](b)", "**x**", "a`b", "`a", "b`", "``", "<b> & |", "$x$"]) {
    const markdown = `set: ${markdownCode(code)}, **so**`;
    expect(plainParagraphs(markdown)).toEqual([`set: ${code}, so`]);
    const { document } = new JSDOM(markdownHtml(markdown)).window;
    expect([document.querySelector("code")?.textContent, document.querySelectorAll("p *").length]).toEqual([code, 2]);
  }
});

describe("figures with sliders, and pictures", () => {
  const slider = (step: number): Figure => {
    const plain = { ...bandFigure, layout: { ...bandFigure.layout, margin: { l: 64, r: 24, t: 24, b: 56 } } };
    const steps = [0, 1, 2, 3, 4].map((layer) => ({
      label: String(layer),
      traces: { y: [[layer, layer + 1]] },
      layout: { "xaxis.title.text": `layer ${layer}` },
    }));
    return withSlider(plain, "layer ", [0], steps, step);
  };

  test("on paper: where the slider stands, and in a row below some of its places", async () => {
    const stills = sliderStills(slider(2), 3);
    expect(stills.map(({ label }) => label)).toEqual(["layer 0", "layer 3", "layer 4"]);
    expect(stills.map(({ figure }) => figure.data[0].y)).toEqual([
      [0, 1],
      [3, 4],
      [4, 5],
    ]);
    expect(stills.map(({ figure }) => (figure.layout.xaxis as { title: { text: string } }).title.text)).toEqual([
      "layer 0",
      "layer 3",
      "layer 4",
    ]);
    expect(slider(2).data).toEqual(bandFigure.data);
    expect(sliderStills(slider(0), 9)).toHaveLength(4);
    expect(sliderStills(bandFigure, 3)).toEqual([]);
    const [section] = sampleReport.sections;
    const pdfOf = async (figure: Figure) => {
      const report = { ...sampleReport, sections: [{ ...section, parts: [{ kind: "figure" as const, figure }] }] };
      return (await renderReportPdf(report)).length;
    };
    expect(await pdfOf(slider(2))).toBeGreaterThan((await pdfOf(bandFigure)) + 3000);
  });

  test("of any method that Plotly's sliders have", () => {
    const stillOf = (method: string, ...args: unknown[]) => {
      const sliders = [{ active: 0, steps: [{ method: "skip" }, { method, args, label: "b" }] }];
      const [{ label, figure }] = sliderStills({ ...bandFigure, layout: { ...bandFigure.layout, sliders } }, 3);
      return [label, figure.data.map(({ name: own, opacity }) => own ?? opacity), figure.layout.title];
    };
    const { title } = bandFigure.layout;
    const names = bandFigure.data.map(({ name: own }) => own);
    expect(stillOf("restyle", { name: "n" })).toEqual(["b", names.map(() => "n"), title]);
    expect(stillOf("restyle", { name: ["p", "q"] }, [1, 0])).toEqual(["b", ["q", "p", ...names.slice(2)], title]);
    expect(stillOf("relayout", { title: "t" })).toEqual(["b", names, "t"]);
    expect(stillOf("animate", { data: [{ name: "n" }], traces: [1] })[1]).toEqual(names.with(1, "n"));
    expect(stillOf("skip")).toEqual(["b", names, title]);
  });

  test("colored text and pictures of other libraries are on the page and on paper, with their captions", async () => {
    const text: TokenText = {
      name: "text",
      caption: "A <b> & text",
      pieces: ["a", " b"],
      orders: [{ label: "S = 0", layers: [[0, 1]] }],
      order: 0,
      layer: 0,
      summary: "",
    };
    const { png, width, height } = tokenTextPicture(text);
    const record = { kind: "picture", name: "text", caption: `Layer 0, S = 0. ${text.caption}`, width, height };
    const base64 = png.toString("base64");
    const cell = {
      ...codeCell("show()"),
      outputs: [{ [RECORD_TYPE]: record, "image/png": base64 }, { "image/png": base64 }].map((bundle) => {
        return { output_type: "display_data" as const, data: bundle, metadata: {} };
      }),
    };
    const report = makeReport([{ name: "playground", notebook: withRunRecord(notebookOf(cell), run) }])!;
    const { document } = new JSDOM(await renderReportHtml(report)).window;
    expect(document.querySelectorAll("figure > img")).toHaveLength(2);
    expect(document.querySelector("figcaption")?.textContent).toContain("A <b> & text The notebook has sliders");
    const pdf = (await renderReportPdf(report)).toString("latin1");
    expect(pdf.match(/\/Subtype \/Image/g)).toHaveLength(2);
  });
});

test("a table without rows is told, on the page and on paper", async () => {
  const empty = { kind: "table" as const, caption: "Nobody", columns: [], lines: [], numeric: [], left: 0 };
  const [section] = sampleReport.sections;
  const parts = [...section.parts.slice(0, 1), { kind: "table" as const, table: empty }];
  const report = { ...sampleReport, sections: [{ ...section, parts }] };
  const { document } = new JSDOM(await renderReportHtml(report)).window;
  expect(document.querySelector("table")?.textContent).toBe("Nobodyno rows");
  expect((await renderReportPdf(report)).toString("latin1")).not.toContain("NaN");
});

test("the page holds all of it, and needs nothing from elsewhere", async () => {
  const html = await renderReportHtml(sampleReport);
  const { document } = new JSDOM(html).window;
  expect([...document.querySelectorAll("h2")].map((heading) => heading.textContent)).toEqual([
    "Figure 2: an example",
    "Figure 10: another example",
  ]);
  for (const link of document.querySelectorAll("nav a")) {
    expect(document.querySelector(`section${link.getAttribute("href")}`)).not.toBeNull();
  }
  expect(document.querySelectorAll(".chart, figure noscript img")).toHaveLength(4);
  expect(JSON.parse(document.getElementById("charts")?.textContent ?? "")).toHaveLength(2);
  expect([...document.querySelectorAll("figcaption")][0].textContent).toBe(caption);
  const text = document.querySelector("section")?.textContent ?? "";
  for (const wanted of ["One <thing> & another.", "2 (set)", "commit 0123456789abcdef", "… and 7 more rows", "seed7"]) {
    expect(text).toContain(wanted);
  }
  for (const element of document.querySelectorAll("[src], link, iframe, object")) {
    expect(element.getAttribute("src")).toMatch(/^data:/);
  }
  expect(html.replaceAll(/[A-Za-z0-9+/=]{200,}/g, "")).not.toMatch(/https?:|url\(|@import/);
});

test("the PDF has a title page, a start for each notebook, figures as vectors, and what it is from", async () => {
  const pdf = (await renderReportPdf(sampleReport)).toString("latin1");
  expect(pdf.slice(0, 5)).toBe("%PDF-");
  // Title, first notebook with a table of 90 rows over two pages or more, second notebook.
  const pages = pdf.match(/\/Type \/Page\b/g)?.length ?? 0;
  expect(pages).toBeGreaterThanOrEqual(5);
  expect(pages).toBeLessThanOrEqual(6);
  expect(pdf.match(/\/MediaBox \[0 0 595\.28 841\.89\]/g)?.length).toBe(pages);
  expect(pdf).not.toContain("/Subtype /Image");
  expect(pdf).toMatch(/\/Provenance \d+ 0 R/);
  const drawn = [...pdf.matchAll(/stream\r?\n([\s\S]*?)\r?\nendstream/g)].map(([, packed]) => {
    try {
      return inflateSync(Buffer.from(packed, "latin1")).toString("latin1");
    } catch {
      return ""; // Fonts are packed in other ways.
    }
  });
  // The fills of 2,000 points.
  expect(Math.max(...drawn.map((content) => content.match(/\bf\*?\n/g)?.length ?? 0))).toBeGreaterThanOrEqual(2000);
});
