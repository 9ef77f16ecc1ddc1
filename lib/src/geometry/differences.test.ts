/** docs/differences.md: what other programs give (tests/fixtures/make/differences.py) and what this library gives. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { readNpy } from "../machine/support/npy";
import { PROJECT_ROOT } from "../machine/support/project";
import { distinctPoints } from "./distinctPoints";
import { gride } from "./gride";
import { neighbors } from "./neighbors";
import { twoNN } from "./twoNN";

const FIXTURES = join(PROJECT_ROOT, "tests/fixtures/differences");
const known = JSON.parse(readFileSync(join(FIXTURES, "differences.json"), "utf8")) as {
  grid: { n2: number; likelihood: number; dadapy: number };
  likelihood: number;
  copies: Record<string, Record<"dadapy GRIDE" | "dadapy 2NN" | "skdim 2NN", number | null>>;
};
const document = readFileSync(join(PROJECT_ROOT, "docs/differences.md"), "utf8");
const cell = (value: number | null) => (value === null ? "raises" : value.toFixed(4));

/** Uniform in 5 dimensions; the first ones a second time. */
function withCopies(copies: number): Cloud {
  const { data, shape } = readNpy(join(FIXTURES, "uniform-5d.npy"));
  const [points, dimension] = shape;
  const values = new Float32Array((points + copies) * dimension);
  values.set(data);
  values.copyWithin(points * dimension, 0, copies * dimension);
  return { values, points: points + copies, dimension };
}

describe("where other programs give other numbers", () => {
  beforeAll(() => chooseBackend("cpu"));

  test("a grid: the likelihood's maximum", async () => {
    const places = Array.from({ length: 9 ** 3 }, (_, i) => [Math.floor(i / 81), Math.floor(i / 9) % 9, i % 9]);
    const grid = { values: Float64Array.from(places.flat()), points: places.length, dimension: 3 };
    const { n2, likelihood, dadapy } = known.grid;
    const { id } = gride(await neighbors(grid, n2), n2);
    expect(id).toBeCloseTo(likelihood, 8);
    for (const value of [id, likelihood, dadapy]) expect(document).toContain(`| ${cell(value)} |`);
  });

  test.each(Object.keys(known.copies))("%s copies: the dimension of the distinct points", async (copies) => {
    const cloud = withCopies(Number(copies));
    const near = await neighbors(distinctPoints(cloud), 2);
    const { id } = gride(near, 2);
    expect(id).toBeCloseTo(known.likelihood, 8);
    expect(id).toBeCloseTo(known.copies[0]["dadapy GRIDE"]!, 6);
    expect(twoNN(near).fit).toBeCloseTo(known.copies[0]["dadapy 2NN"]!, 6);
    const others = ["dadapy GRIDE", "dadapy 2NN", "skdim 2NN"] as const;
    const columns = [copies, cell(id), ...others.map((name) => cell(known.copies[copies][name]))];
    expect(document).toContain(`| ${columns.join(" | ")} |`);
  });
});
