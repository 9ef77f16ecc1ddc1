import { setTimeout as sleep } from "node:timers/promises";
import { Dealer, Subscriber } from "zeromq";
import { messageOf, UserError } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";
import type { Compiler } from "./compiler";
import { asynchronousFailure, type CellFailure, failureFromStderr } from "./failure";
import { KernelProcess } from "./kernelProcess";
import { type JupyterMessage, MessageCodec } from "./messages";
import { CellOutputs, DisplayRegistry, type Output } from "./outputs";

/** How a kernel is started. */
export interface KernelOptions {
  /** Where the kernel looks for packages and relative paths; default: the project's folder. */
  workingFolder?: string;
  /** Environment variables added to those of this process. */
  environment?: Record<string, string>;
  /** Compiles its cells, for kernels in the compiler's working folder; without one the kernel does it itself. */
  compiler?: Compiler;
}

/** What came of running one piece of code. */
export interface Execution {
  /** Number of the execution, as shown in brackets beside a cell; null if the kernel did not say. */
  executionCount: number | null;
  /** What the code showed, in order. Grows if it goes on showing after its end (timers, promises). */
  outputs: Output[];
  /** Each write to stderr by itself. Grows as `outputs` does. */
  errorWrites: string[];
  /** Why it failed, undefined if it did not. */
  failure: CellFailure | undefined;
}

const START_SECONDS = 60;
/** tslab drops what it is sent in the 200 ms after an error. */
const PAUSE_AFTER_ERROR = 300;
/** An idle message that is this late after its reply (both on the same machine) was lost. */
const LOST_AFTER = 10_000;

interface Waiting {
  reply: (message: JupyterMessage) => void;
  idle: () => void;
}

/**
 * A running tslab kernel, spoken to in the Jupyter protocol over ZeroMQ. One piece of code runs at a time.
 * Source of the protocol: "Messaging in Jupyter", version 5.3.
 */
export class Kernel {
  private readonly shell: Dealer;
  private readonly published: Subscriber;
  private readonly codec: MessageCodec;
  private readonly displays = new DisplayRegistry();
  private readonly cells = new Map<string, CellOutputs>();
  private readonly waiting = new Map<string, Waiting>();
  private uncounted = 0;
  private notBefore = 0;
  private lastPublished = 0;
  private closed = false;

  private constructor(
    private readonly host: KernelProcess,
    private readonly compiler: Compiler | undefined,
  ) {
    const { connection } = host;
    this.codec = new MessageCodec(connection.key);
    this.shell = new Dealer({ linger: 0 });
    // No limit: a figure is several messages of a megabyte, and a lost one would not be noticed.
    this.published = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
    this.shell.connect(`tcp://${connection.ip}:${connection.shell_port}`);
    this.published.connect(`tcp://${connection.ip}:${connection.iopub_port}`);
    this.published.subscribe();
    this.listen(this.shell, (message) => this.waiting.get(message.parent_header.msg_id ?? "")?.reply(message));
    this.listen(this.published, (message) => this.takePublished(message));
  }

  /**
   * Starts a kernel and waits until it answers.
   *
   * @throws UserError if it ends or stays silent instead
   */
  static async start(options: KernelOptions = {}): Promise<Kernel> {
    let trouble = "";
    // More than one attempt because another program may take a port between choosing and using it.
    for (let attempt = 0; attempt < 3; attempt++) {
      const { workingFolder = PROJECT_ROOT, environment = {}, compiler } = options;
      const host = await KernelProcess.start(workingFolder, environment, compiler);
      const kernel = new Kernel(host, compiler);
      const answer = await kernel.waitUntilReady();
      if (answer === "ready") {
        host.forgetConnectionFile();
        return kernel;
      }
      await kernel.end();
      trouble = `it ${answer}${host.lastWords && `: ${host.lastWords}`}`;
      if (!/EADDRINUSE|address already in use/i.test(trouble)) break;
    }
    throw new UserError(`the tslab kernel did not start: ${trouble}`);
  }

  /** Process id of the kernel. */
  get pid(): number {
    return this.host.pid!;
  }

  /**
   * Runs code as a notebook cell.
   *
   * @param timeoutSeconds after which the code is interrupted and the kernel ended; 0 or nothing: no limit
   */
  async execute(code: string, timeoutSeconds = 0): Promise<Execution> {
    if (timeoutSeconds > 0) await this.compiler?.ready; // its start is not the cell's time
    for (;;) {
      await sleep(Math.max(0, this.notBefore - Date.now()));
      const content = {
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: true,
      };
      const { id, frames } = this.codec.encode("execute_request", { code, ...content });
      const cell = new CellOutputs(this.displays);
      this.cells.set(id, cell);
      const done = this.request(id, frames);
      const result = await this.withinTime(done, timeoutSeconds);
      if (typeof result !== "string") {
        // Dropped because it came too soon after an error: nothing of it was run.
        if (String(result.content.status).startsWith("abort")) {
          this.notBefore = Date.now() + PAUSE_AFTER_ERROR;
          continue;
        }
        const { execution_count } = result.content;
        const count = typeof execution_count === "number" ? execution_count - this.uncounted : undefined;
        if (result.content.status !== "ok") {
          this.notBefore = Date.now() + PAUSE_AFTER_ERROR;
          return execution(cell, failureFromStderr(cell.errorWrites), count);
        }
        await this.settle();
        return execution(cell, asynchronousFailure(cell.errorWrites), count);
      }
      const kind = result.startsWith("took") ? "time-out" : "kernel ended";
      const detail = [result, this.host.lastWords].filter((part) => part !== "").join("\n");
      const message = kind === "kernel ended" ? `the kernel ${result}` : result;
      cell.outputs.push({ output_type: "error", ename: kind, evalue: message, traceback: [] });
      return execution(cell, { kind, message, detail }, undefined);
    }
  }

  /** Goes to a folder, from which relative paths of the code begin; packages are looked for where it was started. */
  async enter(folder: string): Promise<void> {
    const code = `void process.chdir(${JSON.stringify(folder)});`;
    this.uncounted++; // tslab counts what is silent, too
    await this.ask("execute_request", {
      code,
      silent: true,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
    });
  }

  /** What could be written at a place of a cell: what the completion key offers. @param position of the cursor, in letters */
  async complete(code: string, position: number = code.length): Promise<string[]> {
    const { content } = await this.ask("complete_request", { code, cursor_pos: position });
    return content.matches as string[];
  }

  /** Type and documentation of what stands at a place of a cell, as text; undefined if nothing is known. */
  async inspect(code: string, position: number = code.length): Promise<string | undefined> {
    const { content } = await this.ask("inspect_request", { code, cursor_pos: position, detail_level: 0 });
    return content.found ? (content.data as Record<string, string>)["text/plain"] : undefined;
  }

  /** Waits until the kernel has said all that it has to say by now, failures of promises that nobody awaits included. */
  async settle(): Promise<void> {
    if (!this.closed) await this.withinTime(this.ask("kernel_info_request"), 10);
  }

  /** Stops the running code, as the stop button does; the kernel lives on. */
  interrupt(): void {
    this.host.interrupt();
  }

  /** Asks the kernel to end, and ends it if it has not within two seconds. When this returns the process is gone. */
  async shutdown(): Promise<void> {
    if (!this.closed) {
      void this.ask("shutdown_request", { restart: false });
      await Promise.race([this.host.exited, sleep(2000, undefined, { ref: false })]);
    }
    await this.end();
  }

  private async end(): Promise<void> {
    this.closed = true;
    this.host.kill();
    await this.host.exited;
    if (!this.shell.closed) this.shell.close();
    if (!this.published.closed) this.published.close();
  }

  /** Repeats a harmless question until its reply AND its status arrive: only then is the iopub subscription in place. */
  private async waitUntilReady(): Promise<string> {
    const deadline = Date.now() + START_SECONDS * 1000;
    while (Date.now() < deadline) {
      const reply = this.ask("kernel_info_request");
      const failed = () =>
        /EADDRINUSE|address already in use/i.test(this.host.lastWords) ? "lost its port" : undefined;
      const result = await Promise.race([reply.then(() => "ready"), this.host.exited, sleep(250).then(failed)]);
      if (result !== undefined) return result;
    }
    return `did not answer within ${START_SECONDS} s`;
  }

  private ask(type: string, content: Record<string, unknown> = {}): Promise<JupyterMessage> {
    const { id, frames } = this.codec.encode(type, content);
    return this.request(id, frames);
  }

  /** Sends a request; settles when its reply and the kernel's idle status have both come. */
  private async request(id: string, frames: string[]): Promise<JupyterMessage> {
    const idle = new Promise<void>((resolve) => {
      this.waiting.set(id, { reply: () => {}, idle: resolve });
    });
    const reply = new Promise<JupyterMessage>((resolve) => {
      this.waiting.get(id)!.reply = resolve;
    });
    await this.shell.send(frames);
    const message = await reply;
    let settled = false;
    await Promise.race([idle, this.silence(() => settled)]);
    settled = true;
    this.waiting.delete(id);
    return message;
  }

  private async silence(unneeded: () => boolean): Promise<void> {
    const since = Date.now();
    while (!unneeded() && Date.now() - Math.max(since, this.lastPublished) < LOST_AFTER) {
      await sleep(500, undefined, { ref: false });
    }
  }

  /** The reply, or a sentence on why there is none. After a time-out the kernel is ended: its state is unknown. */
  private async withinTime(done: Promise<JupyterMessage>, seconds: number): Promise<JupyterMessage | string> {
    const ended = this.host.exited.then(async (how) => {
      await sleep(50); // what it published last is still on its way
      return how;
    });
    if (seconds <= 0) return await Promise.race([done, ended]);
    const stop = new AbortController();
    const timeout = sleep(seconds * 1000, `took longer than ${seconds} s`, { signal: stop.signal });
    timeout.catch(() => {});
    const result = await Promise.race([done, ended, timeout]);
    stop.abort();
    if (typeof result === "string" && result.startsWith("took")) {
      this.interrupt();
      await Promise.race([done, ended, sleep(1000)]);
      await this.end();
    }
    return result;
  }

  private async listen(socket: Dealer | Subscriber, take: (message: JupyterMessage) => void): Promise<void> {
    try {
      for await (const frames of socket) take(this.codec.decode(frames as Buffer[]));
    } catch (error) {
      if (this.closed) return;
      process.stderr.write(`warning: the connection to the tslab kernel broke: ${messageOf(error)}\n`);
      this.host.kill();
    }
  }

  private takePublished(message: JupyterMessage): void {
    this.lastPublished = Date.now();
    const parent = message.parent_header.msg_id ?? "";
    const type = message.header.msg_type;
    if (type !== "status") this.cells.get(parent)?.take(type, message.content);
    else if (message.content.execution_state === "idle") this.waiting.get(parent)?.idle();
  }
}

function execution(cell: CellOutputs, failure: CellFailure | undefined, count: number | undefined): Execution {
  return { executionCount: count ?? null, outputs: cell.outputs, errorWrites: cell.errorWrites, failure };
}
