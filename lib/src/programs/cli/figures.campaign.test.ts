import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { codeCell, isAlive, saveNotebook, temporaryFolder, waitUntil } from "../../../../tests/support/notebooks";
import { PROJECT_ROOT } from "../../machine/support/project";
import { readNotebook } from "../runner/notebook";

// The program as it is installed: these tests need `npm run build`, which `npm test` does.
const PROGRAM = join(PROJECT_ROOT, "lib", "bin", "figures.js");

function start(...args: string[]): {
  child: ChildProcess;
  ended: Promise<{ code: number | null; out: string; err: string }>;
} {
  const env = { ...process.env };
  delete env.DEBUG;
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: PROJECT_ROOT, env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
  return { child, ended };
}

const figures = (...args: string[]) => start(...args).ended;

/** A notebook that says which process it runs in and then does not end. */
function endlessNotebook(folder: string, how: string): string {
  const tell =
    'import { writeFileSync } from "node:fs";\nwriteFileSync(`${process.env.TOKEN_GEOMETRY_OUT}/pid`, `${process.pid}`);';
  return saveNotebook(folder, "endless", `${tell}\n${how}`);
}

async function pidOf(folder: string): Promise<number> {
  const path = join(folder, "pid");
  await waitUntil(() => existsSync(path) && readFileSync(path, "utf8") !== "", "the start of the notebook");
  return Number(readFileSync(path, "utf8"));
}

describe("npm run figures", () => {
  test("executes a notebook with a parameter, and leaves the original alone", async () => {
    const folder = temporaryFolder();
    const path = saveNotebook(folder, "sum", codeCell("let N = 2;", "parameters"), "N + 1");
    const before = readFileSync(path, "utf8");
    const { code, out, err } = await figures(path, "-p", "N=40", "--out", join(folder, "out"));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^sum +\d+\.\d s\n/);
    expect(readFileSync(path, "utf8")).toBe(before);
    const executed = readNotebook(join(folder, "out", "notebooks", "sum.ipynb"));
    expect(executed.cells[2].outputs).toMatchObject([{ text: "41\n" }]);
    expect(executed.metadata.kernelspec).toMatchObject({ name: "tslab" });
  });

  test("writes in place if asked to; the result is stable, and --clear takes it back", async () => {
    const folder = temporaryFolder();
    const path = saveNotebook(folder, "sum", "1 + 1");
    expect(await figures(path, "--clear")).toMatchObject({ code: 0, err: "" });
    const clean = readFileSync(path, "utf8");
    expect(await figures(path, "--in-place", "--out", folder)).toMatchObject({ code: 0, err: "" });
    const first = readFileSync(path, "utf8");
    expect(first).toContain('"2\\n"');
    expect(await figures(path, "--in-place", "--out", folder)).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(path, "utf8")).toBe(first);
    expect(await figures(path, "--clear")).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(path, "utf8")).toBe(clean);
  });

  test("stops at a cell that fails: one line, exit code 1, and the notebook as far as it came", async () => {
    const folder = temporaryFolder();
    const path = saveNotebook(folder, "broken", "1", 'throw new Error("no luck");', "3");
    const before = readFileSync(path, "utf8");
    const { code, err } = await figures(path, "--in-place", "--out", folder);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^error: .*broken\.ipynb, cell 2 \(`throw new Error\("no luck"\);`\): runtime error: no luck \[.*\n$/,
    );
    expect(readFileSync(path, "utf8")).toBe(before);
    const executed = readNotebook(join(folder, "notebooks", "broken.ipynb"));
    expect(executed.cells.map((cell) => cell.execution_count)).toEqual([1, 2, null]);
  });

  test("runs two at a time, says so in order, and goes on when one fails", async () => {
    const folder = temporaryFolder();
    const wait = (milliseconds: number) => `await new Promise((resolve) => setTimeout(resolve, ${milliseconds}));`;
    const slow = saveNotebook(folder, "slow", `${wait(3000)}`, "1");
    const quick = saveNotebook(folder, "quick", "2");
    const both = await figures(slow, quick, "--jobs", "2", "--out", join(folder, "out"));
    expect(both).toMatchObject({ code: 0, err: "" });
    expect(both.out).toMatch(/^slow .* s\nquick .* s\n/);
    const broken = saveNotebook(folder, "broken", "1", 'throw new Error("no luck");');
    const one = await figures(broken, slow, quick, "--jobs", "1", "--out", folder);
    expect(one.code).toBe(1);
    expect(one.out).toMatch(/^broken .* s, failed\nslow .* s\nquick .* s\n/);
    expect(one.err).toMatch(/^error: .*broken\.ipynb, cell 2 .*: runtime error: no luck \[.*\n$/);
    expect(existsSync(join(folder, "notebooks", "quick.ipynb"))).toBe(true);
  });

  test("does not let one notebook replace the figures of another", async () => {
    const folder = temporaryFolder();
    const draw = (name: string) =>
      saveNotebook(
        folder,
        name,
        'import { exportFigure } from "token-geometry";',
        'await exportFigure({ name: "bars", caption: "Bars", data: [{ type: "bar", y: [1, 2] }], layout: { width: 300, height: 200 } }, { formats: ["svg"] });',
      );
    const both = await figures(draw("first"), draw("second"), "--jobs", "1", "--out", folder);
    expect(both.code).toBe(1);
    expect(both.out).toMatch(/^first .* s\nsecond .* s, failed\n/);
    expect(both.err).toMatch(
      /^error: .*second\.ipynb, cell 2 .*bars\.svg: the notebook first exports a file of this name.*\n$/,
    );
  });

  test("writes the report where it is asked for, and leaves it alone where it is not", async () => {
    const folder = temporaryFolder();
    const path = saveNotebook(
      folder,
      "bars",
      'import { showFigure } from "token-geometry";',
      'await showFigure({ name: "bars", caption: "Bars", data: [{ type: "bar", y: [1, 2] }], layout: { width: 300, height: 200 } });',
    );
    const page = join(folder, "report", "index.html");
    const quick = await figures(path, "--out", folder);
    expect(quick).toMatchObject({ code: 0, err: "" });
    expect(quick.out).not.toContain("report");
    expect(existsSync(page)).toBe(false);
    const asked = await figures(path, "--report", "--out", folder);
    expect(asked.out).toMatch(/\nreport: .*index\.html, .*report\.pdf\n$/);
    const written = readFileSync(page, "utf8");
    const again = await figures(path, "--out", folder);
    expect(again.out).toMatch(/\nreport: .*report is as it was; --report writes it again\n$/);
    expect(readFileSync(page, "utf8")).toBe(written);
  });

  test("says which notebooks lack a parameter", async () => {
    const folder = temporaryFolder();
    const [first, second] = ["a", "b"].map((name) => {
      return saveNotebook(folder, name, codeCell(name === "a" ? "let N = 2;" : "let M = 2;", "parameters"));
    });
    const { code, err } = await figures(first, second, "-p", "N=1", "--out", folder);
    expect({ code, err }).toEqual({ code: 0, err: "note: N is no parameter of b\n" });
  });

  test("gives up a cell after --timeout", async () => {
    const folder = temporaryFolder();
    const path = endlessNotebook(folder, "for (;;);");
    const ended = figures(path, "--timeout", "3", "--out", folder);
    const pid = await pidOf(folder);
    expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining("time-out: took longer than 3 s") });
    expect(isAlive(pid)).toBe(false);
  });

  test.each([
    ["an unknown notebook", ["fig99"], /^error: there is no notebook "fig99"; did you mean .*; known are: .*\n$/],
    ["an unknown option", ["--fast"], /^error: unknown option '--fast'\n$/],
    ["a setting without value", ["-p", "N"], /^error: -p N: write -p NAME=value\n$/],
    ["a number of notebooks that is none", ["--jobs", "0"], /^error: --jobs 0: write a whole number.*\n$/],
    ["a time-out that is none", ["--timeout", "soon"], /^error: --timeout soon: write a number of seconds.*\n$/],
  ])("%s: one line, exit code 1", async (_, args, message) => {
    const { code, out, err } = await figures(...args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(message);
  });

  test("a damaged notebook, an unknown parameter, settings in place: one line, exit code 1", async () => {
    const folder = temporaryFolder();
    const path = saveNotebook(folder, "a", codeCell("let N = 2;", "parameters"));
    expect((await figures(path, "-p", "M=1")).err).toBe("error: unknown parameter M; known are: N = 2 (a)\n");
    expect((await figures(path, "-p", "N=1", "--in-place")).err).toMatch(/^error: --in-place keeps notebooks .*\n$/);
    const damaged = join(folder, "package.ipynb");
    writeFileSync(damaged, readFileSync(path, "utf8").slice(0, 50));
    expect(await figures(damaged)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: .*damaged notebook.*\n$/),
    });
  });

  test("--list tells notebooks and parameters, --help the options", async () => {
    const path = saveNotebook(
      temporaryFolder(),
      "fig77-example",
      { cell_type: "markdown", metadata: {}, source: "# Figure 77: an example\ntext" },
      codeCell("let N = 2;", "parameters"),
    );
    expect((await figures(path, "--list")).out).toBe("fig77-example: Figure 77: an example\n  -p N=2\n");
    expect(await figures("--help")).toMatchObject({ code: 0, out: expect.stringContaining("--timeout <seconds>") });
  });
});

describe("no kernel is left behind", () => {
  test("by Ctrl-C: exit code 130", async () => {
    const folder = temporaryFolder();
    const { child, ended } = start(endlessNotebook(folder, "await new Promise(() => {});"), "--out", folder);
    const pid = await pidOf(folder);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, err: expect.stringMatching(/^\nstopped by SIGINT; .*\n$/) });
    await waitUntil(() => !isAlive(pid), "the end of the kernel");
  });

  test("by a runner that is killed while the kernel is busy", async () => {
    const folder = temporaryFolder();
    const { child } = start(endlessNotebook(folder, "for (;;);"), "--out", folder);
    const pid = await pidOf(folder);
    child.kill("SIGKILL");
    await waitUntil(() => !isAlive(pid), "the end of the kernel");
  });
});
