import { RowSource, SOURCE } from "../../lib/src/results/row";

class MadeUp extends RowSource {
  readonly notes = ["Made up."];
  readonly provenance = { published: { "made up": "é" } };
}

const source = new MadeUp();
const row = (prompt: string | null, layer: number | null, value: number, more: object = {}) => ({
  ...{ origin: "store", model: 'a, "b"\nc', prompt, shuffle: 0, layer, depth: layer === null ? null : layer / 3 },
  ...{ quantity: "intrinsicDimension", parameter: 2, value, error: null, bos: layer === null ? null : layer > 1 },
  ...more,
  [SOURCE]: source,
});

/** Rows that are easily read as something else: names that are numbers or say "missing", numbers that do not exist, no error at all. */
export const HARD_ROWS: object[] = [
  row("0012", null, Number.NaN, { quantity: "loss", parameter: null }),
  row("0013", 0, 0.1 + 0.2),
  row("NA", 1, 1.2345678901234568e-5, { shuffle: 5 }),
  row("null", 2, Number.MAX_SAFE_INTEGER + 1, { shuffle: 5 }),
  row("é 🐢", 3, 1e-300),
  row(null, 3, -1.7976931348623157e308, { parameter: null }),
];

/** What each column holds, whatever is in it. */
export const HARD_KINDS: Record<string, "text" | "integer" | "number" | "boolean"> = {
  ...{ origin: "text", model: "text", prompt: "text", shuffle: "integer", layer: "integer", depth: "number" },
  ...{ quantity: "text", parameter: "integer", value: "number", error: "number", bos: "boolean" },
};

/** Rows as they are to be read: a number that does not exist is null. */
export function asRead(rows: readonly object[]): Record<string, unknown>[] {
  return rows.map((one) => {
    return Object.fromEntries(Object.entries(one).map(([name, cell]) => [name, Number.isNaN(cell) ? null : cell]));
  });
}

export const READ_ROWS: Record<string, unknown>[] = asRead(HARD_ROWS);
