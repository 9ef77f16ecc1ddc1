import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJsonObject } from "../../machine/support/json";
import { PROJECT_ROOT } from "../../machine/support/project";
import type { Finding } from "./finding";

/** Shared with what has to say it before anything is compiled. */
const { nodeProblem } = require(join(PROJECT_ROOT, "lib/bin/node.js")) as {
  nodeProblem(version: string): string | undefined;
};
const { missingPackages } = require(join(PROJECT_ROOT, "lib/bin/packages.js")) as {
  missingPackages(root: string): string[];
};

/** Node's version against those that work. */
export function checkNode(version: string = process.versions.node): Finding[] {
  const found = `${version} (${process.platform}, ${process.arch})`;
  const todo = nodeProblem(version);
  return [{ name: "Node", state: todo ? "broken" : "ok", found, todo }];
}

/** The npm packages, with their binaries for this machine, against what package-lock.json pins. */
export function checkPackages(root: string = PROJECT_ROOT): Finding[] {
  const lock = readJsonObject(join(root, "package-lock.json")).packages as Record<string, LockedPackage>;
  const direct = readJsonObject(join(root, "package.json"));
  const needed = Object.keys({ ...(direct.dependencies as object), ...(direct.devDependencies as object) });
  const missing = missingPackages(root);
  const other = needed.filter((name) => {
    const locked = lock[`node_modules/${name}`];
    const manifest = join(root, "node_modules", name, "package.json");
    return existsSync(manifest) && !locked?.link && locked?.version !== readJsonObject(manifest).version;
  });
  const facts = { packages: needed.length, missing, other };
  if (missing.length + other.length === 0) {
    return [{ name: "npm packages", state: "ok", found: `${needed.length}, as package-lock.json pins them`, facts }];
  }
  const parts = [
    ...(missing.length > 0 ? [`missing: ${missing.join(", ")}`] : []),
    ...(other.length > 0 ? [`another version than pinned: ${other.join(", ")}`] : []),
  ];
  const state = missing.length > 0 ? "broken" : "note";
  const todo = "npm ci --include=dev --include=optional";
  return [{ name: "npm packages", state, found: parts.join("; "), todo, facts }];
}

interface LockedPackage {
  version?: string;
  /** A package that is a folder of ours. */
  link?: boolean;
}

/** The compiled library against its sources, by time of change. */
export function checkBuild(root: string = PROJECT_ROOT): Finding[] {
  const name = "built library";
  const [sources, built] = [join(root, "lib/src"), join(root, "lib/dist")];
  // The compiler leaves outputs alone that would not change, but notes every run in this file.
  const note = statSync(join(built, ".tsbuildinfo"), { throwIfNoEntry: false });
  if (!note || !existsSync(join(built, "index.js"))) {
    return [{ name, state: "broken", found: "lib/dist is not built", todo: "npm run build" }];
  }
  const stale = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !/\.(test|d)\.ts$/.test(path))
    .filter((path) => statSync(join(sources, path)).mtimeMs > note.mtimeMs);
  if (stale.length === 0) return [{ name, state: "ok", found: "lib/dist is up to date" }];
  const shown = `${stale.slice(0, 3).join(", ")}${stale.length > 3 ? ` and ${stale.length - 3} more` : ""}`;
  const found = `lib/dist is older than lib/src in ${shown}`;
  return [{ name, state: "gap", found, todo: "npm run build", facts: { stale } }];
}
