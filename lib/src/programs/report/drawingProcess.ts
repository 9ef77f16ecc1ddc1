import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { drawHere } from "../../machine/render/drawing";
import type { Drawing } from "../../machine/render/drawingClient";
import type { DrawingRequest } from "../../machine/render/drawingRequest";
import { renderSvg } from "../../machine/render/render";
import { plotlyWindow } from "../../machine/render/renderWindow";
import { messageOf, UserError } from "../../machine/support/errors";
import { FrameReader, frameOf } from "../../machine/support/frames";
import { readNotebook } from "../runner/notebook";
import { figureOf } from "./records";
import { resultCells } from "./report";
import { writeReport } from "./write";

/** What the runner tells the process that draws: that a notebook was executed, or to write the report. */
export type DrawingOrder = { executed: string } | { report: string };

/** What that says: the socket on which it waits for kernels, that the report is written, or why not. */
export type DrawingNews =
  | { socket: string }
  | { paths: string[] }
  | { failure: string; forUser: boolean; stack: string | undefined };

/**
 * Draws for all kernels of a run, and its report: Plotly is loaded once, and runs ten times as fast when it has drawn some
 * pictures.
 */
class DrawingProcess {
  /** Executed notebooks whose figures the report is going to show; drawn while nobody waits. */
  private readonly executed: string[] = [];
  private underWay = 0;

  constructor(private readonly tell: (news: DrawingNews) => void) {}

  async take(order: DrawingOrder): Promise<void> {
    if ("executed" in order) {
      this.executed.push(order.executed);
      await this.drawAhead();
      return;
    }
    this.executed.length = 0;
    try {
      this.tell({ paths: await writeReport(order.report) });
    } catch (error) {
      const { stack } = error as Error;
      this.tell({ failure: messageOf(error), forUser: error instanceof UserError, stack });
    }
  }

  serve(socket: Socket): void {
    const reader = new FrameReader();
    let last: Promise<unknown> = Promise.resolve();
    socket.on("error", () => {}); // the kernel ended
    socket.on("data", (piece: Buffer) => {
      for (const request of reader.take(piece)) {
        last = last.then(async () => {
          const drawing = await this.draw(request as DrawingRequest);
          if (socket.writable) socket.write(frameOf(drawing));
        });
      }
    });
  }

  /** Undefined on an error: the kernel will come to it, too. */
  private async draw(request: DrawingRequest): Promise<Drawing> {
    this.underWay++;
    try {
      return await drawHere(request);
    } catch {
      return undefined;
    } finally {
      this.underWay--;
      void this.drawAhead();
    }
  }

  private async drawAhead(): Promise<void> {
    while (this.underWay === 0 && this.executed.length > 0) {
      this.underWay++;
      try {
        const cells = resultCells(readNotebook(this.executed.shift()!));
        const figures = cells.flatMap(({ outputs = [] }) => outputs.flatMap((output) => figureOf(output) ?? []));
        for (const figure of figures) await renderSvg(figure);
      } catch {
        // The report will come to it, too.
      } finally {
        this.underWay--;
      }
      await new Promise((resolve) => setImmediate(resolve)); // lets kernels in
    }
  }
}

/** Starts it in a process that was forked by the runner; its first argument is a folder for the socket. */
export function main(folder: string): void {
  const drawing = new DrawingProcess((news) => process.send?.(news));
  const path = process.platform === "win32" ? `\\\\.\\pipe\\token-geometry-${process.pid}` : join(folder, "socket");
  const server = createServer((socket) => drawing.serve(socket));
  server.on("error", () => {}); // kernels draw by themselves then
  server.listen(path, () => {
    process.send?.({ socket: path } satisfies DrawingNews);
    void plotlyWindow(); // while kernels start
  });
  process.on("message", (order: DrawingOrder) => void drawing.take(order));
  process.on("disconnect", () => process.exit());
}

if (process.send && require.main === module) main(process.argv[2]);
