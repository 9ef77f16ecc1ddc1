/**
 * The library as a notebook sees it: tslab reads the declarations with a compiler of its own, older than the one that
 * wrote them. A type that it does not know would silently become `any`, and a misspelt field in a cell would pass.
 */
import { join } from "node:path";
import ts from "@tslab/typescript-for-tslab";
import { expect, test } from "vitest";
import { PROJECT } from "./support/cli";

const ENTRY = join(PROJECT, "lib/dist/index.d.ts");

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: 2, // As tslab sets it: NodeJs, which newer declarations call Node10.
  esModuleInterop: true,
  strict: true,
  types: ["node"],
  noEmit: true,
};

const program = ts.createProgram([ENTRY], { ...OPTIONS, skipLibCheck: false });
const checker = program.getTypeChecker();
const isOurs = (path: string) => path.replaceAll("\\", "/").includes("/lib/dist/");

test("tslab's compiler is the old one that this is about", () => {
  expect(ts.version).toBe("5.0.4");
});

test("it understands every declaration of the library", () => {
  const files = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName));
  expect(files.length).toBeGreaterThan(30);
  const problems = files.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  const texts = problems.map(
    ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
  );
  expect(texts).toEqual([]);
});

test("nothing that is exported takes, gives or holds `any`", () => {
  const entry = program.getSourceFile(ENTRY)!;
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(entry)!);
  expect(exported.length).toBeGreaterThan(60);
  const found: string[] = [];
  const seen = new Set<ts.Type>();

  const visit = (type: ts.Type, place: string): void => {
    if (type.flags & ts.TypeFlags.Any) {
      found.push(place);
      return;
    }
    if (seen.has(type)) return;
    seen.add(type);
    if (type.isUnionOrIntersection()) {
      for (const part of type.types) visit(part, place);
      return;
    }
    for (const argument of [...(type.aliasTypeArguments ?? []), ...typeArguments(type)]) visit(argument, `${place}<>`);
    // Only into what is ours: Node's and TensorFlow's own types are not for us to mend.
    const declared = (type.symbol ?? type.aliasSymbol)?.declarations ?? [];
    const ours = declared.length === 0 || declared.some((node) => isOurs(node.getSourceFile().fileName));
    if (!ours) return;
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      visitSignature(signature, place);
    }
    for (const property of type.getProperties().filter(isPublic)) {
      visit(checker.getTypeOfSymbolAtLocation(property, entry), `${place}.${property.name}`);
    }
    for (const info of checker.getIndexInfosOfType(type)) visit(info.type, `${place}[]`);
  };

  const visitSignature = (signature: ts.Signature, place: string): void => {
    for (const parameter of signature.getParameters()) {
      visit(checker.getTypeOfSymbolAtLocation(parameter, entry), `${place}(${parameter.name})`);
    }
    visit(signature.getReturnType(), `${place}() returns`);
  };

  /** Declarations leave out the types of private members. */
  const isPublic = ({ declarations = [] }: ts.Symbol) =>
    declarations.every((node) => !(ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private));

  const typeArguments = (type: ts.Type) =>
    (type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference
      ? checker.getTypeArguments(type as ts.TypeReference)
      : [];

  for (const symbol of exported) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    if (target.flags & ts.SymbolFlags.Value) visit(checker.getTypeOfSymbolAtLocation(target, entry), symbol.name);
    if (target.flags & ts.SymbolFlags.Type) visit(checker.getDeclaredTypeOfSymbol(target), symbol.name);
  }
  expect(found).toEqual([]);
});

test("a misspelt field in a cell is an error", () => {
  const cell = join(PROJECT, "notebooks/cell.ts");
  const source = [
    'import { study } from "token-geometry";',
    "const { results } = await study({ models: [], shuffles: [0] });",
    "export const right: number = results[0].result.loss;",
    "export const misspelt: number = results[0].result.los;",
    "export const another: string = results[0].result.loss;",
  ].join("\n");
  const options = { ...OPTIONS, skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === cell || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === cell ? ts.createSourceFile(cell, source, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  const cellProgram = ts.createProgram([cell], options, host);
  const diagnostics = cellProgram.getSemanticDiagnostics(cellProgram.getSourceFile(cell));
  expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([
    expect.stringContaining("'los' does not exist"),
    expect.stringContaining("'number' is not assignable to type 'string'"),
  ]);
});
