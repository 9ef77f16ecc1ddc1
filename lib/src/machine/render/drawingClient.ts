import { connect, type Socket } from "node:net";
import { FrameReader, frameOf } from "../support/frames";
import type { DrawingRequest } from "./drawingRequest";

/** The environment variable that names the socket of the process that draws; the notebook runner sets it. */
export const DRAWING_VARIABLE = "TOKEN_GEOMETRY_DRAWING";

/** What comes back: the file, or nothing where the drawing failed. */
export type Drawing = string | Uint8Array | undefined;

/** The connection; undefined before the first picture, and for good once it broke. */
let connection: Promise<Connection | undefined> | undefined;

/**
 * Has a figure drawn by another process.
 *
 * @returns undefined if there is none or it could not: then draw it here, which also says what is wrong with it
 */
export async function drawElsewhere(request: DrawingRequest): Promise<string | Buffer | undefined> {
  const path = process.env[DRAWING_VARIABLE];
  if (!path) return undefined;
  connection ??= Connection.open(path);
  const drawing = await (await connection)?.ask(request);
  return drawing === undefined || typeof drawing === "string" ? drawing : Buffer.from(drawing);
}

class Connection {
  /** Answers come in the order of the requests. */
  private readonly waiting: ((drawing: Drawing) => void)[] = [];
  private broken = false;

  private constructor(private readonly socket: Socket) {
    const reader = new FrameReader();
    socket.on("data", (piece: Buffer) => {
      for (const drawing of reader.take(piece)) this.waiting.shift()?.(drawing as Drawing);
      if (this.waiting.length === 0) socket.unref();
    });
    socket.on("close", () => {
      this.broken = true;
      for (const give of this.waiting.splice(0)) give(undefined);
    });
    socket.on("error", () => {}); // followed by "close"
    socket.unref(); // is no reason to go on
  }

  static open(path: string): Promise<Connection | undefined> {
    return new Promise((resolve) => {
      const socket = connect(path, () => resolve(new Connection(socket)));
      socket.once("error", () => resolve(undefined));
    });
  }

  ask(request: DrawingRequest): Promise<Drawing> {
    let frame: Buffer;
    try {
      frame = frameOf(request);
    } catch {
      return Promise.resolve(undefined); // holds a function, say
    }
    if (this.broken) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket.ref();
      this.socket.write(frame);
    });
  }
}
