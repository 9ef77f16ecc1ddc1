import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DRAWING_VARIABLE } from "../../machine/render/drawingClient";
import type { RunEnvironment } from "../../machine/render/figureFolder";
import { UserError } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";
import type { DrawingNews, DrawingOrder } from "./drawingProcess";
import { writeReport } from "./write";

/** A process that draws the figures of many kernels and the report on them. Kernels without it draw by themselves. */
export class Drawing {
  private readonly child: ChildProcess;
  /** Nobody else may enter it. */
  private readonly folder = mkdtempSync(join(tmpdir(), "token-geometry-drawing-"));
  /** Where notebooks note what they export. */
  private readonly exports = join(this.folder, "exports");
  private readonly started: Promise<string | undefined>;
  private finish: ((news: DrawingNews | undefined) => void) | undefined;

  constructor() {
    mkdirSync(this.exports);
    // As JavaScript also where this file is run as TypeScript: a child process knows nothing of that.
    const program = join(PROJECT_ROOT, "lib/dist/programs/report/drawingProcess.js");
    this.child = fork(program, [this.folder], {
      execArgv: ["--single-threaded-gc"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.started = new Promise((resolve) => {
      this.child.once("message", (news: DrawingNews) => resolve("socket" in news ? news.socket : undefined));
      for (const event of ["error", "exit"]) this.child.once(event, () => resolve(undefined));
    });
    this.child.on("message", (news: DrawingNews) => "socket" in news || this.finish?.(news));
    for (const event of ["error", "exit"]) this.child.on(event, () => this.finish?.(undefined));
    process.on("exit", this.kill);
  }

  /** What a notebook's kernel has to find in its environment in order to have its figures drawn, and to replace no other's. */
  async environment(notebook: string): Promise<Record<string, string>> {
    const socket = await this.started;
    const own: RunEnvironment = { TOKEN_GEOMETRY_NOTEBOOK: notebook, TOKEN_GEOMETRY_EXPORTS: this.exports };
    return { ...own, ...(socket !== undefined && { [DRAWING_VARIABLE]: socket }) };
  }

  /** Has the figures of an executed notebook drawn that the report will show, as long as no kernel waits for others. */
  prepare(path: string): void {
    this.send({ executed: path });
  }

  /** As writeReport. */
  async writeReport(outFolder: string): Promise<string[]> {
    const news = await new Promise<DrawingNews | undefined>((resolve) => {
      this.finish = resolve;
      if (!this.send({ report: outFolder })) resolve(undefined);
    });
    if (news && "paths" in news) return news.paths;
    if (!news || !("failure" in news)) return writeReport(outFolder); // the process is gone
    const error = news.forUser ? new UserError(news.failure) : new Error(news.failure);
    if (news.stack) error.stack = news.stack;
    throw error;
  }

  /** Ends the process. */
  close(): void {
    this.kill();
    process.off("exit", this.kill);
  }

  private readonly kill = (): void => {
    this.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  };

  private send(order: DrawingOrder): boolean {
    if (!this.child.connected) return false;
    this.child.send(order, () => {});
    return true;
  }
}
