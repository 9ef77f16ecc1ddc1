import { createServer, type IncomingHttpHeaders, type RequestListener, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** What reached a server. */
export interface RecordedRequest {
  method: string;
  /** As it stands in the first line: a path, or of a proxy an address or a host. */
  target: string;
  headers: IncomingHttpHeaders;
}

/** A server on this machine that writes down what reaches it. */
export interface RecordingServer {
  address: string;
  port: number;
  requests: RecordedRequest[];
  stop(): Promise<void>;
}

/** A server that answers as it is told. */
export async function recordingServer(answer: RequestListener): Promise<RecordingServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    requests.push({ method, target: url, headers });
    answer(incoming, response.setHeader("connection", "close"));
  });
  return { requests, ...(await listening(server)) };
}

/**
 * A proxy that passes everything on to the server that is asked for, in tunnels and without.
 *
 * @param hosts by what address a host is known to the proxy alone: "hub.invalid" -> "127.0.0.1:8000"
 */
export async function recordingProxy(hosts: Record<string, string> = {}): Promise<RecordingServer> {
  const requests: RecordedRequest[] = [];
  const place = (host: string) => hosts[host.replace(/:\d+$/, "")] ?? host;
  const server = createServer((incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    requests.push({ method, target: url, headers });
    const { host, pathname, search } = new URL(url);
    const onward = request(`http://${place(host)}${pathname}${search}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end());
    incoming.pipe(onward);
  });
  server.on("connect", ({ method = "", url = "", headers }, socket: Socket) => {
    requests.push({ method, target: url, headers });
    const [host, port] = place(url).split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const [one, other] of [
      [onward, socket],
      [socket, onward],
    ]) {
      one.on("error", () => other.destroy());
    }
  });
  return { requests, ...(await listening(server)) };
}

async function listening(server: Server): Promise<Omit<RecordingServer, "requests">> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { address: `http://127.0.0.1:${port}`, port, stop };
}
