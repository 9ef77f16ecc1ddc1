import { describe, expect, test } from "vitest";
import { codeCell, notebookOf } from "../../../../tests/support/notebooks";
import { UserError } from "../../machine/support/errors";
import { convertValue, injectParameters, notebookParameters, parseParameters } from "./parameters";

const CELL = `// What is computed
let MODEL = "data/models/llama-mini"; // folder; "=" and ; in comments do no harm
let PROMPTS: number = 1_000;
let RATIO = -.5e-3
let SHUFFLED = true;
let LAYERS: number[] = [
  1, // first
  2, /* second */ 3,
];
let KINDS: ("news" | "code")[] = ['it\\'s [a]; list', "b"];
let EMPTY: string[] = [];
// let COMMENTED_OUT = 1;
const FIXED = 3;
let COMPUTED = 60 * 60;
let TEXT = \`say \${FIXED}\`;
  let indented = 'x' as string;
`;

const byName = new Map(parseParameters(CELL).map((parameter) => [parameter.name, parameter]));
/** A list whose default does not say of what. */
const ANY = { name: "ANY", kind: "array" as const, defaultText: "[]" };
const convert = (name: string, text: string) => convertValue(byName.get(name) ?? ANY, text);

test("literals are parameters; expressions, constants and comments are not", () => {
  expect([...byName.values()]).toMatchObject([
    { name: "MODEL", kind: "string", defaultText: '"data/models/llama-mini"' },
    { name: "PROMPTS", kind: "number", defaultText: "1_000" },
    { name: "RATIO", kind: "number", defaultText: "-.5e-3" },
    { name: "SHUFFLED", kind: "boolean", defaultText: "true" },
    { name: "LAYERS", kind: "array", itemKind: "number" },
    { name: "KINDS", kind: "array", itemKind: "string" },
    { name: "EMPTY", kind: "array", itemKind: "string", defaultText: "[]" },
    { name: "indented", kind: "string" },
  ]);
});

test.each([
  ["MODEL", "data/models/pythia-mini", "data/models/pythia-mini"],
  ["MODEL", "12", "12"],
  ["MODEL", '"quoted one"', "quoted one"],
  ["MODEL", "", ""],
  ["PROMPTS", "8", 8],
  ["PROMPTS", "-1e3", -1000],
  ["SHUFFLED", "false", false],
  ["LAYERS", "4,5", [4, 5]],
  ["LAYERS", "[4, 5.5]", [4, 5.5]],
  ["LAYERS", "7", [7]],
  ["LAYERS", "", []],
  ["KINDS", "news, code", ["news", "code"]],
  ["KINDS", '["a,b"]', ["a,b"]],
  ["EMPTY", "1,2", ["1", "2"]],
])("%s=%s", (name, text, value) => {
  expect(convert(name, text)).toEqual(value);
});

test.each([
  ["PROMPTS", "many", "parameter PROMPTS must be a number"],
  ["PROMPTS", "", "parameter PROMPTS must be a number"],
  ["PROMPTS", "Infinity", "parameter PROMPTS must be a number"],
  ["PROMPTS", "8,5", "parameter PROMPTS must be a number"],
  ["SHUFFLED", "yes", "parameter SHUFFLED must be true or false"],
  ["LAYERS", "1,two", "parameter LAYERS must be a list of numbers"],
  ["LAYERS", '[1,"2x"]', "parameter LAYERS must be a list of numbers"],
  ["LAYERS", "[1,", "parameter LAYERS must be a list of numbers"],
  ["KINDS", "[1]", "parameter KINDS must be a list of strings"],
  ["LAYERS", "[1e999]", "parameter LAYERS must be a list of numbers"],
  ["ANY", "[null]", "parameter ANY must be a list"],
  ["ANY", '[{"__proto__": 1}]', "parameter ANY must be a list"],
  ["ANY", `${"[".repeat(300)}${"]".repeat(300)}`, "parameter ANY must be a list"],
])("%s=%s is refused", (name, text, message) => {
  expect(() => convert(name, text)).toThrow(UserError);
  expect(() => convert(name, text)).toThrow(message);
});

describe("cells that were made to take long", () => {
  test("lists inside of lists without end are no literals", () => {
    expect(parseParameters(`let a = ${"[".repeat(100_000)}`)).toEqual([]);
    expect(parseParameters("let a = [[[[1]]]]")).toMatchObject([{ name: "a", kind: "array" }]);
  });

  test("a cell of megabytes is refused", () => {
    const notebook = notebookOf(codeCell("let a = [/*\n".repeat(100_000), "parameters"));
    expect(() => notebookParameters(notebook)).toThrow("the cell cell-1 of parameters has 1200000 characters");
  });
});

describe("injection", () => {
  const notebook = notebookOf("1", codeCell(CELL, "parameters"), "2");

  test("goes after the cell with the defaults, in place of an older one", () => {
    const once = injectParameters(notebook, { PROMPTS: 4, MODEL: 'a"b' });
    const twice = injectParameters(once, { LAYERS: [1, 2] });
    expect(once.cells.map((cell) => cell.metadata.tags?.[0])).toEqual([
      undefined,
      "parameters",
      "injected-parameters",
      undefined,
    ]);
    expect(once.cells[2].source).toContain('PROMPTS = 4;\n  MODEL = "a\\"b";');
    expect(twice.cells).toHaveLength(4);
    expect(twice.cells[2].source).toContain("LAYERS = [1,2];");
    expect(twice.cells[2].source).not.toContain("PROMPTS");
    expect(notebook.cells).toHaveLength(3);
  });

  test("without values the notebook stays as it is", () => {
    expect(injectParameters(notebook, {})).toBe(notebook);
  });

  test("only the tagged cell declares parameters", () => {
    expect(
      notebookParameters(notebookOf("let A = 1;", codeCell("let B = 2;", "parameters"))).map((p) => p.name),
    ).toEqual(["B"]);
  });
});
