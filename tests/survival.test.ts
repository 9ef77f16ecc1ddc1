/**
 * Whatever ends a run, at whatever instant: no result is lost, damaged, computed twice or wrong, nothing is left lying about,
 * and the next run does the rest. `npm run survive` kills many more; docs/robustness.md says what that found.
 */
import { expect, test } from "vitest";
import { temporaryFolder } from "./support/notebooks";
import { killManyTimes } from "./survival/campaign";

/** Set by `npm run survive`. */
const kills = Number(process.env.TOKEN_GEOMETRY_KILLS ?? 30);
const seed = Number(process.env.TOKEN_GEOMETRY_KILL_SEED ?? 1);

test("kill -9 of runs and workers, at random instants", { timeout: 3_600_000 }, async () => {
  const report = await killManyTimes(temporaryFolder(), kills, seed);
  expect(report.kills).toBeGreaterThanOrEqual(kills);
  expect(report.found.join("\n")).toMatch(/\d+ begun by runs that did not end them/);
  if (process.env.TOKEN_GEOMETRY_KILLS) console.log(JSON.stringify({ ...report, found: report.found.length }));
});
