// Which npm packages are missing of those that package-lock.json pins for this machine. Plain JavaScript without
// packages: it has to run where there are none.
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

const ROOT = join(__dirname, "..", "..");

/**
 * The packages that the project needs and does not find: its own, and of these the ones that hold their binary for this
 * machine, which npm leaves out with --omit=optional. What is optional for the project itself is not among them.
 *
 * @param root folder of the project
 * @param isNeeded which of its own packages count
 * @returns names, sorted
 */
function missingPackages(root = ROOT, isNeeded = () => true) {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const places = ["node_modules", "lib/node_modules"].map((folder) => join(root, folder));
  const lacks = (name) => !places.some((folder) => existsSync(join(folder, name, "package.json")));
  const own = Object.keys({ ...dependencies, ...devDependencies }).filter(isNeeded);
  const binaries = own
    .flatMap((name) => Object.keys(lock[`node_modules/${name}`]?.optionalDependencies ?? {}))
    .filter((name) => lacks(name) && isForThisMachine(lock[`node_modules/${name}`] ?? {}));
  return [...new Set([...own.filter(lacks), ...binaries])].sort();
}

/** What is needed to build and to run: not the tools of those who change the project. */
function neededToRun(name) {
  const { dependencies } = require("../../package.json");
  return name in dependencies || name === "typescript" || name.startsWith("@types/");
}

/** By the systems, processors and C libraries that a package says it is for; only those with binaries say it. */
function isForThisMachine({ os, cpu, libc }) {
  if (!os?.includes(process.platform) || !cpu?.includes(process.arch)) return false;
  return !libc || libc.includes(cLibrary());
}

function cLibrary() {
  process.report.excludeNetwork = true; // which takes a second
  return process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
}

/** One line on what to do about packages that are missing; they are named, as far as a line can. */
function describeMissing(missing) {
  const shown = missing.length > 8 ? [...missing.slice(0, 7), `and ${missing.length - 7} more`] : missing;
  return `npm packages are missing: ${shown.join(", ")}; bring them with: npm ci --include=dev --include=optional`;
}

module.exports = { missingPackages, neededToRun, describeMissing };
