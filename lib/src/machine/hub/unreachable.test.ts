import { closeSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync, writeSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { breakOff } from "../../../../tests/support/fakeHub";
import { makeReadOnly, mountedFolder, skipLoudly } from "../../../../tests/support/mounts";
import { recordingServer } from "../../../../tests/support/recordingServers";
import { checkpointFiles, TOKEN, useFakeHub } from "../../../../tests/support/useFakeHub";
import { cachedCommit } from "./cache";
import { resolveModel } from "./models";

const { hub, options, notices, failure } = useFakeHub();

const REPOSITORY = { type: "model", name: "owner/tiny" } as const;
const FILES = checkpointFiles("llama-gqa");
const add = (files: Record<string, Buffer | string> = FILES) => hub.add("models", "owner/tiny", { files });
const asked = () => hub.requests.filter(({ path }) => path.startsWith("/api/")).length;
const HTML = { "content-type": "text/html; charset=utf-8" };
const page = "<!DOCTYPE html><title>Sign in</title>";

/** Has somebody else answer the hub's questions, or those for its files, so many times. */
function answerInstead(
  answer: (response: ServerResponse) => void,
  times = Number.POSITIVE_INFINITY,
  whose: "hub" | "files" = "hub",
) {
  let left = times;
  const step = (_request: unknown, response: ServerResponse) => {
    if (left-- <= 0) return false;
    answer(response);
    return true;
  };
  if (whose === "hub") hub.instead = step;
  else hub.mishap = step;
}

beforeEach(() => void add());

describe("a hub that is busy", () => {
  test.each([429, 500, 502, 503, 504])("%i: asked again", async (status) => {
    answerInstead((response) => response.writeHead(status).end("busy"), 2);
    await resolveModel("owner/tiny", options);
    expect(notices).toEqual([]);
  });

  test("Retry-After is heeded, and said", async () => {
    answerInstead((response) => response.writeHead(429, { "retry-after": "2" }).end(), 1);
    const start = performance.now();
    await resolveModel("owner/tiny", options);
    expect(performance.now() - start).toBeGreaterThan(1990);
    expect(notices).toEqual(["the hub: it answers 429; trying again in 2 s"]);
  });

  test("Retry-After of an hour is not waited for", async () => {
    const folder = await resolveModel("owner/tiny", options);
    answerInstead((response) => response.writeHead(429, { "retry-after": "3600" }).end(), 9);
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices).toEqual([
      "the hub cannot be reached (it answers 429 and asks to wait 60 minutes): using owner/tiny as it is in the cache",
    ]);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["closes the connection", (response) => response.destroy()],
    [
      "stops in the middle",
      (response) => response.writeHead(200, { "content-length": 50 }).write("{", () => response.destroy()),
    ],
    ["stops in the middle of no length", (response) => response.writeHead(200).end('{"sha": "00')],
  ])("one that %s is asked again", async (_title, answer) => {
    answerInstead(answer, 2);
    await resolveModel("owner/tiny", options);
    expect(notices).toEqual([]);
  });

  test("not for ever", async () => {
    hub.down = 503;
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/cannot be reached \(it answers 503\)/);
    expect(asked()).toBe(5);
  });

  test("so of its file host", async () => {
    answerInstead((response) => void response.writeHead(503, { "retry-after": "0" }).end(), 2, "files");
    await resolveModel("owner/tiny", options);
    expect(hub.requests.filter(({ status }) => status === 503)).toHaveLength(2);
  });
});

describe("what stands in the way of the hub", () => {
  test.each<[string, RegExp, (response: ServerResponse) => void]>([
    ["a firewall's 403", /it answers 403, not as the hub does/, (response) => response.writeHead(403, HTML).end(page)],
    ["a 403 in plain words", /it answers 403, not as/, (response) => response.writeHead(403).end("Blocked by policy")],
    ["a 401 of a proxy", /it answers 401, not as/, (response) => response.writeHead(401, HTML).end(page)],
    ["a 404 of another site", /it answers 404, not as/, (response) => response.writeHead(404, HTML).end(page)],
    ["a 451", /it answers 451, not as/, (response) => response.writeHead(451, HTML).end(page)],
    ["a 407", /the hub cannot be reached/, (response) => response.writeHead(407).end()],
    ["a 511", /it answers 511/, (response) => response.writeHead(511, HTML).end(page)],
    ["a login page", /it answers with a web page/, (response) => response.writeHead(200, HTML).end(page)],
    [
      "a login page that says it is JSON",
      /it answers with a web page/,
      (response) => response.writeHead(200).end(page),
    ],
    ["JSON of somebody else", /the hub's answer cannot be understood/, (response) => response.writeHead(200).end("{}")],
  ])("%s: unreachable, and asked once", async (_title, message, answer) => {
    vi.stubEnv("HF_TOKEN", TOKEN);
    answerInstead(answer);
    const why = await failure(resolveModel("owner/tiny", options));
    expect(why).toMatch(message);
    expect(why).not.toMatch(/access token|spelling|HF_TOKEN/);
    expect(asked()).toBe(1);
    hub.instead = () => false;
    const folder = await resolveModel("owner/tiny", options);
    answerInstead(answer);
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices.join()).toMatch(message);
    expect(notices.join()).toMatch(/: using owner\/tiny as it is in the cache$/);
  });

  test("a redirect to a host where one logs in, which is named", async () => {
    const login = await recordingServer((_request, response) => void response.writeHead(200, HTML).end(page));
    answerInstead((response) => void response.writeHead(302, { location: `${login.address}/login?to=x` }).end());
    const host = login.address.slice("http://".length);
    expect(await failure(resolveModel("owner/tiny", options))).toContain(
      `the hub cannot be reached (${host} answers with a web page: a firewall or a login page?)`,
    );
    await login.stop();
  });

  test("the hub's own refusals are no such thing", async () => {
    const errors = { "x-error-code": "RepoNotFound" };
    answerInstead((response) => void response.writeHead(401, errors).end("Unauthorized"));
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/the hub shows no such model \(401\)/);
    answerInstead(
      (response) => void response.writeHead(403, { "content-type": "application/json" }).end('{"error":"not for you"}'),
    );
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/only for people with access \(403\)/);
  });

  test("in the place of a file: nothing of it is kept, and what had come stays", async () => {
    hub.mishap = ({ content, start }, response) => {
      if (start >= 20_000) response.writeHead(200, HTML).end(page);
      else breakOff(content, start, 20_000, response);
      return true;
    };
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(
      /the download broke off at 0\.0 of .* \(the hub: .* answers with a web page/,
    );
    hub.mishap = () => false;
    hub.requests.length = 0;
    const folder = await resolveModel("owner/tiny", options);
    expect(hub.downloads().some(({ range }) => range === "bytes=20000-")).toBe(true);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(FILES["model.safetensors"]);
  });
});

describe("main has moved, and its files cannot be had", () => {
  const changed = { ...FILES, "config.json": `${FILES["config.json"]} `, "model.safetensors": Buffer.alloc(5000) };

  test.each<[string, (response: ServerResponse) => void]>([
    ["a firewall before the file host", (response) => response.writeHead(403).end("no")],
    ["a file host that is down", (response) => response.writeHead(503, { "retry-after": "0" }).end()],
    ["a login page", (response) => response.writeHead(200, HTML).end(page)],
  ])("%s: the complete copy is used, now and without the hub", async (_title, answer) => {
    const folder = await resolveModel("owner/tiny", options);
    const old = cachedCommit(REPOSITORY, "main");
    const latest = add(changed);
    answerInstead(answer, Number.POSITIVE_INFINITY, "files");
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices).toEqual([
      expect.stringMatching(
        new RegExp(
          `^the hub cannot be reached .*: using owner/tiny as it is in the cache \\(commit ${old?.slice(0, 8)}\\)$`,
        ),
      ),
    ]);
    expect(await resolveModel("owner/tiny", { ...options, offline: true })).toBe(folder);
    hub.mishap = () => false;
    expect(await resolveModel("owner/tiny", options)).toContain(latest);
    expect(cachedCommit(REPOSITORY, "main")).toBe(latest);
  });

  test("a copy that is not complete is of no use: the first reason is told", async () => {
    const folder = await resolveModel("owner/tiny", options);
    rmSync(join(folder, "model.safetensors"));
    add(changed);
    answerInstead((response) => void response.writeHead(403).end("no"), Number.POSITIVE_INFINITY, "files");
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/model\.safetensors: the download broke off/);
    expect(notices).toEqual([]);
  });
});

describe("a cache for reading alone", () => {
  async function readOnlyCache(skip: () => void): Promise<string | undefined> {
    const cache = mountedFolder("-o", "size=4m");
    if (!cache) return skipLoudly(skip, "a read-only cache (mount is not permitted)") as undefined;
    vi.stubEnv("HF_HUB_CACHE", cache);
    const folder = await resolveModel("owner/tiny", options);
    makeReadOnly(cache);
    return folder;
  }

  test("as it is on the hub: nothing to be said", async ({ skip }) => {
    const folder = await readOnlyCache(skip);
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices).toEqual([]);
  });

  test("main has moved by a README: what is there is used, and said", async ({ skip }) => {
    const folder = await readOnlyCache(skip);
    add({ ...FILES, "README.md": "new" });
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices.join()).toMatch(/^the cache .* cannot be written: using owner\/tiny as it is in the cache \(commit/);
  });

  test("without a note where main stands: by the commit that the hub names", async ({ skip }) => {
    const cache = mountedFolder("-o", "size=4m");
    if (!cache) return skipLoudly(skip, "a read-only cache (mount is not permitted)");
    vi.stubEnv("HF_HUB_CACHE", cache);
    const folder = await resolveModel("owner/tiny", options);
    rmSync(join(folder, "../../refs"), { recursive: true });
    makeReadOnly(cache);
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices).toEqual([]);
  });

  test("what is not there cannot be brought", async ({ skip }) => {
    await readOnlyCache(skip);
    hub.add("models", "owner/other", { files: FILES });
    expect(await failure(resolveModel("owner/other", options))).toMatch(
      /cannot write .*: name another folder in HF_HOME/,
    );
  });
});

test("a download that a container left half done, with its lock: said, and gone on with after a minute", async () => {
  const folder = await resolveModel("owner/tiny", options);
  const file = join(folder, "model.safetensors");
  const blob = realpathSync(file);
  rmSync(file);
  rmSync(blob);
  writeFileSync(`${blob}.incomplete`, FILES["model.safetensors"].subarray(0, 10_000));
  const older = openSync(`${blob}.incomplete`, "a");
  const holder = { host: "node7", machine: "node7-01234567", process: 12, started: "2026-01-01T00:00:00Z" };
  writeFileSync(`${blob}.lock`, JSON.stringify(holder));
  hub.requests.length = 0;
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 40_000));
  await resolveModel("owner/tiny", options);
  clock.mockRestore();
  const what = "owner/tiny, model.safetensors";
  expect(notices).toEqual([
    `waiting for process 12 on node7 that fetches ${what}`,
    `process 12 on node7 that fetched ${what} gives no sign of life: going on in its place`,
  ]);
  expect(hub.downloads().map(({ range }) => range)).toContain("bytes=10000-");
  // Should it only have stood still, what it writes harms nobody.
  writeSync(older, "more");
  closeSync(older);
  expect(readFileSync(file)).toEqual(FILES["model.safetensors"]);
});
