import { existsSync } from "node:fs";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { sampleCloud } from "../../../../tests/support/sampleCloud";
import type { CloudView } from "../../geometry/cloudView";
import { chooseBackend } from "../backend/backend";
import { cloudPage, exportCloudPage } from "./cloudPage";
import { CLOUD_PAGE_SCRIPT } from "./cloudPageScript";

let view: CloudView;

beforeAll(async () => {
  await chooseBackend("wasm");
  view = await sampleCloud();
});
afterEach(() => void vi.unstubAllEnvs());

/** What the page draws with, in place of Plotly. */
async function opened(page: string) {
  const { window } = new JSDOM(page);
  const { document, Event } = window;
  const drawn: { data: Record<string, never>[]; layout: Record<string, unknown> }[] = [];
  const listeners: ((event: unknown) => void)[] = [];
  const chart = document.getElementById("chart") as HTMLElement & { on?: unknown };
  chart.on = (_: string, listener: (event: unknown) => void) => listeners.push(listener);
  const plotly = { react: async (_: unknown, data: never[], layout: never) => void drawn.push({ data, layout }) };
  window.HTMLCanvasElement.prototype.getContext = (() => ({})) as never;
  await new Function(`return (${CLOUD_PAGE_SCRIPT})`)()(
    plotly,
    JSON.parse(document.getElementById("cloud")!.textContent!),
    document,
  );
  const choose = (id: string, value: string) => {
    (document.getElementById(id) as HTMLInputElement).value = value;
    document.getElementById(id)!.dispatchEvent(new Event("input"));
  };
  // As Plotly tells of it in three dimensions: more than once.
  const click = (token: number, times = 3) => {
    chart.dispatchEvent(new Event("pointerdown"));
    for (let i = 0; i < times; i++) listeners[0]({ points: [{ curveNumber: 0, pointNumber: token }] });
  };
  const text = (id: string) => document.getElementById(id)!.textContent;
  return { last: () => drawn.at(-1)!, choose, click, text };
}

describe("the page of a cloud", () => {
  test("draws the tokens of a layer where they are, with their context and numbers", async () => {
    const { last, text, choose } = await opened(cloudPage(view, { caption: "A <sample> cloud", layer: 1 }));
    const [{ type, x, z, text: texts, marker }] = last().data as never as [
      { type: string; x: number[]; z: number[]; text: string[]; marker: { color: number[] } },
    ];
    const { values } = view.layers[1].pictures[1].points;
    expect([type, x.length, x[2], z[2]]).toEqual(["scatter3d", 12, Math.fround(values[6]), Math.fround(values[8])]);
    expect(texts[2]).toContain("<b>&lt;i&gt;</b>");
    expect(texts[2]).toMatch(/<br>token 3; loss 2, norm [\d.]+, dimension [\d.]+$/);
    expect(texts[0]).toContain("loss unknown");
    expect(marker.color.slice(0, 2)).toEqual([0.5, 0]);
    const percent = Math.round(100 * view.layers[1].pictures[1].share);
    expect(text("trust")).toMatch(new RegExp(`^Layer 1 in 3 of 5 dimensions: ${percent} % of the variance; trustw`));
    choose("dimensions", "2");
    choose("color", "position");
    choose("layer", "0");
    const [flat] = last().data as never as [{ type: string; y: number[]; marker: { color: number[] } }];
    expect([flat.type, flat.y[3]]).toEqual(["scatter", Math.fround(view.layers[0].pictures[0].points.values[7])]);
    expect(flat.marker.color.at(-1)).toBe(1);
    expect(text("trust")).toContain(view.layers[0].pictures[0].trustworthiness.toFixed(3));
  });

  test("a click draws lines to the true neighbors and names them; another one takes them away", async () => {
    const { last, click, text } = await opened(cloudPage(view, { caption: "Cloud", layer: 1 }));
    click(4);
    const [all, lines, rings] = last().data as never as { x: (number | null)[] }[];
    const near = [...view.layers[1].nearest[4]];
    expect(lines.x).toEqual(near.flatMap((other) => [all.x[4], all.x[other], null]));
    expect(rings.x).toEqual([4, ...near].map((token) => all.x[token]));
    const named = near.map((token) => `“${view.pieces[token].replace("\n", "↵")}” (${token + 1})`).join(", ");
    expect(text("near")).toBe(`Nearest to “4” (5) in all 5 dimensions: ${named}`);
    click(4, 2);
    expect(last().data).toHaveLength(1);
    expect(text("near")).toMatch(/^Click a token/);
  });

  test("is one file with nothing outside, at most 3 MB; what would be larger, and other names, are refused", () => {
    const folder = temporaryFolder();
    vi.stubEnv("TOKEN_GEOMETRY_OUT", folder);
    const path = exportCloudPage(view, { name: "mine", caption: "Cloud" });
    expect([path, existsSync(path)]).toEqual([join(folder, "figures", "mine.html"), true]);
    expect(cloudPage(view, { caption: "Cloud" })).not.toMatch(/(?:src|href)="(?!data:)/);
    const many = { ...view, layers: new Array(20_000).fill(view.layers[0]) };
    expect(() => exportCloudPage(many, { caption: "Cloud" })).toThrow(
      /has \d+\.\d MB, 3 are the most: take fewer tokens/,
    );
    expect(() => exportCloudPage(view, { caption: "Cloud", name: "../x" })).toThrow('"../x" cannot be a file name');
    expect(() => cloudPage(view, { caption: "Cloud", layer: 2 })).toThrow("there is no layer 2; layers are 0 to 1");
  });
});
