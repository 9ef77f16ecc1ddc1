/** The tables of docs/models.md name what is registered: all families, all architectures of GGUF files, and nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GGUF_ARCHITECTURES } from "../lib/src/machine/checkpoint/gguf/architectures";
import { FAMILIES } from "../lib/src/model/families";
import { PROJECT } from "./support/cli";

const LINES = readFileSync(join(PROJECT, "docs/models.md"), "utf8").split("\n");

/** The names in code font in a column of the table that begins with a line, sorted. */
function namesIn(heading: string, column: number): string[] {
  const rows = LINES.slice(LINES.findIndex((line) => line.startsWith(heading)) + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  const cells = rows.slice(0, end).map((row) => row.split("|")[column]);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).sort();
}

test("families", () => {
  expect(namesIn("| family |", 2)).toEqual(FAMILIES.map(({ modelType }) => modelType).sort());
});

test("architectures of GGUF files", () => {
  expect(namesIn("| `general.architecture` |", 1)).toEqual(GGUF_ARCHITECTURES.map(({ name }) => name).sort());
});
