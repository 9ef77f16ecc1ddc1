import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, inflateSync } from "node:zlib";
import { JSDOM } from "jsdom";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bandFigure, heatMapFigure, scatterFigure } from "../../../../tests/support/sampleFigures";
import { exportFigure, type Format } from "./export";
import { renderHtml } from "./html";
import { renderPdf } from "./pdf";
import { plotlyFile } from "./renderWindow";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "figures-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("exportFigure", () => {
  it("writes all formats, named after the figure, byte for byte the same each time", async () => {
    const paths = await exportFigure(bandFigure, { folder: join(folder, "new") });
    expect(paths).toEqual(["svg", "pdf", "png", "html"].map((format) => join(folder, "new", `bands.${format}`)));
    const again = await exportFigure(bandFigure, { folder, name: "again" });
    paths.forEach((path, index) => {
      expect(readFileSync(again[index]).equals(readFileSync(path))).toBe(true);
    });
  });

  it("writes where TOKEN_GEOMETRY_OUT says if no folder is given", async () => {
    const before = process.env.TOKEN_GEOMETRY_OUT;
    process.env.TOKEN_GEOMETRY_OUT = folder;
    try {
      expect(await exportFigure(bandFigure, { formats: ["svg"] })).toEqual([join(folder, "figures", "bands.svg")]);
    } finally {
      if (before === undefined) delete process.env.TOKEN_GEOMETRY_OUT;
      else process.env.TOKEN_GEOMETRY_OUT = before;
    }
  });

  it("refuses unknown formats and bad names before it writes anything", async () => {
    await expect(exportFigure(bandFigure, { folder, formats: ["svg", "gif" as Format] })).rejects.toThrow(
      'unknown figure format "gif"; known ones are svg, pdf, png, html',
    );
    await expect(exportFigure(bandFigure, { folder, name: "../up" })).rejects.toThrow("cannot be a file name");
    await expect(exportFigure(bandFigure, { folder, theme: "blue" as "dark" })).rejects.toThrow('unknown theme "blue"');
    expect(readdirSync(folder)).toEqual([]);
  });

  it("names the file it cannot write", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(exportFigure(bandFigure, { folder: join(folder, "file"), formats: ["svg"] })).rejects.toThrow(
      /cannot write .*bands\.svg/,
    );
  });
});

describe("renderPdf", () => {
  it("is one page of the picture's size in points, with the caption and the provenance", async () => {
    const pdf = (await renderPdf(bandFigure)).toString("latin1");
    expect(pdf.slice(0, 5)).toBe("%PDF-");
    expect(pdf.trimEnd().endsWith("%%EOF")).toBe(true);
    expect(pdf.match(/\/Type \/Page\b/g)).toHaveLength(1);
    expect(pdf).toContain("/MediaBox [0 0 420 315]");
    expect(entryOf(pdf, "Title")).toBe("bands");
    expect(entryOf(pdf, "Subject")).toBe(bandFigure.caption);
    expect(JSON.parse(entryOf(pdf, "Provenance"))).toEqual(bandFigure.provenance);
  });

  it("draws in color, without a transparency group for each point", async () => {
    const pdf = await renderPdf(scatterFigure);
    expect(pdf.length).toBeLessThan(100_000);
    const operators = contentOf(pdf);
    // 100 143 255 as fractions
    expect(operators).toMatch(/0\.392\d* 0\.560\d* 1 scn/);
    expect(operators.match(/\bf\*?\n/g)?.length).toBeGreaterThan(2000);
  });

  it("embeds heat maps", async () => {
    expect((await renderPdf(heatMapFigure)).toString("latin1")).toContain("/Subtype /Image");
  });
});

/** A text of a PDF's Info dictionary: Latin, or UTF-16 after a byte order mark. */
function entryOf(pdf: string, name: string): string {
  const reference = new RegExp(`/${name} (\\d+) 0 R`).exec(pdf)?.[1];
  const stored = new RegExp(`\\n${reference} 0 obj\\n\\(([\\s\\S]*?)\\)\\nendobj`).exec(pdf)?.[1] ?? "";
  const text = stored.replaceAll(/\\([\s\S])/g, "$1");
  return text.startsWith("\xfe\xff") ? Buffer.from(text.slice(2), "latin1").swap16().toString("utf16le") : text;
}

/** The drawing operators of a PDF's unpacked streams. */
function contentOf(pdf: Buffer): string {
  const text = pdf.toString("latin1");
  let content = "";
  for (const match of text.matchAll(/stream\n([\s\S]*?)\nendstream/g)) {
    try {
      content += inflateSync(Buffer.from(match[1], "latin1")).toString("latin1");
    } catch {
      // Not every stream is packed.
    }
  }
  return content;
}

describe("renderHtml", () => {
  it("holds everything it needs: no address is loaded", async () => {
    const html = await renderHtml(bandFigure);
    const { document } = new JSDOM(html).window;
    for (const element of document.querySelectorAll("[src], [href], link, iframe, object")) {
      expect(element.getAttribute("src") ?? element.getAttribute("href")).toMatch(/^data:/);
    }
    expect(html.replaceAll(/[A-Za-z0-9+/=]{200,}/g, "")).not.toMatch(/https?:|url\(|@import/);
    const packed = /atob\("([^"]+)"\)/.exec(html)?.[1] ?? "";
    expect(gunzipSync(Buffer.from(packed, "base64")).equals(readFileSync(plotlyFile()))).toBe(true);
  });

  it("carries the figure with all digits, its provenance, and a picture for readers without scripts", async () => {
    const html = await renderHtml({ ...bandFigure, caption: "</script><b>&", provenance: { note: "</script>" } });
    const { document } = new JSDOM(html).window;
    const figure = JSON.parse(document.getElementById("figure")?.textContent ?? "");
    expect(figure.data).toEqual(JSON.parse(JSON.stringify(bandFigure.data)));
    expect(JSON.parse(document.getElementById("provenance")?.textContent ?? "")).toEqual({ note: "</script>" });
    expect(document.querySelector("figcaption")?.textContent).toBe("</script><b>&");
    const picture = document.querySelector("noscript img")?.getAttribute("src") ?? "";
    expect(Buffer.from(picture.split(",")[1], "base64").toString()).toMatch(/^<svg/);
  });

  it("draws the chart when its script runs", async () => {
    const html = await renderHtml(bandFigure);
    const errors: unknown[] = [];
    const { window } = new JSDOM(html, {
      runScripts: "dangerously",
      beforeParse(page) {
        // What a browser has and jsdom lacks.
        Object.assign(page, { Response, Blob, DecompressionStream, Uint8Array });
        // Plotly remarks that its margins do not settle, since here every text has the same size.
        Object.assign(page.console, { trace: () => undefined, log: () => undefined, warn: () => undefined });
        page.console.error = (...problem: unknown[]) => errors.push(problem);
        page.SVGElement.prototype.getBoundingClientRect = () => new page.DOMRect(0, 0, 10, 10);
      },
    });
    for (let wait = 0; wait < 100 && window.document.querySelectorAll("#chart .xtick").length === 0; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(errors).toEqual([]);
    expect(window.document.querySelector("#chart .gtitle")?.textContent).toBe("Intrinsic dimension by layer");
    window.close();
  });
});
