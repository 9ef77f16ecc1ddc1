import { readSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { FrameReader, frameOf } from "../../machine/support/frames";
import type { CompilerQuestion } from "./compiler";
import type { Compiled, Converter, ConverterModule, MetadataModule } from "./tslabConverter";
import { tslabModule } from "./tslabConverter";

/**
 * Runs inside of a kernel, ahead of tslab: has its cells compiled by the runner. tslab's own modules, and with them
 * TypeScript, are loaded only when something else is asked of them: completion, cells that are modules, TypeScript files
 * beside the notebook.
 *
 * @param folder whose tslab the kernel runs
 * @param descriptor of the connection to the runner
 */
export function compileThroughRunner(folder: string, descriptor: number): void {
  const converter = lazyModule<ConverterModule>(tslabModule(folder, "converter"));
  const metadata = lazyModule<MetadataModule>(tslabModule(folder, "metadata"));
  converter.replace({
    createConverter: (options) =>
      options?.isJS || options?.isBrowser
        ? converter.load().createConverter(options)
        : remoteConverter(descriptor, () => converter.load().createConverter(options)),
    isCompleteCode: (source) => converter.load().isCompleteCode(source),
  });
  metadata.replace({
    // Only comments of this kind say something.
    getCodeMetadata: (source) => (source.includes("/**") ? metadata.load().getCodeMetadata(source) : {}),
  });
}

/** A converter that asks the runner, until it gets no answer or has to do what only a converter of the kernel's own can. */
function remoteConverter(descriptor: number, makeOwn: () => Converter): Converter {
  let own: Converter | undefined;
  let first = true;
  const ownConverter = (): Converter => {
    own ??= makeOwn();
    return own;
  };
  const ask = (question: CompilerQuestion): Compiled | null => {
    try {
      send(descriptor, question);
      if (first) loadMeanwhile(question.source);
      first = false;
      return receive(descriptor);
    } catch {
      return null; // the runner is gone, or its compiler
    }
  };
  return {
    convert: (previous, source) => (own ? null : ask({ previous, source })) ?? ownConverter().convert(previous, source),
    complete: (...where) => ownConverter().complete(...where),
    inspect: (...where) => ownConverter().inspect(...where),
    addModule: (...what) => ownConverter().addModule(...what),
    close: () => own?.close(),
  };
}

/** While the runner compiles the first cell, the library that it imports can be loaded. */
function loadMeanwhile(source: string): void {
  if (!/\bfrom\s+["']token-geometry["']/.test(source)) return;
  try {
    createRequire(join(process.cwd(), "package.json"))("token-geometry");
  } catch {
    // The cell will say so.
  }
}

function send(descriptor: number, question: CompilerQuestion): void {
  const frame = frameOf(question);
  for (let start = 0; start < frame.length; ) {
    start += again(() => writeSync(descriptor, frame, start)) ?? 0;
  }
}

/** Waits, and the whole kernel with it, as it would for a compiler of its own. */
function receive(descriptor: number): Compiled | null {
  const reader = new FrameReader();
  const piece = Buffer.alloc(2 ** 16);
  for (;;) {
    const length = again(() => readSync(descriptor, piece));
    if (length === 0) throw new Error("the runner has closed the connection");
    const [answer] = length === undefined ? [] : reader.take(Buffer.from(piece.subarray(0, length)));
    if (answer !== undefined) return answer as Compiled | null;
  }
}

/** Undefined where the system wants it tried again. */
function again(act: () => number): number | undefined {
  try {
    return act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EAGAIN" && code !== "EINTR") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return undefined;
  }
}

/** A CommonJS module that another one can stand in for until it is needed. */
function lazyModule<Exports>(path: string): { replace(exports: Exports): void; load(): Exports } {
  let loaded: Exports | undefined;
  return {
    replace: (exports) => {
      require.cache[path] = { id: path, filename: path, loaded: true, exports, children: [], paths: [] } as never;
    },
    load: () => {
      if (!loaded) {
        const stand = require.cache[path];
        delete require.cache[path];
        loaded = require(path) as Exports;
        require.cache[path] = stand;
      }
      return loaded;
    },
  };
}
