import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { recordingServer } from "../../../../tests/support/recordingServers";
import { PROJECT_ROOT } from "../../machine/support/project";
import { describeFinding, examine } from "./doctor";
import { checkBuild, checkNode, checkPackages } from "./installation";
import { findJupyter } from "./jupyter";
import { inspectSpec, jupyterEnvironment, registerUserKernel, unregisterKernels, userDataFolder } from "./kernelSpec";
import { checkBinaries, checkTokenizers } from "./nativeChecks";
import { checkProxies } from "./proxyChecks";

afterEach(() => vi.unstubAllEnvs());

describe("checks of the installation", () => {
  test("a Node that is too old is broken, newer ones are fine", () => {
    expect(checkNode("18.20.4")[0]).toMatchObject({ state: "broken", todo: expect.stringContaining("20.19") });
    expect(checkNode("20.18.9")[0].state).toBe("broken");
    // These do not load ES modules by `require`, either.
    for (const version of ["21.7.3", "22.0.0", "22.11.0"]) expect(checkNode(version)[0].state).toBe("broken");
    for (const version of ["20.19.0", "22.12.0", "23.0.0", "26.1.2"]) expect(checkNode(version)[0].state).toBe("ok");
  });

  test("packages that are missing, or others than pinned, are named", () => {
    const root = temporaryFolder();
    const install = (name: string, version: string) => {
      mkdirSync(join(root, "node_modules", name), { recursive: true });
      writeFileSync(join(root, "node_modules", name, "package.json"), JSON.stringify({ version }));
    };
    const pinned = { "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "2.0.0" } };
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: pinned }));
    writeFileSync(
      join(root, "package.json"),
      JSON.stringify({ dependencies: { a: "1.0.0" }, devDependencies: { b: "2.0.0" } }),
    );
    install("a", "1.0.0");
    expect(checkPackages(root)[0]).toMatchObject({
      state: "broken",
      found: "missing: b",
      todo: "npm ci --include=dev --include=optional",
    });
    install("b", "2.1.0");
    expect(checkPackages(root)[0]).toMatchObject({ state: "note", found: "another version than pinned: b" });
    install("b", "2.0.0");
    expect(checkPackages(root)[0].state).toBe("ok");
  });

  test("a library that is not built is broken, one older than its sources a gap", () => {
    const root = temporaryFolder();
    for (const folder of ["lib/src", "lib/dist"]) mkdirSync(join(root, folder), { recursive: true });
    const source = join(root, "lib/src/a.ts");
    writeFileSync(source, "");
    expect(checkBuild(root)[0]).toMatchObject({ state: "broken", todo: "npm run build" });
    for (const file of ["index.js", ".tsbuildinfo"]) writeFileSync(join(root, "lib/dist", file), "");
    utimesSync(source, 1000, 1000);
    expect(checkBuild(root)[0].state).toBe("ok");
    utimesSync(source, Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    expect(checkBuild(root)[0]).toMatchObject({ state: "gap", found: expect.stringContaining("a.ts") });
  });
});

describe("examine", () => {
  test("goes on after a check that fails, and says what it was", async () => {
    const told: string[] = [];
    const findings = await examine(
      [
        { name: "first", run: () => Promise.reject(new Error("two\nlines")) },
        { name: "second", run: () => [{ name: "second", state: "ok", found: "fine" }] },
      ],
      (finding) => told.push(describeFinding(finding)),
    );
    expect(findings.map(({ state }) => state)).toEqual(["broken", "ok"]);
    expect(told[0]).toMatch(/^BROKEN {2}first +the check failed: two lines\n +→ .*DEBUG=1/);
    expect(told[1]).toMatch(/^ok +second +fine$/);
  });
});

describe("findJupyter", () => {
  const programs = (...names: string[]) => {
    const folder = temporaryFolder();
    for (const name of names) writeFileSync(join(folder, name), "#!/bin/sh\n", { mode: 0o755 });
    return folder;
  };

  test("takes the one that JUPYTER names before those on the PATH", () => {
    const [named, onPath] = [programs("jupyter", "jupyter-notebook"), programs("jupyter", "jupyter-lab")];
    const first = (environment: Record<string, string>) => findJupyter(environment)?.frontEnds[0];
    expect(first({ PATH: onPath })).toEqual({ name: "lab", command: [join(onPath, "jupyter-lab")] });
    expect(first({ PATH: onPath, JUPYTER: join(named, "jupyter") })?.name).toBe("notebook");
    expect(first({ PATH: programs("python3") })).toBeUndefined();
    expect(() => findJupyter({ JUPYTER: join(named, "gone") })).toThrow(/JUPYTER: there is no .*gone/);
  });
});

describe("kernel specs", () => {
  test("the user's kernel tslab is left alone; ours comes and goes", () => {
    const data = temporaryFolder();
    vi.stubEnv("JUPYTER_DATA_DIR", data);
    const theirs = join(data, "kernels", "tslab", "kernel.json");
    mkdirSync(join(theirs, ".."), { recursive: true });
    writeFileSync(theirs, '{ "argv": ["tslab", "kernel"] }');
    const [ours, ...more] = registerUserKernel();
    expect(more).toEqual([]);
    expect(inspectSpec(ours)).toEqual({ folder: ours, ours: true, missing: undefined });
    expect(inspectSpec(join(theirs, ".."))?.ours).toBe(false);
    const root = temporaryFolder(); // has no .jupyter of its own; the real one stays
    expect(unregisterKernels(root)).toEqual([]);
    expect(readFileSync(theirs, "utf8")).toContain('"tslab"');
  });

  test("the user has the kernel under the name that the notebooks ask for, where that is free", () => {
    const data = temporaryFolder();
    vi.stubEnv("JUPYTER_DATA_DIR", data);
    const specs = ["token-geometry", "tslab"].map((name) => join(data, "kernels", name));
    expect(registerUserKernel()).toEqual(specs);
    expect(registerUserKernel()).toEqual(specs); // again: it is ours by now
    for (const folder of specs) expect(inspectSpec(folder)?.ours).toBe(true);
  });

  test("a spec whose program is gone is found out", () => {
    const folder = temporaryFolder();
    const gone = join(folder, "gone", "tslab");
    writeFileSync(join(folder, "kernel.json"), JSON.stringify({ argv: [process.execPath, gone] }));
    expect(inspectSpec(folder)).toMatchObject({ ours: false, missing: gone });
  });

  test("the clone's folder comes first in JUPYTER_PATH, what was there stays behind it", () => {
    vi.stubEnv("JUPYTER_PATH", "/elsewhere");
    expect(jupyterEnvironment().JUPYTER_PATH).toBe(`${join(PROJECT_ROOT, ".jupyter")}:/elsewhere`);
  });

  test("the user's folder is where Jupyter has it", () => {
    expect(userDataFolder({ JUPYTER_DATA_DIR: "/data" })).toBe("/data");
    expect(userDataFolder({ XDG_DATA_HOME: "/share" }, "linux")).toBe("/share/jupyter");
    expect(userDataFolder({}, "darwin")).toMatch(/Library\/Jupyter$/);
    expect(userDataFolder({ APPDATA: "/roaming" }, "win32")).toBe("/roaming/jupyter");
  });
});

describe("proxies", () => {
  test("none", async () => {
    expect(await checkProxies({ NO_PROXY: "a" })).toMatchObject([{ state: "ok", found: "none in the environment" }]);
  });

  test("one that is there, one that is not, one that is none; without their passwords", async () => {
    const server = await recordingServer((_request, response) => void response.end());
    const address = (port: number) => `http://me:secret@127.0.0.1:${port}`;
    const findings = await checkProxies({
      http_proxy: address(server.port),
      HTTPS_PROXY: address(1),
      ALL_PROXY: "ftp://me:secret@p",
      NO_PROXY: "localhost",
    });
    expect(findings.map(({ name, state }) => [name, state])).toEqual([
      ["http_proxy", "ok"],
      ["HTTPS_PROXY", "gap"],
      ["ALL_PROXY", "gap"],
      ["NO_PROXY", "ok"],
    ]);
    expect(findings[1].found).toBe("http://127.0.0.1:1, with a name: nobody is there (ECONNREFUSED)");
    expect(JSON.stringify(findings)).not.toContain("secret");
    await server.stop();
  });
});

describe("packages with binaries", () => {
  test("those of this project load, and the tokenizer's library is named", async () => {
    const [found] = await checkBinaries();
    expect(found).toMatchObject({ name: "binary packages", state: "ok" });
    expect(found.found).toMatch(/@napi-rs\/canvas \d.*zeromq \d/);
    expect(await checkTokenizers()).toMatchObject([{ state: expect.stringMatching(/ok|gap/) }]);
    vi.stubEnv("TOKEN_GEOMETRY_TOKENIZERS", "javascript");
    expect((await checkTokenizers())[0].found).toMatch(/^@huggingface\/tokenizers \d[\d.]*, in JavaScript/);
  });

  test("of those that do not, what is needed is broken and the rest a gap", async () => {
    const load = async (name: string) => (/zeromq|koffi/.test(name) ? { why: "no binding" } : { version: "1.0" });
    const findings = await checkBinaries(load);
    expect(findings.map(({ state }) => state)).toEqual(["ok", "broken", "gap"]);
    expect(findings[1]).toMatchObject({
      found: "zeromq (notebooks) does not load: no binding",
      todo: "npm ci --include=optional",
    });
  });

  test("a library that stands in for the tokenizer's own is named, with the reason", async () => {
    const load = async (name: string) => (name.startsWith("@anush") ? { why: "no binding" } : { version: "0.2.0" });
    expect(await checkTokenizers(load)).toMatchObject([
      {
        state: "gap",
        found:
          "@huggingface/tokenizers 0.2.0, in JavaScript, in the place of @anush008/tokenizers, which does not load: no binding",
      },
    ]);
    expect((await checkTokenizers(async () => ({ why: "gone" })))[0].state).toBe("broken");
  });
});

test("packages that are missing, with their binaries for this machine and no other", () => {
  const root = temporaryFolder();
  const binary = { os: [process.platform], cpu: [process.arch] };
  writeFileSync(
    join(root, "package.json"),
    '{ "dependencies": { "a": "1" }, "devDependencies": { "b": "1" }, "optionalDependencies": { "c": "1" } }',
  );
  const packages = {
    "node_modules/a": { version: "1", optionalDependencies: { "a-here": "1", "a-there": "1", "a-extra": "1" } },
    "node_modules/b": { version: "1" },
    "node_modules/a-here": binary,
    "node_modules/a-there": { ...binary, os: ["another"] },
    "node_modules/a-extra": {},
  };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
  mkdirSync(join(root, "node_modules/a"), { recursive: true });
  writeFileSync(join(root, "node_modules/a/package.json"), '{ "version": "1" }');
  const found = { state: "broken", found: "missing: a-here, b", todo: "npm ci --include=dev --include=optional" };
  expect(checkPackages(root)).toMatchObject([found]);
});
