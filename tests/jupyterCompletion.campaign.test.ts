/** What the keys for completion and documentation show of the library, asked over the Jupyter protocol as Jupyter asks. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as library from "../lib/src/index";
import { Kernel } from "../lib/src/programs/runner/kernel";
import { PROJECT } from "./support/cli";

const functions = Object.entries(library)
  .filter(([, value]) => typeof value === "function")
  .map(([name]) => name);

describe("in a notebook", () => {
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.start({ workingFolder: join(PROJECT, "notebooks") });
    const { failure } = await kernel.execute('import * as tg from "token-geometry";\nconst size = { tokens: 64 };');
    expect(failure).toBeUndefined();
  });
  afterAll(() => kernel.shutdown());

  test("everything that the library exports is offered after tg.", async () => {
    expect(functions.length).toBeGreaterThan(60);
    const offered = await kernel.complete("tg.");
    expect(Object.keys(library).filter((name) => !offered.includes(name))).toEqual([]);
  });

  test("beginnings, fields of options and of results are completed", async () => {
    expect(await kernel.complete("tg.loadM")).toContain("loadModel");
    expect(await kernel.complete("tg.study({ shuff")).toContain("shuffles");
    expect(await kernel.complete('(await tg.loadPromptOrText("x")).')).toEqual(
      expect.arrayContaining(["name", "text"]),
    );
    expect(await kernel.complete("siz")).toContain("size");
  });

  test("a completion replaces what has been typed, in the middle of a cell too", async () => {
    const code = "const a = tg.publi\nconst b = 1;";
    expect(await kernel.complete(code, "const a = tg.publi".length)).toEqual(
      expect.arrayContaining(["published", "publishedMeans"]),
    );
    expect(await kernel.complete("tg.FIGURES[3].dr")).toContain("draw");
  });

  test("every function shows its types, none of them any, and what it does", async () => {
    const lacking: string[] = [];
    for (const name of functions) {
      const shown = (await kernel.inspect(`tg.${name}`, "tg.".length + 1)) ?? "";
      const [signature, ...documentation] = shown.split("\n\n");
      if (!/^(?:\(alias\) )?(?:function|class|const) /.test(signature)) lacking.push(`${name}: no type (${signature})`);
      if (/\bany\b/.test(signature)) lacking.push(`${name}: any (${signature})`);
      if (documentation.join("").trim().length < 20) lacking.push(`${name}: no documentation`);
    }
    expect(lacking).toEqual([]);
  });

  test("an option shows its type and what it means", async () => {
    const code = 'tg.study({ models: ["a"], shuffles: [0], tokens: 64 })';
    const shown = await kernel.inspect(code, code.indexOf("tokens") + 2);
    expect(shown).toMatch(/tokens\?: number/);
    expect(shown).toMatch(/cut to this many tokens/);
  });
});
