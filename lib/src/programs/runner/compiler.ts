import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { FrameReader, frameOf } from "../../machine/support/frames";
import { PROJECT_ROOT } from "../../machine/support/project";
import type { COMPILER_READY, CompilerAnswer, CompilerRequest } from "./compilerProcess";
import type { Compiled } from "./tslabConverter";

/** What a kernel asks: the cell's text, and the declarations of the cells before it. */
export interface CompilerQuestion {
  previous: string;
  source: string;
}

/**
 * A process that compiles the cells of many kernels, so that not each of them has to start TypeScript and read the
 * declarations of all packages (4 of the 7 seconds that a figure took). A kernel that gets no answer compiles by itself.
 */
export class Compiler {
  /** Settles when the process has TypeScript at hand, or is gone. */
  readonly ready: Promise<void>;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (compiled: Compiled | null) => void>();
  private readonly kill = (): void => void this.child.kill("SIGKILL");
  private asked = 0;
  private gone = false;

  /** @param workingFolder that of the kernels: where they find packages */
  constructor(readonly workingFolder: string = PROJECT_ROOT) {
    // As JavaScript also where this file is run as TypeScript: a child process knows nothing of that.
    const program = join(PROJECT_ROOT, "lib/dist/programs/runner/compilerProcess.js");
    this.child = fork(program, [], { cwd: workingFolder, execArgv: [], stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.ready = new Promise((resolve) => {
      for (const event of ["message", "error", "exit"]) this.child.once(event, () => resolve());
    });
    this.child.on("message", (answer: CompilerAnswer | typeof COMPILER_READY) => {
      if (typeof answer !== "string") this.settle(answer.id, answer.compiled);
    });
    this.child.on("error", () => this.giveUp());
    this.child.on("exit", () => this.giveUp());
    process.on("exit", this.kill);
  }

  /** Process id. */
  get pid(): number {
    return this.child.pid!;
  }

  /** Has the cells of a notebook compiled before its kernel asks for them, as long as nobody waits for others. */
  plan(sources: readonly string[]): void {
    this.send({ plan: sources });
  }

  /** Answers the questions of a kernel that come through this connection. */
  serve(connection: Duplex): void {
    const reader = new FrameReader();
    connection.on("error", () => {}); // the kernel ended
    connection.on("data", async (piece: Buffer) => {
      for (const question of reader.take(piece)) {
        const compiled = await this.compile(question as CompilerQuestion);
        if (connection.writable) connection.write(frameOf(compiled));
      }
    });
  }

  /** Ends the process. */
  close(): void {
    this.giveUp();
    this.kill();
    process.off("exit", this.kill);
  }

  private compile({ previous, source }: CompilerQuestion): Promise<Compiled | null> {
    const id = this.asked++;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.send({ id, previous, source });
    });
  }

  private send(request: CompilerRequest): void {
    if (this.child.connected && !this.gone) this.child.send(request, (error) => error && this.giveUp());
    else this.giveUp();
  }

  private settle(id: number, compiled: Compiled | null): void {
    this.waiting.get(id)?.(compiled);
    this.waiting.delete(id);
  }

  /** The process is gone: the kernels go on by themselves. */
  private giveUp(): void {
    this.gone = true;
    for (const id of [...this.waiting.keys()]) this.settle(id, null);
  }
}
