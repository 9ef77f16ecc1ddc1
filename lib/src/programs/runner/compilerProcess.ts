import { type Compiled, type Converter, type ConverterModule, tslabModule, tslabSystem } from "./tslabConverter";

/** What the runner asks its compiler process: to compile a cell, or to compile cells that will be asked for. */
export type CompilerRequest = { id: number; previous: string; source: string } | { plan: readonly string[] };

/** What it answers: the cell as tslab compiles it, or null where the kernel has to do it itself. */
export interface CompilerAnswer {
  id: number;
  compiled: Compiled | null;
}

/** What it says once it has begun: from then on a cell takes a fraction of a second. */
export const COMPILER_READY = "ready";

/**
 * Compiles cells with tslab's own converter, whose program, declarations of all packages included, is made once instead of
 * once a kernel. What a cell compiles to depends on nothing but its text and the declarations of the cells before it, so
 * that the same question has the same answer whoever asks.
 */
class CellCompiler {
  private readonly answers = new Map<string, Compiled | null>();
  private readonly requests: Extract<CompilerRequest, { id: number }>[] = [];
  private readonly planned: { previous: string; sources: readonly string[] }[] = [];
  private converter: Converter | undefined = this.makeConverter();
  private working = false;
  private spoke = false;

  constructor(private readonly answer: (answer: CompilerAnswer) => void) {
    // What TypeScript has to say belongs into the output of the cell: the kernel is to hear it from its own.
    console.log = console.warn = () => {
      this.spoke = true;
    };
  }

  take(request: CompilerRequest): void {
    if ("plan" in request) this.planned.push({ previous: "", sources: request.plan });
    else this.requests.push(request);
    if (!this.working) setImmediate(() => this.work());
    this.working = true;
  }

  /** Does one thing, what is waited for first; then lets further requests in. */
  private work(): void {
    const request = this.requests.shift();
    const plan = request ? undefined : this.planned.shift();
    if (request) this.answer({ id: request.id, compiled: this.compile(request.previous, request.source) });
    else if (plan) this.workAhead(plan.previous, plan.sources);
    this.working = this.requests.length > 0 || this.planned.length > 0;
    if (this.working) setImmediate(() => this.work());
  }

  private workAhead(previous: string, [source, ...rest]: readonly string[]): void {
    if (source === undefined) return;
    const compiled = this.compile(previous, source);
    // A cell that fails ends its notebook, one that the kernel compiles is not known here.
    if (compiled?.declOutput !== undefined) this.planned.unshift({ previous: compiled.declOutput, sources: rest });
  }

  private compile(previous: string, source: string): Compiled | null {
    const key = `${previous}\0${source}`;
    let compiled = this.answers.get(key);
    if (compiled === undefined) {
      compiled = this.compileAfresh(previous, source);
      this.answers.set(key, compiled);
    }
    return compiled;
  }

  private compileAfresh(previous: string, source: string): Compiled | null {
    this.spoke = false;
    try {
      this.converter ??= this.makeConverter();
      const compiled = this.converter.convert(previous, source);
      // A cell that imports TypeScript files: the converter hands each of them out once, so that it must be the kernel's.
      if (!compiled.sideOutputs && !this.spoke) return compiled;
    } catch {
      // The kernel's own converter will say the same where people see it.
    }
    this.converter?.close();
    this.converter = undefined;
    return null;
  }

  private makeConverter(): Converter {
    const { createConverter } = require(tslabModule(process.cwd(), "converter")) as ConverterModule;
    // While notebooks run, the packages that they import stay as they are.
    const system = tslabSystem(process.cwd());
    system.watchFile = system.watchDirectory = () => ({ close() {} });
    return createConverter({ isJS: false, isBrowser: false });
  }
}

if (process.send) {
  const compiler = new CellCompiler((answer) => process.send?.(answer));
  process.on("message", (request: CompilerRequest) => compiler.take(request));
  process.on("disconnect", () => process.exit());
  process.send(COMPILER_READY);
}
