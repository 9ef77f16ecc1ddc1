/** What CONTRIBUTING.md promises of the layout, checked. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT } from "./support/cli";
import { MUTATIONS, mutated } from "./support/mutations";

const SOURCES = join(PROJECT, "lib/src");

/**
 * Data flows one way: a folder never imports from one further down this list. The story has its folders right in lib/src,
 * the machinery that it stands on in machine/, what people start in programs/.
 */
const ORDER = [
  "machine/support",
  "machine/packages",
  "machine/tables",
  "machine/gguf",
  "machine/hub",
  "machine/backend",
  "prompts",
  "tokens",
  "machine/checkpoint",
  "machine/arrays",
  "model",
  "geometry",
  "statistics",
  "machine/experiment",
  "results",
  "machine/render",
  "figures",
  "machine/notebook",
  "programs/setup",
  "programs/record",
  "programs/gallery",
  "programs/runner",
  "programs/report",
  "programs/doctor",
  "programs/cli",
];

/** Folders of folders. */
const TIERS = ["machine", "programs"];

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

/** The files of lib/src that a file imports. */
function neighborsOf(path: string): string[] {
  return importsOf(path)
    .filter((target) => target.startsWith("."))
    .map((target) => resolve(dirname(path), target))
    .flatMap((target) => [`${target}.ts`, `${target}.d.ts`].filter((file) => sources.includes(file)));
}

/** Files that import one another in a circle, as far as there is one. */
function findCycle(): string[] {
  const done = new Set<string>();
  const follow = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of neighborsOf(path)) {
      const cycle = follow(next, [...way, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of shipped) {
    const cycle = follow(path, []);
    if (cycle.length > 0) return cycle.map(nameOf);
  }
  return [];
}

describe("lib/src", () => {
  test("has the folders that are in the list, each in its place", () => {
    const foldersOf = (folder: string): string[] =>
      readdirSync(join(SOURCES, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name).replaceAll("\\", "/"));
    const folders = foldersOf("").flatMap((folder) => (TIERS.includes(folder) ? foldersOf(folder) : [folder]));
    expect(folders.sort()).toEqual([...ORDER].sort());
  });

  test("no folder imports from one further down", () => {
    const folderOf = (path: string) => {
      const parts = relative(SOURCES, path).replaceAll("\\", "/").split("/");
      return parts.slice(0, TIERS.includes(parts[0]) ? 2 : 1).join("/");
    };
    const inFolders = shipped.filter((path) => dirname(path) !== SOURCES);
    const edges = inFolders.flatMap((path) => neighborsOf(path).map((imported) => [path, imported]));
    const wrong = edges.filter(([path, imported]) => {
      const [place, other] = [path, imported].map((file) => ORDER.indexOf(folderOf(file)));
      return other > place;
    });
    expect(wrong.map((edge) => edge.map(nameOf).join(" -> "))).toEqual([]);
    expect(edges.length).toBeGreaterThan(1000); // The imports were found at all.
  });

  test("no files import one another in a circle, not even types", () => {
    expect(findCycle()).toEqual([]);
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

  test("the citation, the changelog and the library have one version", () => {
    const versionIn = (file: string, pattern: RegExp) => pattern.exec(readFileSync(join(PROJECT, file), "utf8"))?.[1];
    expect(versionIn("CITATION.cff", /^version: (\S+)$/m)).toBe(root.version);
    expect(versionIn("CHANGELOG.md", /^## (?:Unreleased \()?([\d.]+)/m)).toBe(root.version);
    expect(JSON.parse(readFileSync(join(PROJECT, "lib/package.json"), "utf8")).version).toBe(root.version);
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

test("the changes that the guards have to notice can still be made", () => {
  expect(() => MUTATIONS.forEach((mutation) => void mutated(PROJECT, mutation))).not.toThrow();
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
