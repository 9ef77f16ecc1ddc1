import { readdirSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { isAlive, temporaryFolder, waitUntil } from "../../../../tests/support/notebooks";
import { Kernel } from "./kernel";

describe("a kernel", () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await Kernel.start({ environment: { TOKEN_GEOMETRY_OUT: "/somewhere" } });
  });
  afterAll(async () => {
    await kernel.shutdown();
    expect(isAlive(kernel.pid)).toBe(false);
  });
  const text = (execution: Awaited<ReturnType<Kernel["execute"]>>) =>
    execution.outputs.map((output) => (output.output_type === "stream" ? output.text : "")).join("");

  test("keeps declarations from cell to cell, finds the project's packages, and sees its environment", async () => {
    expect(
      await kernel.execute('import { mean } from "simple-statistics";\nlet total = mean([1, 2, 6]);'),
    ).toMatchObject({
      outputs: [],
      failure: undefined,
    });
    const shown = await kernel.execute("console.log(process.env.TOKEN_GEOMETRY_OUT);\ntotal + 1");
    expect(text(shown)).toBe("/somewhere\n4\n");
    expect(shown.executionCount).toBe(2);
  });

  test("delivers every line of a long output", async () => {
    const lines = text(await kernel.execute("for (let i = 0; i < 5000; i++) console.log(i);"))
      .trim()
      .split("\n");
    expect(lines).toHaveLength(5000);
    expect(lines.at(-1)).toBe("4999");
  });

  test("reports a type error before anything runs", async () => {
    const execution = await kernel.execute('console.log("ran");\nconst wrong: number = "text";');
    expect(execution.failure).toMatchObject({ kind: "type error" });
    expect(execution.failure?.message).toBe("2:7 - Type 'string' is not assignable to type 'number'.");
    expect(text(execution)).not.toContain("ran");
  });

  test("reports a runtime error, of synchronous and of asynchronous code, and goes on", async () => {
    const thrown = await kernel.execute('console.error("a warning");\nthrow new RangeError("too far");');
    expect(thrown.failure).toMatchObject({ kind: "runtime error", message: "RangeError: too far" });
    const rejected = await kernel.execute('await Promise.reject(new Error("no answer"));');
    expect(rejected.failure).toMatchObject({ kind: "runtime error", message: "no answer" });
    expect(text(await kernel.execute("total"))).toBe("3\n");
  });

  test("points into the library's TypeScript source", async () => {
    const code = 'import * as tg from "token-geometry";\nfunction own() { tg.peakTable([undefined!]); }\nown();';
    const { failure } = await kernel.execute(code);
    expect(failure?.message).toMatch(/^TypeError/);
    expect(failure?.detail).toMatch(/^TypeError[^\n]+\n/); // the message first
    expect(failure?.detail).toMatch(/ at .*\blib\/src\/results\/tables\.ts:\d+:\d+\)?\n/);
    expect(failure?.detail).toMatch(/\n {4}at own \(cell\)\n {4}at cell$/);
    expect(failure?.detail).not.toMatch(/node_modules|node:|evalmachine/);
  });

  test("shows what an error carries besides its message", async () => {
    const { failure } = await kernel.execute('throw Object.assign(new Error("refused"), { code: 7 });');
    expect(failure?.detail).toBe("Error: refused\n    at cell {\n  code: 7\n}");
  });

  test("says what a person has to know in one line, without a stack", async () => {
    const code = 'import { readNpy } from "token-geometry/dist/machine/support/npy";\nreadNpy("missing.npy");';
    const execution = await kernel.execute(code);
    expect(execution.failure?.message).toBe("missing.npy: no such file");
    expect(text(execution)).toBe("UserError: missing.npy: no such file\n");
  });

  test("knows the types of the library", async () => {
    const code = 'import { writeNpy } from "token-geometry/dist/machine/support/npy";\nwriteNpy(1, [], []);';
    expect((await kernel.execute(code)).failure?.message).toContain("'number' is not assignable to parameter of type");
  });

  test("fails a cell whose promise fails without being awaited", async () => {
    const { failure } = await kernel.execute('void Promise.reject(new Error("left behind"));');
    expect(failure).toMatchObject({ kind: "unhandled rejection" });
    expect(failure?.message).toContain("left behind");
  });

  test("takes updates of a display that come after the cell's end", async () => {
    const code = 'import { newDisplay } from "tslab";\nconst shown = newDisplay();\nshown.text("0 %");\n';
    const cell = await kernel.execute(`${code}void setTimeout(() => shown.text("100 %"), 100);`);
    const later = await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 300));");
    expect(cell.outputs).toEqual([{ output_type: "display_data", data: { "text/plain": "100 %" }, metadata: {} }]);
    expect(later.outputs).toEqual([]);
  });

  test("stops what it is doing when interrupted, and goes on", async () => {
    const running = kernel.execute("await new Promise(() => {});");
    setTimeout(() => kernel.interrupt(), 1500);
    expect((await running).failure?.message).toMatch(/^Interrupted;/);
    const looping = kernel.execute("for (;;);");
    setTimeout(() => kernel.interrupt(), 1500);
    expect((await looping).failure?.message).toMatch(/^Interrupted;/);
    expect(text(await kernel.execute("total"))).toBe("3\n");
  });
});

describe("the end of a kernel", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("comes when a cell takes longer than it may, even in an endless loop", async () => {
    const kernel = await Kernel.start();
    const { failure, outputs } = await kernel.execute('console.log("before");\nfor (;;);', 2);
    expect(failure).toMatchObject({ kind: "time-out", message: "took longer than 2 s" });
    expect(outputs[0]).toMatchObject({ text: "before\n" });
    expect(isAlive(kernel.pid)).toBe(false);
    await kernel.shutdown();
  });

  test("by itself is a failure of the cell", async () => {
    const folder = temporaryFolder();
    vi.stubEnv("TMPDIR", folder); // where the connection file goes
    const kernel = await Kernel.start();
    expect((await kernel.execute("process.exit(7)")).failure).toMatchObject({
      kind: "kernel ended",
      message: "the kernel ended with exit code 7",
    });
    await kernel.shutdown();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("takes along the processes that it started", async () => {
    const kernel = await Kernel.start();
    const code = 'import { spawn } from "node:child_process";\nconsole.log(spawn("sleep", ["600"]).pid);';
    const { outputs } = await kernel.execute(code);
    const helper = Number((outputs[0] as { text: string }).text);
    expect(isAlive(helper)).toBe(true);
    await kernel.shutdown();
    await waitUntil(() => !isAlive(helper), "the end of the helper");
  });

  test("before it answers is told with its reason", async () => {
    const start = Kernel.start({ environment: { NODE_OPTIONS: "--no-such-option" } });
    await expect(start).rejects.toThrow(/the tslab kernel did not start: it ended with exit code 9.*--no-such-option/s);
  });
});
