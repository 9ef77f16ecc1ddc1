import { JSDOM } from "jsdom";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { type MimeBundle, sendToNotebook } from "../support/notebookOutput";
import { figureBundle, showFigure, showMarkdown, startNotebook } from "./display";

/** What tslab's kernel has in place of its module while a cell runs. */
const KERNEL = "/somewhere/node_modules/tslab/dist/jupyter.js";

interface Message {
  data: MimeBundle;
  transient: { display_id?: string };
  update: boolean;
}

function pretendKernel(): Message[] {
  const sent: Message[] = [];
  const lastWriteDisplayData = (content: Omit<Message, "update">, update: boolean) => sent.push({ ...content, update });
  require.cache[KERNEL] = { exports: { lastWriteDisplayData } } as unknown as NodeJS.Module;
  return sent;
}

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((text) => void printed.push(String(text)));
});
afterEach(() => {
  delete require.cache[KERNEL];
  vi.restoreAllMocks();
});

describe("outside a notebook", () => {
  it("prints plain text", async () => {
    await startNotebook();
    await showFigure(bandFigure);
    showMarkdown("**four**");
    expect(printed).toEqual([`[figure bands] ${bandFigure.caption}`, "**four**"]);
    expect(sendToNotebook({ "text/plain": "" })).toBe(false);
  });

  it("takes a module whose kernel does not run a cell for none", () => {
    require.cache[KERNEL] = { exports: { lastWriteDisplayData: null } } as unknown as NodeJS.Module;
    showMarkdown("five");
    expect(printed).toEqual(["five"]);
  });
});

describe("in a notebook", () => {
  it("sends one message with all forms of a figure", async () => {
    const sent = pretendKernel();
    await showFigure(bandFigure);
    expect(printed).toEqual([]);
    expect(sent).toHaveLength(1);
    expect(sent[0].update).toBe(false);
    expect(Object.keys(sent[0].data)).toEqual([
      "application/vnd.token-geometry.v1+json",
      "application/vnd.plotly.v1+json",
      "text/html",
      "image/png",
      "text/plain",
    ]);
    expect(Buffer.from(sent[0].data["image/png"] as string, "base64").toString("latin1", 1, 4)).toBe("PNG");
    const { name, caption, provenance } = bandFigure;
    expect(sent[0].data["application/vnd.token-geometry.v1+json"]).toEqual({
      kind: "figure",
      name,
      caption,
      provenance,
    });
    expect(sent[0].data["application/vnd.plotly.v1+json"]).toMatchObject({ layout: { width: 560 } });
  });

  it("changes an output by its name", () => {
    const sent = pretendKernel();
    expect(sendToNotebook({ "text/plain": "a" }, "name")).toBe(true);
    sendToNotebook({ "text/plain": "b" }, "name", true);
    expect(sent.map(({ transient, update }) => [transient.display_id, update])).toEqual([
      ["name", false],
      ["name", true],
    ]);
  });

  it("sends Plotly once a call, nothing if charts are to be static", async () => {
    const sent = pretendKernel();
    await startNotebook({ interactive: false });
    expect(sent).toEqual([]);
    await startNotebook();
    const html = sent[0].data["text/html"] as string;
    expect(html.length).toBeLessThan(800_000);
    expect(html.replaceAll(/[A-Za-z0-9+/=]{200,}/g, "")).not.toMatch(/https?:/);
  });
});

describe("a saved page", () => {
  /** A page with these outputs; what a browser has and jsdom lacks is lent. Scripts run one after the other. */
  async function open(outputs: string[], wanted: (document: Document) => boolean): Promise<Document> {
    const { window } = new JSDOM(`<body>${outputs.join("\n")}</body>`, {
      runScripts: "dangerously",
      beforeParse(page) {
        Object.assign(page, { Response, Blob, DecompressionStream, Uint8Array });
        Object.assign(page.console, { trace: () => undefined, log: () => undefined, warn: () => undefined });
        page.SVGElement.prototype.getBoundingClientRect = () => new page.DOMRect(0, 0, 10, 10);
        // The classic notebook's loader must not get hold of Plotly.
        Object.assign(page, { define: Object.assign(() => expect.fail("claimed by a loader"), { amd: {} }) });
      },
    });
    for (let wait = 0; wait < 200 && !wanted(window.document); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return window.document;
  }
  const charts = (document: Document) => document.querySelectorAll("[data-drawn] .js-plotly-plot .main-svg");

  it.each(["before", "after"])(
    "draws the chart when Plotly comes %s it, and only one when Plotly comes twice",
    async (order) => {
      const sent = pretendKernel();
      await startNotebook();
      const plotly = sent[0].data["text/html"] as string;
      const figure = (await figureBundle(bandFigure))["text/html"] as string;
      const outputs = order === "before" ? [plotly, plotly, figure] : [figure, plotly, plotly];
      const document = await open(outputs, (page) => charts(page).length > 0);
      expect(document.querySelectorAll(".js-plotly-plot")).toHaveLength(1);
      expect(document.querySelector(".gtitle")?.textContent).toBe("Intrinsic dimension by layer");
      expect(document.querySelector<HTMLImageElement>("figure img")?.style.display).toBe("none");
    },
  );

  it("keeps the picture and its caption without scripts", async () => {
    const figure = (await figureBundle(bandFigure))["text/html"] as string;
    const document = new JSDOM(figure).window.document;
    const picture = document.querySelector("img")!;
    expect(picture.src).toMatch(/^data:image\/png;base64,/);
    expect([picture.width, picture.height]).toEqual([560, 420]);
    expect(picture.alt).toBe(bandFigure.caption);
    expect(document.querySelector("figcaption")?.textContent).toBe(bandFigure.caption);
  });
});
