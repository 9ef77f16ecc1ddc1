import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { isAlive, temporaryFolder, waitUntil } from "../../../../tests/support/notebooks";
import { PROJECT_ROOT } from "../../machine/support/project";
import { Compiler } from "./compiler";
import { Kernel } from "./kernel";
import type { Output } from "./outputs";

// The compiler process is the program as it is installed: these tests need `npm run build`, which `npm test` does.
const textOf = (outputs: Output[]): string =>
  outputs.map((output) => (output.output_type === "stream" ? output.text : "")).join("");

/** What a cell may hold that compiling has to get right; each is run after those before it. */
const CELLS = [
  'import { mean } from "simple-statistics";\nlet total = mean([1, 2, 6]);\ntotal',
  "function twice(x: number) { return 2 * x; }\ntwice(total)",
  "1 + 1",
  "1 + 1",
  "await Promise.resolve(total + 1)",
  'const wrong: number = "text";',
  "total = 5;\nconst own = await import('node:path');\nown.join('a', 'b')",
  "/** @jsx */ twice(total)",
  "interface Point { x: number }\nconst point: Point = { x: total };\npoint",
];

describe("a compiler of many kernels", () => {
  let compiler: Compiler;
  beforeAll(() => {
    compiler = new Compiler();
  });
  afterAll(() => compiler.close());

  const start = async (options: Parameters<typeof Kernel.start>[0]): Promise<Kernel> => {
    const kernel = await Kernel.start(options);
    onTestFinished(() => kernel.shutdown());
    return kernel;
  };

  test("kernels say the same as those that compile by themselves, however they take turns", async () => {
    compiler.plan(CELLS);
    const alone = await start({});
    const helped = [await start({ compiler }), await start({ compiler })];
    for (const cell of CELLS) {
      const expected = await alone.execute(cell);
      for (const kernel of helped) {
        const { outputs, failure, executionCount } = await kernel.execute(cell);
        expect({ outputs, failure, executionCount }).toEqual({
          outputs: expected.outputs,
          failure: expected.failure,
          executionCount: expected.executionCount,
        });
      }
    }
    expect(await helped[0].complete("tot")).toEqual(await alone.complete("tot"));
    expect(await helped[1].inspect("twice", 3)).toBe(await alone.inspect("twice", 3));
    // Having compiled for itself, it goes on from where it was.
    expect(textOf((await helped[0].execute("total + point.x")).outputs)).toBe("10\n");
  });

  test("cells that are modules, and TypeScript files beside the notebook, are found by each kernel", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "beside.ts"), "export const beside: number = 7;");
    const here = new Compiler(folder);
    onTestFinished(() => here.close());
    for (const _ of [1, 2]) {
      const kernel = await start({ workingFolder: folder, compiler: here });
      const beside = await kernel.execute('import { beside } from "./beside";\nbeside');
      expect(textOf(beside.outputs)).toBe("7\n");
      await kernel.execute("/** @module own */\nexport const own = 8;");
      expect(textOf((await kernel.execute('import { own } from "./own";\nown + beside')).outputs)).toBe("15\n");
    }
  });

  test("a kernel whose compiler is gone compiles by itself", async () => {
    const short = new Compiler();
    const kernel = await start({ compiler: short });
    expect(textOf((await kernel.execute("let a = 1;\na")).outputs)).toBe("1\n");
    short.close();
    expect(textOf((await kernel.execute("a + 1")).outputs)).toBe("2\n");
  });
});

test("its process ends with it", async () => {
  const compiler = new Compiler(PROJECT_ROOT);
  await compiler.ready;
  const { pid } = compiler;
  expect(isAlive(pid)).toBe(true);
  compiler.close();
  await waitUntil(() => !isAlive(pid), "the end of the compiler");
});
