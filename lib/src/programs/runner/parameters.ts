import { UserError } from "../../machine/support/errors";
import { parseJson, shown } from "../../machine/support/json";
import { type Cell, hasTag, type Notebook } from "./notebook";

/** A value that can be set from the command line. */
export type ParameterValue = string | number | boolean | ParameterValue[];

type Kind = "string" | "number" | "boolean" | "array";

/** A parameter that a notebook declares. */
export interface Parameter {
  name: string;
  kind: Kind;
  /** Of arrays: what the items are, undefined if neither the default nor the type says it. */
  itemKind?: Kind;
  /** The default as it is written in the notebook. */
  defaultText: string;
}

/** In characters. In a much longer cell the search for declarations would take hours if somebody wants it to. */
const LONGEST_CELL = 100_000;

/** Lists inside of lists. */
const DEEPEST_LIST = 20;

const DECLARATION = /^[ \t]*let\s+([A-Za-z_$][\w$]*)[ \t]*(?::([^=\n]*))?=[ \t]*/gm;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`/y;
const NUMBER = /[-+]?(?:0x[\da-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?)/iy;
const BOOLEAN = /(?:true|false)\b/y;
const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const REST_OF_STATEMENT = /[ \t]*(?:as [^;\n]*)?[ \t]*(?:;|\/\/|\/\*|\r?\n|$)/y;

/**
 * The parameters that a cell declares: `let NAME = literal;` or `let NAME: type = literal;` at the start of a line, where
 * a literal is a string, a number, true, false, or a list of such. Other statements are left alone.
 */
export function parseParameters(source: string): Parameter[] {
  const parameters: Parameter[] = [];
  for (const match of source.matchAll(DECLARATION)) {
    const start = match.index + match[0].length;
    const literal = readLiteral(source, start);
    if (!literal || endOf(REST_OF_STATEMENT, source, literal.end) === undefined) continue;
    const [, name, type] = match;
    const parameter: Parameter = { name, kind: literal.kind, defaultText: source.slice(start, literal.end) };
    if (literal.kind === "array") {
      const declared = /^\s*(?:readonly\s+)?(string|number|boolean)\[\]\s*$/.exec(type ?? "")?.[1];
      parameter.itemKind = literal.itemKind ?? (declared as Kind | undefined);
    }
    parameters.push(parameter);
  }
  return parameters;
}

/** The parameters of a notebook: those of its cells with the tag `parameters`. @throws UserError if one is far too long */
export function notebookParameters(notebook: Notebook): Parameter[] {
  return notebook.cells.filter(isParametersCell).flatMap(({ id, source }) => {
    if (source.length <= LONGEST_CELL) return parseParameters(source);
    throw new UserError(`the cell ${id} of parameters has ${source.length} characters, more than ${LONGEST_CELL}`);
  });
}

/**
 * A value as it was typed on the command line, in the type of the parameter's default: text needs no quotes, a list is
 * JSON or separated by commas.
 *
 * @throws UserError if it cannot be read as that type
 */
export function convertValue(parameter: Parameter, text: string): ParameterValue {
  const { name, kind, itemKind } = parameter;
  if (kind !== "array") {
    const value = convertScalar(kind, text);
    if (value !== undefined) return value;
    const wanted = kind === "number" ? "a number" : "true or false";
    throw new UserError(`parameter ${name} must be ${wanted}, not ${shown(text)}`);
  }
  const items = text.trim().startsWith("[")
    ? parseJsonList(text)
    : text.split(",").filter((item) => item.trim() !== "");
  const values = items?.map((item) => (typeof item === "string" ? convertItem(itemKind, item) : item));
  const wellTyped = (value: unknown) => isValue(value) && (itemKind === undefined || kindOf(value) === itemKind);
  if (values?.every(wellTyped)) return values as ParameterValue[];
  const wanted = `a list${itemKind ? ` of ${itemKind}s` : ""}, as in ${name}=1,2,3 or ${name}='["a","b"]'`;
  throw new UserError(`parameter ${name} must be ${wanted}, not ${shown(text)}`);
}

/**
 * The notebook with a cell tagged `injected-parameters` after the one tagged `parameters` (in place of an older one).
 * The convention is papermill's.
 */
export function injectParameters(notebook: Notebook, values: Record<string, ParameterValue>): Notebook {
  const assignments = Object.entries(values).map(([name, value]) => `  ${name} = ${JSON.stringify(value)};`);
  if (assignments.length === 0) return notebook;
  const cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  let id = "injected-parameters";
  while (cells.some((cell) => cell.id === id)) id += "-";
  const injected: Cell = {
    cell_type: "code",
    id,
    metadata: { tags: ["injected-parameters"] },
    // In a block, since tslab shows the value of an expression that ends a cell.
    source: ["// Parameters of this run", "{", ...assignments, "}"].join("\n"),
    execution_count: null,
    outputs: [],
  };
  cells.splice(cells.findLastIndex(isParametersCell) + 1, 0, injected);
  return { ...notebook, cells };
}

function isParametersCell(cell: Cell): boolean {
  return cell.cell_type === "code" && hasTag(cell, "parameters");
}

interface Literal {
  kind: Kind;
  itemKind?: Kind;
  /** Index after the literal. */
  end: number;
}

function readLiteral(source: string, start: number, depth = 0): Literal | undefined {
  const scalars: [Kind, RegExp][] = [
    ["string", STRING],
    ["number", NUMBER],
    ["boolean", BOOLEAN],
  ];
  for (const [kind, pattern] of scalars) {
    const end = endOf(pattern, source, start);
    if (end !== undefined) return { kind, end };
  }
  if (source[start] !== "[" || depth > DEEPEST_LIST) return undefined;
  let itemKind: Kind | undefined;
  let position = endOf(BLANK, source, start + 1)!;
  while (source[position] !== "]") {
    const item = readLiteral(source, position, depth + 1);
    if (!item) return undefined;
    itemKind ??= item.kind;
    position = endOf(BLANK, source, item.end)!;
    if (source[position] === ",") position = endOf(BLANK, source, position + 1)!;
    else if (source[position] !== "]") return undefined;
  }
  return { kind: "array", itemKind, end: position + 1 };
}

/** Where a sticky pattern ends that matches at this position, undefined if it does not. */
function endOf(pattern: RegExp, source: string, position: number): number | undefined {
  pattern.lastIndex = position;
  return pattern.test(source) ? pattern.lastIndex : undefined;
}

function convertScalar(kind: Kind, text: string): ParameterValue | undefined {
  if (kind === "string") return /^(?:".*"|'.*')$/s.test(text) ? text.slice(1, -1) : text;
  const trimmed = text.trim();
  if (kind === "boolean") return trimmed === "true" || (trimmed === "false" ? false : undefined);
  const number = Number(trimmed);
  return trimmed !== "" && Number.isFinite(number) ? number : undefined;
}

function convertItem(kind: Kind | undefined, text: string): ParameterValue | undefined {
  if (kind !== undefined) return convertScalar(kind, text.trim());
  return convertScalar("number", text) ?? convertScalar("boolean", text) ?? text.trim();
}

function parseJsonList(text: string): unknown[] | undefined {
  try {
    return parseJson(text) as unknown[];
  } catch {
    return undefined;
  }
}

/** JSON can hold more than parameters can be: null, objects, and 1e999, which is no number there is. */
function isValue(value: unknown): value is ParameterValue {
  if (Array.isArray(value)) return value.every(isValue);
  return typeof value === "number" ? Number.isFinite(value) : typeof value === "string" || typeof value === "boolean";
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}
