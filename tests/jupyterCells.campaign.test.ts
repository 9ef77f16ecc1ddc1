/** Working cell by cell: any cell can be run again, in any order, and memory comes back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomGenerator } from "../lib/src/machine/support/random";
import { type Execution, Kernel } from "../lib/src/programs/runner/kernel";
import { hasTag, readNotebook } from "../lib/src/programs/runner/notebook";
import type { Output } from "../lib/src/programs/runner/outputs";
import { injectParameters, notebookParameters, type ParameterValue } from "../lib/src/programs/runner/parameters";
import { listNotebooks } from "../lib/src/programs/runner/run";
import { PROJECT } from "./support/cli";
import { temporaryFolder, waitUntil } from "./support/notebooks";
import { childrenOf } from "./support/processes";
import { storedUnits } from "./support/storedUnits";

const NOTEBOOKS = listNotebooks(join(PROJECT, "notebooks"));
const SEED = "any order";

const TINY: Record<string, ParameterValue> = {
  MODELS: ["data/models/llama-mini"],
  PROMPTS: 5,
  TOKENS: 64,
  FEW_TOKENS: 64,
  SHUFFLES: [0, 1, 2],
  SCALINGS: [2, 4],
  LAYER: 2,
  SOURCE: "run", // the published curves take longest to draw
};

/** The code cells of a notebook, with tiny values in the cell of parameters itself: it is run again as the others are. */
function tinyCells(path: string): string[] {
  const notebook = readNotebook(path);
  const known = notebookParameters(notebook);
  const sameKind = (name: string) => known.some((one) => one.name === name && one.kind === kindOf(TINY[name]));
  const values = Object.fromEntries(Object.entries(TINY).filter(([name]) => sameKind(name)));
  const { cells } = injectParameters(notebook, values);
  const injected = cells.find((cell) => hasTag(cell, "injected-parameters"))?.source ?? "";
  return cells
    .filter((cell) => cell.cell_type === "code" && !hasTag(cell, "injected-parameters"))
    .map((cell) => (hasTag(cell, "parameters") ? `${cell.source}\n${injected}` : cell.source));
}

function kindOf(value: ParameterValue): string {
  return Array.isArray(value) ? "array" : typeof value;
}

/** What a cell has shown, without what may differ from one time to the next: durations, and what the store had already. */
function shownBy({ outputs }: Execution): string[] {
  return outputs.map((output: Output) => {
    const text = JSON.stringify("data" in output ? output.data : output);
    return text
      .replaceAll(/\d+(\.\d+)? (s|min)\b/g, "TIME")
      .replaceAll(/\d+ (results )?computed, \d+ from the store/g, "WORK")
      .replaceAll(/, TIME left, [\d.]+(\/s|TIME each| each)/g, "");
  });
}

function shuffled<Value>(values: readonly Value[], seed: string): Value[] {
  const random = randomGenerator(seed);
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** Runs cells from top to bottom, then each once more in a random order. Returns those that fail or show something else then. */
async function changedWhenRunAgain(cells: readonly string[], store: string, seed: string): Promise<string[]> {
  const environment = {
    TOKEN_GEOMETRY_OUT: temporaryFolder(),
    TOKEN_GEOMETRY_STORE: store,
    TOKEN_GEOMETRY_BACKEND: "wasm",
    TOKEN_GEOMETRY_WORKERS: "1",
  };
  const kernel = await Kernel.start({ workingFolder: join(PROJECT, "notebooks"), environment });
  try {
    const first: string[] = [];
    const run = async (cell: number) => {
      const execution = await kernel.execute(cells[cell], 240);
      return execution.failure ? `failed: ${execution.failure.message}` : shownBy(execution).join("\n");
    };
    for (const cell of cells.keys()) first.push(await run(cell));
    expect(first.filter((shown) => shown.startsWith("failed"))).toEqual([]);
    expect(first.filter((shown) => shown !== "").length).toBeGreaterThan(1);
    const changed: string[] = [];
    for (const cell of shuffled([...cells.keys()], seed)) {
      const again = await run(cell);
      if (again !== first[cell]) changed.push(`${cells[cell]}\n-> ${again.slice(0, 500)}`);
    }
    return changed;
  } finally {
    await kernel.shutdown();
  }
}

describe("after a run from top to bottom, every cell once more in a random order", () => {
  let store: string;
  beforeAll(() => {
    store = mkdtempSync(join(tmpdir(), "token-geometry-store-")); // one for all: most of them ask for the same
  });
  afterAll(() => rmSync(store, { recursive: true, force: true }));

  test.each(NOTEBOOKS)("$name: no error, the same results", { timeout: 300_000 }, async ({ name, path }) => {
    expect(await changedWhenRunAgain(tinyCells(path), store, `${SEED}|${name}`)).toEqual([]);
  });

  test("a cell that changes what others rely on is found out", async () => {
    const counter = "globalThis as { count?: number }";
    const counting = `(${counter}).count = ((${counter}).count ?? 0) + 1;\nconsole.log((${counter}).count);`;
    const changed = await changedWhenRunAgain(["console.log(7);", counting], store, SEED);
    expect(changed).toEqual([expect.stringContaining(counting)]);
  });
});

describe("between cells", () => {
  const TIMES = 3;
  /** Memory outside of JavaScript's heap is where token vectors are. */
  const USED = [
    'import * as tensorflow from "@tensorflow/tfjs-core";',
    'import { setFlagsFromString } from "node:v8";',
    'import { runInNewContext } from "node:vm";',
    'setFlagsFromString("--expose-gc");',
    "async function used() {",
    '  const collect = runInNewContext("gc") as () => void;',
    "  for (let times = 0; times < 3; times++) { collect(); await new Promise((resolve) => setTimeout(resolve, 20)); }",
    "  const { arrayBuffers, heapUsed } = process.memoryUsage();",
    "  return { arrayBuffers, heapUsed, tensors: tensorflow.memory().numTensors };",
    "}",
    "console.log(JSON.stringify(await used()));",
  ].join("\n");

  test.each([
    { name: "00-start-here", tokens: 512 },
    { name: "playground", tokens: 256 },
  ])("$name: memory is returned, however often a cell is run", { timeout: 300_000 }, async ({ name, tokens }) => {
    const { path } = NOTEBOOKS.find((file) => file.name === name)!;
    const cells = tinyCells(path).map((source) => source.replace("TOKENS = 64;", `TOKENS = ${tokens};`));
    expect(cells.join()).toContain(`TOKENS = ${tokens};`);
    const environment = {
      TOKEN_GEOMETRY_OUT: temporaryFolder(),
      TOKEN_GEOMETRY_BACKEND: "wasm",
      TOKEN_GEOMETRY_HIDDEN: "0", // the model is run each time
    };
    const kernel = await Kernel.start({ workingFolder: join(PROJECT, "notebooks"), environment });
    try {
      const run = async (source: string) => {
        const { failure, outputs } = await kernel.execute(source, 240);
        expect(failure, source).toBeUndefined();
        return outputs;
      };
      const used = async () => {
        const [shown] = await run(USED);
        return JSON.parse((shown as { text: string }).text) as Record<"arrayBuffers" | "heapUsed" | "tensors", number>;
      };
      for (const cell of cells) await run(cell);
      const before = await used();
      // The cells that compute and draw; the last one exports what they made.
      for (let times = 0; times < TIMES; times++) for (const cell of cells.slice(2, -1)) await run(cell);
      const after = await used();
      expect(after.tensors).toBe(before.tensors); // the weights of one model, in memory once
      // Token vectors of one run of 00-start-here: 13 layers x 512 tokens x 128 x 4 bytes = 3.4 MB.
      expect((after.arrayBuffers - before.arrayBuffers) / 1e6).toBeLessThan(1);
      expect((after.heapUsed - before.heapUsed) / 1e6).toBeLessThan(15);
    } finally {
      await kernel.shutdown();
    }
  });
});

describe("the stop button", () => {
  test.runIf(process.platform === "linux").each([
    { workers: 1, name: "in the kernel" },
    { workers: 2, name: "by worker processes" },
  ])("ends an experiment that is computed $name; the next run goes on with it", { timeout: 300_000 }, async (one) => {
    const store = temporaryFolder();
    const environment = { TOKEN_GEOMETRY_STORE: store, TOKEN_GEOMETRY_BACKEND: "wasm" };
    const kernel = await Kernel.start({ workingFolder: join(PROJECT, "notebooks"), environment });
    const units = () => storedUnits(store).length;
    const experiment = (prompts: number) =>
      `const { experiment } = await tg.study(
         { models: ["data/models/llama-mini"], promptCount: ${prompts}, tokens: 64, shuffles: [0, 1, 2] },
         { progress: tg.progressBar("prompts"), workers: ${one.workers} },
       );
       console.log(experiment!.computed, experiment!.reused);`;
    try {
      await kernel.execute('import * as tg from "token-geometry";');
      const running = kernel.execute(experiment(48));
      await waitUntil(() => units() >= 3, "the first results", 120);
      expect(childrenOf(kernel.pid)).toHaveLength(one.workers === 1 ? 0 : one.workers);
      kernel.interrupt();
      expect((await running).failure?.message).toMatch(/^Interrupted/);
      // What is being computed at that moment may still come to its end.
      await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 5000));");
      const stopped = units();
      expect(stopped).toBeLessThan(144);
      expect(childrenOf(kernel.pid)).toEqual([]);
      await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 2000));");
      expect(units()).toBe(stopped);
      const [, shown] = (await kernel.execute(experiment(2))).outputs as { text?: string }[];
      const [computed, reused] = shown.text!.split(" ").map(Number);
      expect(computed + reused).toBe(6);
      expect(reused).toBeGreaterThan(2);
    } finally {
      await kernel.shutdown();
    }
  });
});
