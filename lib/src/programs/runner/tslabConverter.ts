import { createRequire } from "node:module";
import { join } from "node:path";

/** What tslab makes of a cell. */
export interface Compiled {
  /** JavaScript. */
  output?: string;
  /** Declarations of this cell and those before it: what the next one is compiled after. */
  declOutput?: string;
  /** Errors in types; the cell is not run then. */
  diagnostics: unknown[];
  hasToplevelAwait?: boolean;
  /** Of TypeScript files beside the notebook that the cell imports; each is handed out once. */
  sideOutputs?: unknown[];
  lastExpressionVar?: string;
}

/** tslab's compiler of cells. The other methods are those that an editor and cells which define modules need. */
export interface Converter {
  convert(previous: string, source: string): Compiled;
  complete(previous: string, source: string, position: number): unknown;
  inspect(previous: string, source: string, position: number): unknown;
  addModule(name: string, source: string, about: unknown): unknown;
  close(): void;
}

/** tslab's module `converter`. */
export interface ConverterModule {
  createConverter(options?: { isJS?: boolean; isBrowser?: boolean }): Converter;
  isCompleteCode(source: string): unknown;
}

/** tslab's module `metadata`: what a cell's first comments say about it. */
export interface MetadataModule {
  getCodeMetadata(source: string): { module?: string; mode?: string; jsx?: boolean };
}

/** TypeScript's way to the file system, which tslab takes too. */
export interface TypeScriptSystem {
  watchFile(...what: unknown[]): { close(): void };
  watchDirectory(...what: unknown[]): { close(): void };
}

/** Path of a module of the tslab that is installed in a folder, as in "converter". @throws Error if it has none */
export function tslabModule(folder: string, name: string): string {
  return createRequire(join(folder, "package.json")).resolve(`tslab/dist/${name}.js`);
}

/** TypeScript as tslab brings it along. @throws Error if there is none */
export function tslabSystem(folder: string): TypeScriptSystem {
  const { sys } = createRequire(tslabModule(folder, "converter"))("@tslab/typescript-for-tslab");
  return sys as TypeScriptSystem;
}
