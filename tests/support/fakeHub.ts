import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A repository on the hub of a test. */
export interface FakeRepository {
  /** Of the only branch, main; made up without it. */
  commit?: string;
  files: Record<string, Buffer | string>;
  /** The files of other branches, each of which is its own commit. */
  branches?: Record<string, Record<string, Buffer | string>>;
  /** Read by these tokens only; "gated" ones can be listed by everybody. */
  access?: { kind: "gated" | "private"; tokens: string[] };
}

export interface Request {
  host: "hub" | "files";
  method: string;
  path: string;
  range?: string;
  authorization?: string;
  status: number;
}

/** Files as large as this are stored as LFS: with a SHA-256, and on another host. */
const LFS_SIZE = 1000;

const sha = (algorithm: string, ...pieces: (string | Buffer)[]): string => {
  const hash = createHash(algorithm);
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
};

/** A connection for each request: one that is kept may be closed just when a busy test asks on it again. */
function alone(response: ServerResponse): ServerResponse {
  return response.setHeader("connection", "close");
}

/**
 * Plays the Hugging Face hub on this machine: the questions that downloads ask, answered as the hub does (status codes,
 * headers of errors, redirects of large files to another host, ranges), and the mishaps that a test asks for.
 */
export class FakeHub {
  readonly requests: Request[] = [];
  /** Repositories by "models/owner/name" or "datasets/owner/name". */
  readonly repositories = new Map<string, FakeRepository>();
  /** Changes what a file host sends: called for every request of a large file. */
  mishap: (file: { path: string; content: Buffer; start: number }, response: ServerResponse) => boolean = () => false;
  /** Answers in the place of the hub, as what stands in the way does, if it returns true. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** Changes what the hub itself sends of a small file. */
  swap: (path: string, content: Buffer) => Buffer = (_path, content) => content;
  /** If set, every answer of the hub. */
  down: number | undefined;
  /** Whether the file host answers ranges. */
  ranges = true;
  /** An address at which nobody listens. */
  nowhere = "";
  private readonly hub: Server = createServer((request, response) => this.answerHub(request, alone(response)));
  private readonly files: Server = createServer((request, response) => this.answerFile(request, alone(response)));

  async start(): Promise<void> {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    this.nowhere = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
    await new Promise((resolve) => gone.close(resolve));
    for (const server of [this.hub, this.files]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.files]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  private get fileHost(): string {
    return `http://127.0.0.1:${(this.files.address() as AddressInfo).port}`;
  }

  /** Adds a repository and returns its commit. */
  add(type: "models" | "datasets", name: string, repository: FakeRepository): string {
    const commit = repository.commit ?? sha("sha1", name, ...Object.values(repository.files));
    this.repositories.set(`${type}/${name}`, { ...repository, commit });
    return commit;
  }

  /** The requests for files, without the ones that only ask. */
  downloads(): Request[] {
    return this.requests.filter(
      ({ host, path, status }) => host === "files" || (path.includes("/resolve/") && status < 300),
    );
  }

  private answerHub(request: IncomingMessage, response: ServerResponse): unknown {
    const { pathname, search } = new URL(request.url ?? "", this.endpoint);
    response.on("close", () => this.note("hub", request, response));
    const refuse = (status: number, code: string, message = code) => {
      response.writeHead(status, {
        "x-error-code": code,
        "x-error-message": message,
        "content-type": "application/json",
      });
      response.end(JSON.stringify({ error: message }));
    };
    if (this.instead(request, response)) return;
    if (this.down !== undefined) return refuse(this.down, "", "the hub is being repaired");
    const [, type, name, rest] =
      /^\/api\/(models|datasets)\/(.+?)\/((?:revision|tree)\/.+)$/.exec(pathname) ??
      /^\/(datasets(?=\/))?\/?(.+?)\/(resolve\/.+)$/.exec(pathname) ??
      [];
    const repository = this.repositories.get(`${type ?? "models"}/${name}`);
    const token = request.headers.authorization?.replace(/^Bearer /, "");
    const hasAccess = !repository?.access || (token !== undefined && repository.access.tokens.includes(token));
    if (token?.startsWith("hf_expired"))
      return refuse(401, "", `Invalid credentials in Authorization header: ${token}`);
    if (!repository || (!hasAccess && repository.access?.kind === "private")) {
      return refuse(token ? 404 : 401, "RepoNotFound", "Repository not found");
    }
    const [question, revision, ...path] = rest.split("/").map(decodeURIComponent);
    const commits = new Map([["main", { commit: repository.commit ?? "", files: repository.files }]]);
    for (const [branch, files] of Object.entries(repository.branches ?? {})) {
      commits.set(branch, { commit: sha("sha1", name, branch), files });
    }
    const found = commits.get(revision) ?? [...commits.values()].find(({ commit }) => commit === revision);
    if (!found) return refuse(404, "RevisionNotFound");
    const { commit, files } = found;
    if (question === "revision") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ _id: "1", id: name, sha: commit, lastModified: "2024-01-01T00:00:00.000Z" }));
      return;
    }
    if (question === "tree") return this.answerList(files, pathname, search, response);
    if (!hasAccess) {
      return refuse(token ? 403 : 401, "GatedRepo", `Access to model ${name} is restricted. Your token: ${token}`);
    }
    const content = files[path.join("/")];
    if (content === undefined) return refuse(404, "EntryNotFound");
    const bytes = this.swap(path.join("/"), Buffer.from(content as string));
    const origin = { "x-repo-commit": commit };
    if (bytes.length >= LFS_SIZE) {
      const linked = { "x-linked-etag": `"${sha("sha256", bytes)}"`, "x-linked-size": bytes.length };
      const target = `${this.fileHost}/${type ?? "models"}/${name}/${path.join("/")}?signature=x`;
      response.writeHead(302, { ...origin, ...linked, location: target }).end();
      return;
    }
    const etag = `"${sha("sha1", `blob ${bytes.length}\0`, bytes)}"`;
    response.writeHead(200, { ...origin, etag, "content-length": bytes.length }).end(bytes);
  }

  /** Two files a page, as if there were many. */
  private answerList(files: FakeRepository["files"], pathname: string, search: string, response: ServerResponse): void {
    const query = new URLSearchParams(search);
    const recursive = query.get("recursive") === "true";
    const start = Number(query.get("cursor") ?? 0);
    const paths = Object.keys(files);
    const entries = paths.map((path) => {
      const content = Buffer.from(files[path] as string);
      const entry = { type: "file", path, size: content.length, oid: sha("sha1", `blob ${content.length}\0`, content) };
      const lfs = { oid: sha("sha256", content), size: content.length, pointerSize: 130 };
      return content.length >= LFS_SIZE ? { ...entry, oid: sha("sha1", "pointer", path), lfs } : entry;
    });
    const folders = [...new Set(paths.filter((path) => path.includes("/")).map((path) => path.split("/")[0]))];
    const shown = recursive
      ? entries
      : [
          ...folders.map((path) => ({ type: "directory", path, size: 0, oid: sha("sha1", path) })),
          ...entries.filter(({ path }) => !path.includes("/")),
        ];
    query.set("cursor", String(start + 2));
    const next = start + 2 < shown.length ? { link: `<${this.endpoint}${pathname}?${query}>; rel="next"` } : {};
    response.writeHead(200, { "content-type": "application/json", ...next });
    response.end(JSON.stringify(shown.slice(start, start + 2)));
  }

  private answerFile(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url ?? "", this.fileHost).pathname).slice(1);
    response.on("close", () => this.note("files", request, response));
    const [name, repository] = [...this.repositories].find(([name]) => path.startsWith(`${name}/`))!;
    const file = path.slice(name.length + 1);
    const everywhere = Object.assign({}, ...Object.values(repository.branches ?? {}), repository.files);
    const content = Buffer.from(everywhere[file]);
    const start = this.ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    if (this.mishap({ path, content, start }, response)) return;
    if (start >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const range = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": content.length - start,
      ...(start > 0 ? range : {}),
    });
    response.end(content.subarray(start));
  }

  private note(
    host: Request["host"],
    { method = "", url = "", headers }: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { range, authorization } = headers;
    this.requests.push({ host, method, path: url, range, authorization, status: response.statusCode });
  }
}

/** Sends a part of a large file and then breaks the connection. */
export function breakOff(content: Buffer, start: number, end: number, response: ServerResponse): void {
  const range = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start, ...(start > 0 ? range : {}) });
  response.write(content.subarray(start, end), () => setTimeout(() => response.destroy(), 20));
}
