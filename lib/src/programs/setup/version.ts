/** A version as numbers: "12.5.3.2" is [12, 5, 3, 2]; what follows a letter, "+" or "-" does not count. */
function numbersOf(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version.trim())?.[0] ?? "0").split(".").map(Number);
}

/** Negative if the first version is older than the second, 0 if they are the same release, positive if newer. */
export function compareVersions(first: string, second: string): number {
  const [a, b] = [numbersOf(first), numbersOf(second)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version is a plain release: no alpha, beta, candidate or development build. */
export function isRelease(version: string): boolean {
  return /^\d+(\.\d+)*(\.post\d+)?$/.test(version);
}

/**
 * Whether a version meets a specifier such as "<13.0,>=12.5.3.2" (an empty one is met by all).
 * Source: the Python packaging specifications, "Version specifiers"; "===" and pre-releases are left out.
 */
export function meetsSpecifier(version: string, specifier: string): boolean {
  return specifier
    .split(",")
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "")
    .every((clause) => {
      const [, operator, wanted] = /^(~=|==|!=|<=|>=|<|>)\s*(.+)$/.exec(clause) ?? [];
      if (!operator) return false;
      if (operator === "~=") {
        const series = numbersOf(wanted).slice(0, -1);
        return compareVersions(version, wanted) >= 0 && startsWith(numbersOf(version), series);
      }
      if (wanted.endsWith(".*")) return startsWith(numbersOf(version), numbersOf(wanted)) === (operator === "==");
      const order = compareVersions(version, wanted);
      return {
        "==": order === 0,
        "!=": order !== 0,
        "<=": order <= 0,
        ">=": order >= 0,
        "<": order < 0,
        ">": order > 0,
      }[operator as "=="];
    });
}

function startsWith(version: number[], series: number[]): boolean {
  return series.every((number, index) => (version[index] ?? 0) === number);
}

/** One requirement of a wheel. */
export interface Requirement {
  project: string;
  specifier: string;
}

/**
 * The CUDA libraries that a TensorFlow wheel asks for in its extra "and-cuda".
 * @param metadata the wheel's METADATA file
 */
export function cudaRequirements(metadata: string): Requirement[] {
  const requirements: Requirement[] = [];
  for (const [, project, specifier] of metadata.matchAll(
    /^Requires-Dist:\s*([\w.-]+)\s*\(?([^;)\n]*)\)?\s*;.*extra\s*==\s*["']and-cuda["']/gm,
  )) {
    // The compiler is for just-in-time compiled graphs (XLA), which tfjs never makes.
    if (!project.includes("nvcc")) requirements.push({ project, specifier: specifier.replaceAll(/\s/g, "") });
  }
  return requirements;
}
