/** What programs say where they cannot start, and where nobody reads what they print. */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefusal, PROJECT, runProgram, startProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";

const { nodeProblem } = createRequire(__filename)("../lib/bin/node.js") as {
  nodeProblem(version: string): string | undefined;
};

describe("a clone without its packages", () => {
  /** The programs alone, with what npm brought of the packages: those of these names. */
  function clone(...packages: string[]): string {
    const folder = temporaryFolder();
    for (const name of ["package.json", "package-lock.json", "lib/bin"]) {
      cpSync(join(PROJECT, name), join(folder, name), { recursive: true });
    }
    for (const name of packages) {
      mkdirSync(join(folder, "node_modules", name), { recursive: true });
      writeFileSync(join(folder, "node_modules", name, "package.json"), "{}");
    }
    return folder;
  }
  const start = (folder: string, program: string) =>
    spawnSync(process.execPath, [join(folder, "lib/bin", program)], { encoding: "utf8" });
  const REMEDY = "bring them with: npm ci --include=dev --include=optional";

  test("none: one line", () => {
    expectRefusal(start(clone(), "build.js"), /npm packages are missing: (\S+, ){7}and \d+ more; /, REMEDY);
  });

  test("without those for building (NODE_ENV=production), or without binaries (--omit=optional)", async () => {
    const { dependencies, devDependencies } = await import("../package.json");
    const needed = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
    expectRefusal(start(clone(...Object.keys(dependencies)), "build.js"), / @types\/plotly\.js, and 2 more;/, REMEDY);
    const { stderr } = start(clone(...needed), "build.js");
    expect(stderr).toMatch(
      /missing: @napi-rs\/canvas-\S+, @resvg\/resvg-js-\S+, @typescript\/typescript-[^, ]+; bring/,
    );
    expect(stderr).not.toMatch(/darwin.*linux|linux.*darwin|win32/);
  });

  test("built elsewhere: what draws says so at once, the others when they miss something", () => {
    const folder = clone();
    const built = {
      "programs/cli/main": 'require("commander")',
      "machine/support/output": "exports.guardOutput = () => {}",
    };
    for (const [name, code] of Object.entries({ ...built, "programs/cli/figures": "" })) {
      const file = join(folder, "lib/dist", `${name}.js`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, code);
    }
    for (const program of ["figures.js", "token-geometry.js"]) {
      expectRefusal(start(folder, program), "npm packages are missing", REMEDY);
    }
  });

  test("not built", () => {
    for (const program of ["figures.js", "token-geometry.js"]) {
      expectRefusal(start(clone(), program), "the library is not built yet");
    }
  });
});

test("a Node that does not load ES modules by require is refused by its number", () => {
  for (const version of ["18.20.8", "20.18.3", "21.7.3", "22.11.0"]) expect(nodeProblem(version)).toContain(version);
  for (const version of ["20.19.0", "22.12.0", "23.0.0", "24.21.0"]) expect(nodeProblem(version)).toBeUndefined();
});

describe("a reader that has seen enough (`| head -1`)", () => {
  /** Reads from both streams, or one of them, until the first piece has come. */
  const readOnce = async (args: string[], streams: ("stdout" | "stderr")[]) => {
    const child = startProgram(args);
    for (const name of ["stdout", "stderr"] as const) {
      const stream = child[name]!;
      if (streams.includes(name)) stream.once("data", () => stream.destroy());
      else stream.resume();
    }
    return new Promise((resolve) => child.on("exit", (status, signal) => resolve(signal ?? status)));
  };
  const run = (store: string) => [
    "run",
    "--model",
    "data/models/llama-mini",
    "--count",
    "2",
    "--tokens",
    "16",
    "--no-recorded",
    "--store",
    store,
  ];

  test("results", async () => expect(await readOnce(["models"], ["stdout"])).toBe(0));

  test("messages: the work is done all the same", async () => {
    const store = temporaryFolder();
    expect(await readOnce(run(store), ["stderr", "stdout"])).toBe(0);
    expect((await runProgram(run(store))).stderr).toMatch(/0 computed, 2 from the store/);
  });

  test("the doctor stops", async () => {
    const child = spawn(process.execPath, [join(PROJECT, "lib/bin/doctor.js")], { cwd: PROJECT });
    child.stdout.once("data", () => child.stdout.destroy());
    let messages = "";
    child.stderr.on("data", (text) => (messages += text));
    expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
    expect(messages).toBe("");
  });
});
