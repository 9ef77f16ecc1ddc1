/**
 * A suite is worth what it notices. Each mutation changes one definition in a copy of the library; the tests that guard it
 * are run against the copy and have to fail. Without a mutation they have to pass.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copyOfProject, countsOf, runTests } from "./support/projectCopy";

interface Mutation {
  what: string;
  file: string;
  /** Has to occur exactly once. */
  from: string;
  to: string;
  /** The tests that have to notice: a file, and which of its tests (enough to notice, few enough to be quick). */
  noticedBy: [file: string, names: string];
}

const GEOMETRY: [string, string] = [
  "lib/src/geometry/geometry.test.ts",
  "\\[wasm\\] (gaussian-5d|near-duplicates|noisy)",
];
const MODELS: [string, string] = ["tests/models.test.ts", "\\[wasm\\] (llama-gqa|gpt-neox-parallel)$"];

const GEMMA: [string, string] = ["tests/models.test.ts", "\\[wasm\\] gemma3-text-(layer-types|pattern)$"];

const GRIDE = "lib/src/geometry/gride.ts";

const MUTATIONS: Mutation[] = [
  {
    what: "GRIDE: N' instead of N' - 1 in the closed form",
    file: GRIDE,
    from: "return (count - 1) / sum;",
    to: "return count / sum;",
    noticedBy: GEOMETRY,
  },
  {
    what: "GRIDE: n2 instead of n2 - 1 in the likelihood equation",
    file: GRIDE,
    from: "return (scaling - 1) * sum -",
    to: "return scaling * sum -",
    noticedBy: GEOMETRY,
  },
  {
    what: "GRIDE: no outlier filter",
    file: GRIDE,
    from: "ratios[i] < limit",
    to: "ratios[i] < Number.POSITIVE_INFINITY",
    noticedBy: GEOMETRY,
  },
  {
    what: "RoPE: pairs of neighboring features instead of halves",
    file: "lib/src/model/rotary.ts",
    from: "tf.concat3d([features(half, half), features(0, half)], 1)",
    to: "tf.reshape(tf.reverse(tf.reshape(features(0, dimensions), [-1, 2, heads.shape[2]]), 1), [-1, dimensions, heads.shape[2]])",
    noticedBy: MODELS,
  },
  {
    what: "RoPE: turned the other way round",
    file: "lib/src/model/rotary.ts",
    from: "cosine: tf.tensor2d(cosine, shape), sine: tf.tensor2d(sine, shape)",
    to: "cosine: tf.tensor2d(cosine, shape), sine: tf.tensor2d(sine.map((value) => -value), shape)",
    noticedBy: MODELS,
  },
  {
    what: "Gemma 3: norm weights taken as they are stored",
    file: "lib/src/model/norms.ts",
    from: "addend === 0 ? weight : tf.add(weight, addend)",
    to: "addend === 0 ? weight : weight",
    noticedBy: GEMMA,
  },
  {
    what: "the rotary base of the other kind of layers",
    file: "lib/src/model/slidingWindow.ts",
    from: "rotary: windowRotary, slidingWindow: window",
    to: "rotary, slidingWindow: window",
    noticedBy: GEMMA,
  },
  {
    what: "neighborhood overlap: Jaccard index instead of the share of k",
    file: "lib/src/geometry/neighborhoodOverlap.ts",
    from: "count / (k + 1) / from.points",
    to: "count / (2 * (k + 1) * from.points - count)",
    noticedBy: GEOMETRY,
  },
];

function mutate(folder: string, { file, from, to }: Mutation): void {
  const path = join(folder, file);
  const parts = readFileSync(path, "utf8").split(from);
  expect(parts.length, `${file} no longer holds the line that is to be changed: ${from}`).toBe(2);
  writeFileSync(path, parts.join(to));
}

describe("the guards", () => {
  test("pass on an unchanged copy", async () => {
    const folder = copyOfProject();
    for (const guard of [GEOMETRY, MODELS]) {
      const { status, output } = await runTests(folder, guard);
      expect(status, output).toBe(0);
      expect(countsOf(output).passed).toBeGreaterThan(1);
    }
  });

  test.each(MUTATIONS)("notice $what", async (mutation) => {
    const folder = copyOfProject();
    mutate(folder, mutation);
    const { status, output } = await runTests(folder, mutation.noticedBy);
    expect(status).toBe(1);
    expect(countsOf(output).failed, output).toBeGreaterThan(0);
    expect(output).toMatch(/AssertionError: .*expected/); // Noticed by its numbers, not by breaking down.
  });
});
