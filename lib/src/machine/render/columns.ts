import { UserError } from "../support/errors";

/** What a cell of a table holds; null where there is nothing, or no such number. */
export type Cell = string | number | boolean | null;

/** What all cells of a column are that are not null. */
export type ColumnKind = "text" | "integer" | "number" | "boolean";

/** Columns whose kind must not hang on what happens to be in them; all others that hold nothing are numbers. */
const KINDS: Record<string, ColumnKind> = {
  ...{ origin: "text", model: "text", prompt: "text", quantity: "text", method: "text", label: "text", note: "text" },
  ...{ shuffle: "integer", layer: "integer", parameter: "integer", n: "integer" },
};

/** A column of a table, in eight bytes a cell: the number, or the place of the text among all that differ; NaN for null. */
export class Column {
  length = 0;
  private cells = new Float64Array(64);
  private type?: string;
  /** Whether all numbers are integers of 32 bits. */
  private isWhole = true;
  private readonly texts: string[] = [];
  private readonly places = new Map<string, number>();

  constructor(readonly name: string) {}

  get kind(): ColumnKind {
    if (this.type === "string") return "text";
    if (this.type === "boolean") return "boolean";
    const known = KINDS[this.name] ?? "number";
    return this.type === "number" && !(known === "integer" && this.isWhole) ? "number" : known;
  }

  at(row: number): Cell {
    const cell = this.cells[row];
    if (Number.isNaN(cell)) return null;
    if (this.type === "string") return this.texts[cell];
    return this.type === "boolean" ? cell === 1 : cell;
  }

  /** @throws UserError if it is no text, number or truth value, or another of them than what was there before */
  add(value: unknown): void {
    if (this.length === this.cells.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.cells);
      this.cells = larger;
    }
    this.cells[this.length++] = value === null || value === undefined ? Number.NaN : this.coded(value);
  }

  /** Adds nulls. */
  fillTo(length: number): void {
    while (this.length < length) this.add(null);
  }

  private coded(value: unknown): number {
    if (Number.isNaN(value)) return Number.NaN;
    this.type ??= typeof value;
    if (typeof value !== this.type || !["string", "number", "boolean"].includes(this.type)) {
      const both = typeof value === this.type ? `${this.type}s` : `${this.type}s and ${typeof value}s`;
      throw new UserError(`the column ${this.name} holds ${both}; it can hold strings, or numbers, or booleans`);
    }
    if (typeof value !== "string") {
      this.isWhole &&= value === ((value as number) | 0);
      return Number(value);
    }
    const place = this.places.get(value) ?? this.texts.push(value) - 1;
    this.places.set(value, place);
    return place;
  }
}

/** The columns of rows, in the order in which they are first there; what a row lacks is null. @throws UserError as {@link Column.add} */
export function columnsOf(rows: Iterable<object>): Column[] {
  const columns = new Map<string, Column>();
  let count = 0;
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const column = columns.get(name) ?? new Column(name);
      columns.set(name, column);
      column.fillTo(count);
      column.add(value);
    }
    count++;
  }
  for (const column of columns.values()) column.fillTo(count);
  return [...columns.values()];
}

/** The cells of a column from one row to another. */
export function cellsOf(column: Column, from = 0, to: number = column.length): Cell[] {
  return Array.from({ length: Math.min(to, column.length) - from }, (_, i) => column.at(from + i));
}
