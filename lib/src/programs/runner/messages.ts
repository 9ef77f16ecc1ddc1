import { createHmac, randomUUID } from "node:crypto";

/** One message of the Jupyter protocol, without its routing prefix. */
export interface JupyterMessage {
  header: { msg_id: string; msg_type: string };
  parent_header: { msg_id?: string; msg_type?: string };
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
}

const DELIMITER = "<IDS|MSG>";

/**
 * Packs and unpacks signed messages.
 * Source: "Messaging in Jupyter", protocol 5.3, section "The Wire Protocol": routing prefix, delimiter, HMAC-SHA256 of the
 * four parts that follow it (header, parent header, metadata, content), all four as JSON.
 */
export class MessageCodec {
  private readonly session: string = randomUUID();

  /** @param key the secret that both sides know from the connection file */
  constructor(private readonly key: string) {}

  /** A request as frames for the socket, with the id by which its replies name it. */
  encode(type: string, content: Record<string, unknown>): { id: string; frames: string[] } {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.session,
      username: "token-geometry",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    return { id, frames: [DELIMITER, this.sign(parts), ...parts] };
  }

  /** The message in these frames. @throws Error if they are no message or not signed with the key */
  decode(frames: Uint8Array[]): JupyterMessage {
    const parts = frames.map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString());
    const start = parts.indexOf(DELIMITER);
    if (start < 0 || parts.length < start + 6) throw new Error("not a Jupyter message");
    const body = parts.slice(start + 2);
    if (parts[start + 1] !== this.sign(body)) throw new Error("a Jupyter message with a wrong signature");
    const [header, parent_header, metadata, content] = body.map((part) => JSON.parse(part));
    return { header, parent_header, metadata, content };
  }

  private sign(parts: string[]): string {
    const hash = createHmac("sha256", this.key);
    for (const part of parts) hash.update(part);
    return hash.digest("hex");
  }
}
