import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { afterEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import type { Exploration } from "../experiment/exploration";
import { exportTokenText, showTokenText, tokenText, tokenTextHtml } from "./tokenText";
import type { TokenText } from "./tokenTextContent";
import { placePieces, tokenTextPicture } from "./tokenTextPicture";

const text: TokenText = {
  name: "text",
  caption: "Two orders <of> three layers",
  pieces: ["Once", " <b>", "\n", " upon"],
  orders: [
    {
      label: "S = 0",
      layers: [
        [0.5, 0.5, 0.5, 0.5],
        [0, 0.5, 0.75, 1],
        [1, 0, 0, 0],
      ],
    },
    {
      label: "S = 1",
      layers: [
        [0.5, 0.5, 0.5, 0.5],
        [1, 1, 0, 0],
        [0, 1, 0, 1],
      ],
    },
  ],
  order: 0,
  layer: 1,
  summary: "most crowded: Once",
};

const [BLUE, GRAY, ORANGE] = ["rgb(100, 143, 255)", "rgb(244, 244, 244)", "rgb(254, 97, 0)"];

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe("a text in colors", () => {
  const colors = (document: Document) =>
    [...document.querySelectorAll<HTMLElement>("[data-tokens] [title]")].map((token) => token.style.backgroundColor);

  it("is there without scripts, its tokens escaped and in order", () => {
    const { document } = new JSDOM(tokenTextHtml(text)).window;
    expect(document.querySelectorAll("input")).toHaveLength(0);
    const tokens = [...document.querySelectorAll("[data-tokens] [title]")];
    expect(tokens.map(({ textContent }) => textContent)).toEqual(["Once", " <b>", "↵\n", " upon"]);
    expect(tokens.map((token) => token.getAttribute("title"))).toEqual(["token 1", "token 2", "token 3", "token 4"]);
    const [once, b, , upon] = colors(document);
    expect([once, b, upon]).toEqual([BLUE, GRAY, ORANGE]);
    expect(document.querySelector("small")?.textContent).toBe(`Layer 1, S = 0. ${text.caption}`);
  });

  it("follows its sliders without a kernel; shown twice, each has its own", () => {
    const html = tokenTextHtml(text);
    const { document, Event } = new JSDOM(`<body>${html}${html}</body>`, { runScripts: "dangerously" }).window;
    const sliders = [...document.querySelectorAll<HTMLInputElement>("input[type=range]")];
    expect(sliders).toHaveLength(4);
    const move = (slider: HTMLInputElement, value: number) => {
      slider.value = String(value);
      slider.dispatchEvent(new Event("input"));
    };
    move(sliders[0], 2);
    expect(colors(document).slice(0, 4)).toEqual([ORANGE, BLUE, BLUE, BLUE]);
    move(sliders[1], 1);
    expect(colors(document).slice(0, 4)).toEqual([BLUE, ORANGE, BLUE, ORANGE]);
    expect(document.querySelector("label")?.textContent).toBe("layer2");
    expect(document.querySelector("b")?.textContent).toBe("Layer 2, S = 1");
    expect(colors(document)[4]).toBe(BLUE); // the second one as it was: layer 1
    expect(colors(document)[7]).toBe(ORANGE);
  });

  it("refuses a layer that there is not", () => {
    expect(() => tokenTextHtml({ ...text, layer: 3 })).toThrow(/there is no layer 3/);
  });
});

describe("colors by loss, one number for all layers", () => {
  const losses: TokenText = {
    ...text,
    layer: 0,
    orders: text.orders.map(({ label, layers }) => ({ label, layers: [layers[1]] })),
  };

  it("have a slider for the order alone, and name no layer", () => {
    const { document, Event } = new JSDOM(`<body>${tokenTextHtml(losses)}</body>`, { runScripts: "dangerously" })
      .window;
    const sliders = [...document.querySelectorAll<HTMLInputElement>("input[type=range]")];
    expect(sliders.map((slider) => slider.getAttribute("aria-label"))).toEqual(["order"]);
    expect(document.querySelector("b")?.textContent).toBe("S = 0");
    sliders[0].value = "1";
    sliders[0].dispatchEvent(new Event("input"));
    expect(document.querySelector("b")?.textContent).toBe("S = 1");
    const [first] = document.querySelectorAll<HTMLElement>("[data-tokens] [title]");
    expect(first.style.backgroundColor).toBe(ORANGE);
  });

  it("put tokens without a number in the middle, and name the extreme ones", () => {
    const order = {
      shuffleIndex: 0,
      losses: [Number.NaN, 2, 1, 7],
      dimensions: [[5, 5, Number.NaN, 1]],
      spacings: [{}],
    };
    const exploration = {
      model: "m",
      prompt: "p",
      pieces: text.pieces,
      neighbors: 8,
      orders: [order],
    } as unknown as Exploration;
    const colored = tokenText(exploration, 0, 0, "loss");
    expect(colored.orders).toEqual([{ label: "S = 0", layers: [[0.5, 0.5, 1 / 6, 5 / 6]] }]);
    expect(colored.caption).toBe(
      "p in m: loss of each token, compared with the other tokens. Blue: expected, orange: surprising.",
    );
    expect(colored.summary).toBe(String.raw`expected: "\n" " <b>" " upon"${"\n"}surprising: " upon" " <b>" "\n"`);
    expect(tokenText(exploration, 0, 0, "dimension").orders[0].layers).toEqual([[2 / 3, 2 / 3, 0.5, 1 / 6]]);
    expect(() => tokenText(exploration, 1, 0, "loss")).toThrow("shuffle index 1 was not explored; there is 0");
    expect(() => tokenText(exploration, 0, 1, "loss")).toThrow("there is no layer 1");
    expect(() => tokenText(exploration, 0, 0, "norm")).toThrow('colors "norm": must be one of room, dimension, loss');
  });
});

describe("the same as a picture", () => {
  it("keeps words together and line breaks, and stays inside", () => {
    const pieces = [
      "A",
      ...Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? " won" : "der")),
      "\n\n",
      "x".repeat(300),
    ];
    const placed = placePieces(pieces);
    for (const { token, line } of placed) {
      if (pieces[token] === "der") expect(line).toBe(placed.find((other) => other.token === token - 1)!.line);
    }
    const [beforeBreak, last] = [placed.findLast(({ token }) => token === 61)!, placed.at(-1)!];
    expect(beforeBreak.text).toBe("↵");
    expect(last.line).toBeGreaterThan(beforeBreak.line);
    expect(placed.every(({ x, width, token }) => token === 62 || x + width <= 890)).toBe(true);
    expect(new Set(placed.map(({ line }) => line)).size).toBeGreaterThan(3);
  });

  it("has the tokens' colors", async () => {
    const { png, width, height } = tokenTextPicture(text);
    const { loadImage, createCanvas } = await import("@napi-rs/canvas");
    const image = await loadImage(png);
    expect([image.width, image.height]).toEqual([1.5 * width, 1.5 * height]);
    const context = createCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    // The upper edge of the first token's box, above its letters.
    expect([...context.getImageData(20, 20, 1, 1).data]).toEqual([100, 143, 255, 255]);
  });
});

describe("outside a notebook", () => {
  it("is told in words, and exported as a page and a picture", async () => {
    const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
    await showTokenText(text);
    expect(print.mock.calls).toEqual([[`Layer 1, S = 0. ${text.caption}\n${text.summary}`]]);
    const folder = temporaryFolder();
    vi.stubEnv("TOKEN_GEOMETRY_OUT", folder);
    const files = exportTokenText(text);
    expect(files).toEqual(["html", "png"].map((ending) => join(folder, "figures", `text.${ending}`)));
    expect(files.every((file) => existsSync(file))).toBe(true);
    expect(readFileSync(files[0], "utf8")).toContain("<title>Two orders &lt;of&gt; three layers</title>");
  });
});
