import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder, waitUntil } from "../../../../tests/support/notebooks";
import { bandFigure, heatMapFigure } from "../../../../tests/support/sampleFigures";
import { drawFigure, FORMATS } from "../../machine/render/drawing";
import { DRAWING_VARIABLE } from "../../machine/render/drawingClient";
import type { Figure } from "../../machine/render/figure";
import * as html from "../../machine/render/html";
import * as pdf from "../../machine/render/pdf";
import * as render from "../../machine/render/render";
import { Drawing } from "./drawing";

// The process is the program as it is installed: these tests need `npm run build`, which `npm test` does.
const RENDERERS = { svg: render.renderSvg, png: render.renderPng, pdf: pdf.renderPdf, html: html.renderHtml };

async function start(): Promise<Drawing> {
  const drawing = new Drawing();
  onTestFinished(() => drawing.close());
  for (const [name, value] of Object.entries(await drawing.environment("mine"))) vi.stubEnv(name, value);
  return drawing;
}

describe("a process that draws", () => {
  afterEach(() => void vi.unstubAllEnvs());

  test("makes the same files, byte by byte; typed arrays and what is no number included", async () => {
    const drawing = await start();
    expect(process.env[DRAWING_VARIABLE]).toBeTruthy();
    const { data } = bandFigure;
    const odd: Figure = {
      ...bandFigure,
      data: [...data, { type: "scatter", x: new Float32Array([1, 2, 3]), y: [1, Number.NaN, 2], name: undefined }],
    };
    for (const figure of [odd, heatMapFigure]) {
      const options = { width: 500, scale: 1 };
      const drawn = await Promise.all(FORMATS.map((format) => drawFigure(figure, format, options)));
      for (const [index, format] of FORMATS.entries()) {
        expect(Buffer.compare(Buffer.from(drawn[index]), Buffer.from(await RENDERERS[format](figure, options)))).toBe(
          0,
        );
      }
    }
    drawing.close();
    // Now it has to be done here.
    expect(await drawFigure(bandFigure, "svg", {})).toBe(await render.renderSvg(bandFigure));
  });

  test("leaves errors to whoever asked", async () => {
    await start();
    await expect(drawFigure(bandFigure, "png", { scale: 99 })).rejects.toThrow("scale 99: give a number above 0");
  });

  test("writes the report, and hands on why it cannot", async () => {
    const drawing = await start();
    await expect(drawing.writeReport(join(temporaryFolder(), "none"))).rejects.toThrow("ENOENT");
    drawing.prepare(join(temporaryFolder(), "none.ipynb")); // is the report's business
  });

  test("leaves no folder behind", async () => {
    const drawing = await start();
    const socket = process.env[DRAWING_VARIABLE]!;
    expect(existsSync(socket)).toBe(true);
    drawing.close();
    await waitUntil(() => !existsSync(socket), "the end of the socket");
  });
});
