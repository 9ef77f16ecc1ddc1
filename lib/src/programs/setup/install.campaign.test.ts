import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { makeZip } from "../../../../tests/support/makeZip";
import {
  ADDON,
  findChangedFile,
  MANIFEST,
  type Manifest,
  readManifest,
  writeManifest,
} from "../../machine/backend/tensorflowManifest";
import { findTensorflowAddon, findTensorflowPackage } from "../../machine/backend/tensorflowRuntime";
import { checkDisk } from "../../machine/packages/disk";
import { UserError } from "../../machine/support/errors";
import { cacheFolder } from "./cacheFolder";
import { findCompiler, findNodeHeaders } from "./compile";
import { takeWheel } from "./findWheel";
import { findGpuDriver, requireGpuDriver } from "./gpu";
import { installTensorflow, uninstallTensorflow } from "./install";
import { describePlatform } from "./platform";
import { explainFailure, explainMissingGpu, proveAddon } from "./prove";

const root = mkdtempSync(join(tmpdir(), "install-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const realPackage = findTensorflowPackage();
const onLinux = process.platform === "linux";
let [count, packageFolder] = [0, ""];

/** A copy of tfjs-node-gpu as npm leaves it, in a node_modules of its own that borrows all other packages. */
beforeEach(() => {
  const modules = join(root, String(count++), "node_modules");
  packageFolder = join(modules, "@tensorflow", "tfjs-node-gpu");
  mkdirSync(dirname(packageFolder), { recursive: true });
  if (!realPackage) return;
  const realModules = dirname(dirname(realPackage));
  for (const name of readdirSync(realModules)) {
    if (name !== "@tensorflow") symlinkSync(join(realModules, name), join(modules, name));
  }
  for (const name of readdirSync(dirname(realPackage))) {
    if (!name.includes("tfjs-node-gpu"))
      symlinkSync(join(dirname(realPackage), name), join(modules, "@tensorflow", name));
  }
  for (const part of ["package.json", "dist", "binding"]) {
    cpSync(join(realPackage, part), join(packageFolder, part), { recursive: true });
  }
});

const lines: string[] = [];
const say = (line: string) => void lines.push(line);

/** A wheel with the members that the setup looks for, but no TensorFlow in it. */
function fakeWheel(change: (members: Map<string, string>) => void = () => {}): string {
  const members = new Map([
    ["tensorflow/libtensorflow_cc.so.2", "no library"],
    ["tensorflow/libtensorflow_framework.so.2", "no library either"],
    ...[
      "c/c_api.h",
      "c/eager/c_api.h",
      "c/tf_datatype.h",
      "c/tf_status.h",
      "c/tf_tensor.h",
      "core/platform/ctstring_internal.h",
    ].map(
      (header) =>
        [`tensorflow/include/tensorflow/${header}`, '#include "../../../escape.h"\n#include <vector>\n'] as const,
    ),
    ["tensorflow/include/../../../escape.h", "#error"],
  ]);
  const record = [...members].map(([name, text]) => {
    return `${name},sha256=${createHash("sha256").update(text).digest("base64url")},${text.length}`;
  });
  members.set("tensorflow_cpu-2.21.0.dist-info/RECORD", record.join("\n"));
  change(members);
  const path = join(
    root,
    String(count++),
    "tensorflow_cpu-2.21.0-cp39-cp39-linux_x86_64.whl".replace("x86_64", describePlatform().machine),
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, makeZip([...members].map(([name, text]) => ({ name, content: Buffer.from(text) }))));
  return path;
}

async function install(wheelPath: string): Promise<Manifest> {
  const platform = describePlatform();
  return installTensorflow({
    packageFolder,
    device: "cpu",
    wheel: await takeWheel(wheelPath, platform),
    cuda: [],
    platform,
    say,
  });
}

const tree = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

describe.runIf(onLinux && realPackage)("a failing installation", () => {
  const failures: [string, () => string, RegExp][] = [
    ["libraries that are none", () => fakeWheel(), /could not build the addon|does not work here/],
    [
      "no libraries in the wheel",
      () => fakeWheel((members) => members.delete("tensorflow/libtensorflow_cc.so.2")),
      /has no TensorFlow libraries/,
    ],
    [
      "a library that is not what RECORD lists",
      () => fakeWheel((members) => members.set("tensorflow/libtensorflow_cc.so.2", "tampered!!")),
      /not the file that the wheel's RECORD lists/,
    ],
    [
      "no RECORD",
      () => fakeWheel((members) => members.delete("tensorflow_cpu-2.21.0.dist-info/RECORD")),
      /is no Python wheel/,
    ],
  ];
  for (const [what, wheel, message] of failures) {
    it(`leaves the package as it was: ${what}`, async () => {
      mkdirSync(dirname(join(packageFolder, ADDON)), { recursive: true });
      writeFileSync(join(packageFolder, ADDON), "an addon that was there before");
      const before = tree(dirname(packageFolder));
      const failure = await install(wheel()).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(UserError);
      expect((failure as Error).message).toMatch(message);
      expect(tree(dirname(packageFolder))).toEqual(before);
      expect(readFileSync(join(packageFolder, ADDON), "utf8")).toBe("an addon that was there before");
    });
  }

  it("removes what an earlier run that was killed has left", async () => {
    const leftover = join(dirname(packageFolder), ".tfjs-node-gpu-setup-999999999-abcdef");
    mkdirSync(leftover);
    uninstallTensorflow(packageFolder);
    expect(existsSync(leftover)).toBe(false);
  });
});

describe("messages that say what to do", () => {
  it("no compiler", () => {
    expect(() => findCompiler({ PATH: root })).toThrow(/no C\+\+ compiler found.*apt install g\+\+.*xcode-select/);
    expect(() => findCompiler({ PATH: root, CXX: "icpc" })).toThrow(/CXX names does not run \(icpc\)/);
  });
  it("no headers of Node", () => {
    const missing = () => {
      throw new Error("not found");
    };
    expect(() => findNodeHeaders(missing, join(root, "bin", "node"))).toThrow(/node_api\.h\) are missing: run npm ci/);
  });
  it("no GPU driver", () => {
    expect(() => requireGpuDriver({ present: false, cards: [] })).toThrow(/no NVIDIA driver found.*--cpu/);
    expect(findGpuDriver({ PATH: root }).cards).toEqual([]);
  });
  it("no disk", () =>
    expect(() => checkDisk(root, 1e18)).toThrow(/not enough disk space: 1000000000.00 GB are needed/));
  it("a wheel that is not there, of another project, or for another machine", async () => {
    const platform = { system: "linux", machine: "x86_64", glibc: [2, 36] } as Parameters<typeof takeWheel>[1];
    await expect(takeWheel(join(root, "no.whl"), platform)).rejects.toThrow(/no such file; --wheel takes/);
    const numpy = join(root, "numpy-2.0.0-cp311-cp311-manylinux_2_27_x86_64.whl");
    writeFileSync(numpy, "x");
    await expect(takeWheel(numpy, platform)).rejects.toThrow(/wheel of another project/);
    const arm = join(root, "tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl");
    writeFileSync(arm, "x");
    await expect(takeWheel(arm, platform)).rejects.toThrow(/cannot be used here: it is for aarch64/);
  });
  it("a wheel whose hash is not the known one", async () => {
    const known = join(root, "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl");
    writeFileSync(known, "x");
    const platform = { system: "linux", machine: "x86_64", glibc: [2, 36] } as Parameters<typeof takeWheel>[1];
    await expect(takeWheel(known, platform)).rejects.toThrow(/has SHA-256 .* delete it and download it again/);
  });
  it("a GPU that TensorFlow does not use", () => {
    const warning = "W0000 00:00:1795422366.4 13 gpu_device.cc:2431] Cannot dlopen some GPU libraries. Skipping.";
    const older =
      "2026-01-01 10:00:00.1: W tensorflow/core/gpu_device.cc:1960] Could not find cuda drivers on your machine";
    expect(explainMissingGpu(`I0000 port.cc:1] oneDNN\n${warning}`)).toBe(
      "Cannot dlopen some GPU libraries. Skipping.",
    );
    expect(explainMissingGpu(older)).toBe("Could not find cuda drivers on your machine");
    expect(explainMissingGpu("I0000 00:00:1 1 x.cc:1] GPU found")).toBeUndefined();
  });
  it("an addon that does not load", () => {
    expect(explainFailure("", "SIGILL")).toMatch(/lacks AVX/);
    expect(explainFailure("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found", null)).toMatch(
      /too old \(GLIBCXX_3\.4\.32/,
    );
    expect(explainFailure("Error: libgomp.so.1: cannot open shared object file: No such file", null)).toMatch(
      /library libgomp.so.1 is missing/,
    );
    expect(explainFailure("", "SIGKILL")).toMatch(/not enough memory/);
    expect(explainFailure("\nnode:internal\nError: something else\n at x", null)).toBe("Error: something else");
  });
});

describe("what is installed", () => {
  const manifest = (): Manifest => ({
    format: 1,
    tensorflow: "2.21.0",
    device: "cpu",
    package: "4.22.0",
    wheels: [],
    compiler: "c++",
    libraries: "deps/tensorflow-2.21.0-cpu-abcdef",
    files: [{ path: ADDON, size: 5, sha256: createHash("sha256").update("addon").digest("hex") }],
    proof: { version: "2.21.0", devices: ["CPU"], largestDeviation: 0, gigaflops: 1 },
    installedAt: "2026-01-01T00:00:00.000Z",
  });
  const put = () => {
    mkdirSync(dirname(join(packageFolder, ADDON)), { recursive: true });
    writeFileSync(join(packageFolder, ADDON), "addon");
    writeManifest(packageFolder, manifest());
  };

  it("is told without loading it", () => {
    expect(findTensorflowAddon(packageFolder)).toMatchObject({
      installed: false,
      why: expect.stringMatching(/npm run setup:tensorflow/),
    });
    put();
    expect(findTensorflowAddon(packageFolder)).toEqual({
      installed: true,
      why: "TensorFlow 2.21.0 for CPU",
      version: "2.21.0",
      device: "cpu",
    });
    writeFileSync(join(packageFolder, ADDON), "addon, longer");
    expect(findTensorflowAddon(packageFolder)).toMatchObject({
      installed: false,
      why: expect.stringMatching(/missing or damaged/),
    });
    rmSync(join(packageFolder, MANIFEST));
    expect(findTensorflowAddon(packageFolder)).toEqual({ installed: true, why: "the addon of the package itself" });
  });

  it("is checked by content", async () => {
    put();
    expect(await findChangedFile(packageFolder, manifest())).toBeUndefined();
    writeFileSync(join(packageFolder, ADDON), "adonn");
    expect(await findChangedFile(packageFolder, manifest())).toBe(ADDON);
  });

  it("goes away without a trace, and an addon that was there before comes back", () => {
    put();
    writeFileSync(join(packageFolder, `${ADDON}.stock`), "stock");
    mkdirSync(join(packageFolder, manifest().libraries), { recursive: true });
    expect(uninstallTensorflow(packageFolder)?.tensorflow).toBe("2.21.0");
    expect(readFileSync(join(packageFolder, ADDON), "utf8")).toBe("stock");
    expect(existsSync(join(packageFolder, MANIFEST))).toBe(false);
    expect(existsSync(join(packageFolder, "deps"))).toBe(false);
    expect(uninstallTensorflow(packageFolder)).toBeUndefined();
  });
});

/** A TensorFlow wheel that is on this machine: the setup keeps the one that it used. */
function wheelOnThisMachine(): string | undefined {
  const folder = cacheFolder();
  const name = existsSync(folder)
    ? readdirSync(folder).find((file) => /^tensorflow(_cpu)?-.*\.whl$/.test(file))
    : undefined;
  return name && join(folder, name);
}

const wheel = wheelOnThisMachine();
if (!wheel)
  console.warn(
    `NOT TESTED: building the addon for real, since there is no TensorFlow wheel in ${cacheFolder()} (npm run setup:tensorflow puts one there)`,
  );

describe.runIf(wheel && realPackage && onLinux)("the real thing", () => {
  it("is built, proved, found in order, repaired and removed", async () => {
    const before = tree(dirname(packageFolder));
    const manifest = await install(wheel!);
    expect(manifest.proof.version).toBe(manifest.tensorflow);
    expect(manifest.proof.largestDeviation).toBeLessThan(1e-5);
    expect(manifest.proof.gigaflops).toBeGreaterThan(1);
    expect(readManifest(packageFolder)).toEqual(manifest);
    expect(await findChangedFile(packageFolder, manifest)).toBeUndefined();
    expect(findTensorflowAddon(packageFolder).version).toBe(manifest.tensorflow);
    expect(proveAddon(packageFolder).version).toBe(manifest.tensorflow);
    // Nothing but the addon, its manifest and the libraries has been added.
    const added = tree(packageFolder).filter((path) => !before.includes(join("tfjs-node-gpu", path)));
    expect(added.filter((path) => !/^(lib|deps)(\/|$)/.test(path))).toEqual([]);
    uninstallTensorflow(packageFolder);
    expect(findTensorflowAddon(packageFolder).installed).toBe(false);
    expect(tree(dirname(packageFolder))).toEqual(before);
  }, 400_000);
});
