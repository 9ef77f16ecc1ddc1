import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { download } from "./download";
import { indexBases, listIndexFiles } from "./packageIndex";

const folder = mkdtempSync(join(tmpdir(), "download-test-"));
const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251));
const sha256 = createHash("sha256").update(content).digest("hex");
const fileName = "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl";

let server: Server;
let base: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    // A connection for each request: one that is kept may be closed just when the next test asks on it.
    response.setHeader("connection", "close");
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  ranges = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A server that honors ranges, as package indexes' file hosts do. */
function serveFile(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start >= content.length) return void response.writeHead(416).end();
  response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start });
  response.end(content.subarray(start));
}

let count = 0;
const newTarget = () => join(folder, String(count++), fileName);
const file = (sum: string | undefined = sha256) => ({
  fileName,
  url: `${base}/${fileName}`,
  sha256: sum,
  size: content.length,
});

describe("an index for some people", () => {
  const login = () => base.replace("//", "//me:s%40cret@");
  const BASIC = `Basic ${Buffer.from("me:s@cret").toString("base64")}`;

  it("gets name and password, and so do the files on its server, but no other server", async () => {
    const seen: [string | undefined, string | undefined][] = [];
    answer = (request, response) => {
      seen.push([request.url, request.headers.authorization]);
      const files = ["/a.whl", "http://localhost:1/b.whl"].map((url) => ({ filename: url.slice(-5), url }));
      if (request.url === "/x/") response.setHeader("content-type", "application/json").end(JSON.stringify({ files }));
      else serveFile(request, response);
    };
    const [own, other] = await listIndexFiles(login(), "x");
    expect(other.url).toBe("http://localhost:1/b.whl");
    await download({ ...file(), url: own.url }, newTarget());
    expect(seen).toEqual([
      ["/x/", BASIC],
      ["/a.whl", BASIC],
    ]);
  });

  it("whatever goes wrong, messages show neither them nor what follows a question mark", async () => {
    answer = (_request, response) => void response.writeHead(404).end();
    const messages = [
      await listIndexFiles(login(), "x").catch(String),
      await listIndexFiles("http://me:s%40cret@127.0.0.1:1", "x").catch(String),
      await download({ ...file(), url: `${login()}/a.whl?signature=s%40cret` }, newTarget()).catch(String),
    ];
    for (const message of messages) {
      expect(message).toMatch(/answers 404|cannot reach/);
      expect(message).not.toMatch(/s(%40|@)cret|me:/);
    }
  });
});

it("an index and a file host that are busy are asked again", async () => {
  let busy = 2;
  answer = (request, response) => {
    if (busy-- > 0) response.writeHead(503, { "retry-after": "0" }).end();
    else serveFile(request, response);
  };
  await download(file(), newTarget());
  busy = 1;
  answer = (_request, response) =>
    void (busy-- > 0 ? response.writeHead(429, { "retry-after": "0" }) : response).end("<a>");
  expect(await listIndexFiles(base, "x")).toEqual([]);
});

describe("download", () => {
  it("fetches a file and checks it", async () => {
    answer = serveFile;
    const target = newTarget();
    await download(file(), target);
    expect(readFileSync(target)).toEqual(content);
    expect(existsSync(`${target}.part`)).toBe(false);
  });

  it("goes on where a connection broke off", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100_000));
      setTimeout(() => response.destroy(), 300);
    };
    const target = newTarget();
    await expect(download(file(), target, { pause: 1 })).rejects.toThrow(/broke off .* run again to go on from there/);
    expect(ranges).toHaveLength(5);
    expect(existsSync(target)).toBe(false);
    const have = readFileSync(`${target}.part`).length;
    expect(have).toBeGreaterThan(0);
    answer = serveFile;
    await download(file(), target);
    expect(ranges.at(-1)).toBe(`bytes=${have}-`);
    expect(readFileSync(target)).toEqual(content);
  });

  it("goes on by itself", async () => {
    let broken = 2;
    answer = (request, response) => {
      if (broken-- <= 0) return serveFile(request, response);
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start });
      response.write(content.subarray(start, start + 100_000));
      setTimeout(() => response.destroy(), 100);
    };
    const target = newTarget();
    await download(file(), target, { pause: 1 });
    expect(ranges).toEqual([undefined, "bytes=100000-", "bytes=200000-"]);
    expect(readFileSync(target)).toEqual(content);
  });

  it("starts over if the server ignores ranges", async () => {
    answer = (_request, response) => void response.writeHead(200).end(content);
    const target = newTarget();
    mkdirSync(join(target, ".."), { recursive: true });
    writeFileSync(`${target}.part`, content.subarray(0, 1000));
    await download(file(), target);
    expect(readFileSync(target)).toEqual(content);
  });

  it("throws away what is not what the index promised", async () => {
    answer = serveFile;
    const target = newTarget();
    await expect(download(file("0".repeat(64)), target)).rejects.toThrow(/came with SHA-256 .* thrown away/);
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${target}.part`)).toBe(false);
  });

  it("gives up on a server that stops sending", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 10));
    };
    await expect(download(file(), newTarget(), { idle: 300 })).rejects.toThrow(/no data for 0.3 s/);
  });

  it("says what a server answers that does not have the file", async () => {
    answer = (_request, response) => void response.writeHead(404).end();
    await expect(download(file(), newTarget())).rejects.toThrow(/answers 404/);
  });
});

describe("listIndexFiles", () => {
  const links = [
    `<a href="../../files/${fileName}#sha256=${sha256}">x</a>`,
    '<a data-yanked="" href="old-1.0-py3-none-any.whl">y</a>',
  ];

  it("reads a JSON answer, without yanked files", async () => {
    answer = (request, response) => {
      expect(request.url).toBe("/simple/tensorflow-cpu/");
      response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" });
      const files = [
        { filename: fileName, url: "/files/x.whl", hashes: { sha256 }, size: 5 },
        { filename: "old.whl", url: "/o", hashes: {}, yanked: "broken" },
      ];
      response.end(JSON.stringify({ files }));
    };
    expect(await listIndexFiles(`${base}/simple`, "TensorFlow_CPU")).toEqual([
      { fileName, url: `${base}/files/x.whl`, sha256, size: 5 },
    ]);
  });

  it("reads an HTML answer, and a folder on disk", async () => {
    answer = (_request, response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end(links.join("\n"));
    expect(await listIndexFiles(`${base}/simple`, "tensorflow-cpu")).toEqual([
      { fileName, url: `${base}/files/${fileName}`, sha256 },
    ]);
    const project = join(folder, "simple", "tensorflow-cpu");
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, "index.html"), links.join("\n"));
    const [found] = await listIndexFiles(pathToFileURL(join(folder, "simple")).href, "tensorflow-cpu");
    expect(found).toEqual({ fileName, url: pathToFileURL(join(folder, "files", fileName)).href, sha256 });
  });

  it("says in one line why an index does not answer", async () => {
    answer = (_request, response) => void response.writeHead(403).end("no");
    await expect(listIndexFiles(base, "tensorflow")).rejects.toThrow(/answers 403 Forbidden/);
    answer = (_request, response) => void response.writeHead(200, { "content-type": "application/json" }).end("{");
    await expect(listIndexFiles(base, "tensorflow")).rejects.toThrow(/does not answer as a package index/);
    const closed = createServer();
    await new Promise<void>((done) => closed.listen(0, "127.0.0.1", done));
    const { port } = closed.address() as AddressInfo;
    await new Promise((done) => closed.close(done));
    await expect(listIndexFiles(`http://127.0.0.1:${port}`, "x")).rejects.toThrow(/cannot reach .*ECONNREFUSED/);
    answer = () => {};
    await expect(listIndexFiles(base, "tensorflow", 200)).rejects.toThrow(/cannot reach/);
  });

  it("asks the indexes that pip would ask", () => {
    const environment = { PIP_INDEX_URL: "http://mirror/simple/", PIP_EXTRA_INDEX_URL: "http://one http://two/" };
    expect(indexBases(environment)).toEqual(["http://mirror/simple", "http://one", "http://two"]);
    expect(indexBases({ ...environment, PIP_NO_INDEX: "1" })).toEqual([]);
    expect(indexBases({})).toEqual([]);
  });
});
