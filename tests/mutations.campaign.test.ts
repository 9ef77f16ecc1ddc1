/**
 * A suite is worth what it notices. Each mutation changes one definition in a copy of the library; the tests that guard it
 * are run against the copy and have to fail. Without a mutation they have to pass.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GEOMETRY, MODELS, MUTATIONS, mutated } from "./support/mutations";
import { copyOfProject, countsOf, runTests } from "./support/projectCopy";

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
    writeFileSync(join(folder, mutation.file), mutated(folder, mutation));
    const { status, output } = await runTests(folder, mutation.noticedBy);
    expect(status).toBe(1);
    expect(countsOf(output).failed, output).toBeGreaterThan(0);
    expect(output).toMatch(/AssertionError: .*expected/); // Noticed by its numbers, not by breaking down.
  });
});
