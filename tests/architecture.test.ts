/** What CONTRIBUTING.md promises of the layout, checked. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT } from "./support/cli";

const SOURCES = join(PROJECT, "lib/src");

/** Data flows one way: a folder never imports from one further down this list. */
const ORDER = [
  "support",
  "packages",
  "gguf",
  "hub",
  "setup",
  "backend",
  "prompts",
  "tokens",
  "checkpoint",
  "model",
  "geometry",
  "statistics",
  "experiment",
  "results",
  "figures",
  "notebook",
  "record",
  "runner",
  "report",
  "doctor",
  "cli",
];

const LONGEST_FILE = 300;

/** Folders that hold nothing of ours. */
const FOREIGN = new Set([".git", "node_modules", "dist", "out", "store", ".ipynb_checkpoints", "fixtures"]);

/** All files below a folder, apart from what is foreign. */
function allFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (FOREIGN.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? allFiles(path) : [path];
  });
}

/** The files of the project, without what a user has put beside them: those that git knows, if this is a clone. */
function ownFiles(): string[] {
  try {
    const listed = execFileSync("git", ["ls-files", "-z"], {
      cwd: PROJECT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 1e8,
    });
    const names = listed.split("\0");
    return names.filter((name) => name !== "" && existsSync(join(PROJECT, name))).map((name) => join(PROJECT, name));
  } catch {
    return allFiles(PROJECT);
  }
}

const sources = allFiles(SOURCES).filter((path) => path.endsWith(".ts"));
const shipped = sources.filter((path) => !path.endsWith(".test.ts"));
const nameOf = (path: string) => relative(PROJECT, path).replaceAll("\\", "/");

/** What a file imports, by `import`, `export from` and `require`. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const patterns = [
    /^(?:import|export)\b[^;]*?\bfrom "([^"]+)"/gm,
    /^import "([^"]+)"/gm,
    /\b(?:require|import)\("([^"]+)"\)/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, target]) => target));
}

describe("lib/src", () => {
  test("has the folders that are in the list, each in its place", () => {
    const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) expect(ORDER, `where does ${name} belong?`).toContain(name);
  });

  test("no folder imports from one further down", () => {
    const folderOf = (path: string) => relative(SOURCES, path).replaceAll("\\", "/").split("/")[0];
    const wrong: string[] = [];
    let edges = 0;
    for (const path of shipped.filter((path) => dirname(path) !== SOURCES)) {
      for (const target of importsOf(path).filter((target) => target.startsWith("."))) {
        const imported = resolve(dirname(path), target);
        if (!imported.startsWith(SOURCES)) continue; // ../package.json
        edges++;
        if (ORDER.indexOf(folderOf(imported)) > ORDER.indexOf(folderOf(path)))
          wrong.push(`${nameOf(path)} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(edges).toBeGreaterThan(100); // The imports were found at all.
  });

  test(`no file is longer than ${LONGEST_FILE} lines`, () => {
    const lengths = sources.map((path) => [nameOf(path), readFileSync(path, "utf8").split("\n").length - 1] as const);
    expect(lengths.filter(([, length]) => length > LONGEST_FILE)).toEqual([]);
  });
});

describe("packages", () => {
  const root = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
  const sections = ["dependencies", "optionalDependencies", "devDependencies"];
  const named = sections.flatMap((section) => Object.keys(root[section] ?? {}));
  const running = [...Object.keys(root.dependencies), ...Object.keys(root.optionalDependencies)];

  test("each says in environment.md or CONTRIBUTING.md what it is for", () => {
    const text = ["environment.md", "CONTRIBUTING.md"]
      .map((name) => readFileSync(join(PROJECT, name), "utf8"))
      .join("\n");
    const words = new Set(text.match(/@?[\w.-]+(?:\/[\w.*-]+)?/g));
    const isJustified = (name: string) => words.has(name) || (name.startsWith("@types/") && words.has("@types/*"));
    expect(named.filter((name) => !isJustified(name))).toEqual([]);
  });

  test("versions are exact", () => {
    const versions = sections.flatMap((section) => Object.entries<string>(root[section] ?? {}));
    expect(versions.filter(([, version]) => !/^(\d+\.\d+\.\d+|file:.*)$/.test(version))).toEqual([]);
  });

  test("the library imports only what is named for running it", () => {
    // The user may have installed this one instead of tfjs-node-gpu.
    const known = new Set([...running, ...builtinModules, "@tensorflow/tfjs-node", "token-geometry"]);
    const unknown = shipped.flatMap((path) =>
      importsOf(path)
        .filter((target) => !target.startsWith(".") && !target.startsWith("node:"))
        .map((target) =>
          target
            .split("/")
            .slice(0, target.startsWith("@") ? 2 : 1)
            .join("/"),
        )
        .filter((name) => !known.has(name))
        .map((name) => `${nameOf(path)}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

test("nothing points to a place outside the project", () => {
  const user = ["root", "home/\\w+", "Users/\\w+"].map((name) => `/${name}/`);
  const places = new RegExp(["/work/", "/tmp/\\w", ...user].map((place) => `(?<![\\w.~$}])${place}`).join("|"));
  const found: string[] = [];
  for (const path of ownFiles()) {
    const bytes = readFileSync(path);
    if (bytes.subarray(0, 8000).includes(0) || path === __filename) continue;
    const line = bytes
      .toString("utf8")
      .split("\n")
      .find((line) => places.test(line));
    if (line) found.push(`${nameOf(path)}: ${line.trim().slice(0, 120)}`);
  }
  expect(found).toEqual([]);
});
