import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkpointFiles, TOKEN, useFakeHub } from "../../../../tests/support/useFakeHub";
import { hubCache } from "./cache";
import { resolveModel } from "./models";
import { accessToken } from "./token";

const { hub, options, notices, home, failure } = useFakeHub();

const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  const keep = (piece: unknown) => printed.push(String(piece)) > 0;
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
  for (const level of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, level).mockImplementation(keep);
});

// Whatever a test of this file does: the token reaches the hub, and no file, output or message.
afterEach(() => {
  vi.restoreAllMocks();
  expect(`${printed.join("")}${notices.join("")}`).not.toContain(TOKEN);
  for (const path of readdirSync(home(), { recursive: true, encoding: "utf8" })) {
    if (path === "token" || !statSync(join(home(), path), { throwIfNoEntry: false })?.isFile()) continue;
    expect(path).not.toContain(TOKEN);
    expect(readFileSync(join(home(), path), "latin1")).not.toContain(TOKEN);
  }
  for (const { host, authorization, path } of hub.requests) {
    expect(path).not.toContain(TOKEN);
    if (host === "files") expect(authorization).toBeUndefined();
  }
});

describe("gated and private models", () => {
  const add = (kind: "gated" | "private") =>
    hub.add("models", "meta/gated", { files: checkpointFiles("llama-gqa"), access: { kind, tokens: [TOKEN] } });

  test("HF_TOKEN opens them; large files are fetched from their host without it", async () => {
    for (const kind of ["gated", "private"] as const) {
      add(kind);
      vi.stubEnv("HF_TOKEN", TOKEN);
      const folder = await resolveModel("meta/gated", options);
      expect(readdirSync(folder)).toContain("model.safetensors");
      expect(hub.requests.some(({ host, status }) => host === "files" && status === 200)).toBe(true);
      const asked = hub.requests.filter(({ host }) => host === "hub");
      expect(asked.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
      rmSync(hubCache(), { recursive: true });
    }
  });

  test("so does the file of `hf auth login`, another one named by HF_TOKEN_PATH, and an argument", async () => {
    add("gated");
    writeFileSync(join(home(), "token"), `${TOKEN}\n`);
    expect(accessToken()).toBe(TOKEN);
    await resolveModel("meta/gated", options);
    rmSync(hubCache(), { recursive: true });
    vi.stubEnv("HF_TOKEN_PATH", join(home(), "none"));
    expect(accessToken()).toBeUndefined();
    await resolveModel("meta/gated", { ...options, token: TOKEN });
    expect(hub.requests.every(({ status }) => status < 400)).toBe(true);
  });

  test("without a token: how to get one", async () => {
    add("gated");
    const message = await failure(resolveModel("meta/gated", options));
    expect(message).toContain(`ask for access on ${hub.endpoint}/meta/gated`);
    expect(message).toMatch(/only for people with access \(401\).*HF_TOKEN.*hf auth login/);
  });

  test("with a token that has no access", async () => {
    hub.add("models", "meta/gated", { files: checkpointFiles("llama-gqa"), access: { kind: "gated", tokens: [] } });
    vi.stubEnv("HF_TOKEN", TOKEN);
    const message = await failure(resolveModel("meta/gated", options));
    expect(message).toMatch(/your token gives no access to it \(403: Access to model meta\/gated is restricted/);
    expect(message).toContain("Your token: ***");
    expect(message).toContain(`ask for access on ${hub.endpoint}/meta/gated`);
  });

  test("with a token that is not valid any more", async () => {
    add("gated");
    const old = "hf_expired_and_secret";
    vi.stubEnv("HF_TOKEN", old);
    const message = await failure(resolveModel("meta/gated", options));
    expect(message).toMatch(/the hub does not accept your token \(401: .*\*\*\*\): make a new one/);
    expect(message).not.toContain(old);
  });

  test("with something that is no token", async () => {
    vi.stubEnv("HF_TOKEN", `${TOKEN} \u201d`);
    expect(await failure(resolveModel("meta/gated", options))).toMatch(/HF_TOKEN.*copy it again/);
  });

  test("a private or a misspelled name", async () => {
    add("private");
    expect(await failure(resolveModel("meta/gated", options))).toMatch(
      /shows no such model \(401\): check the spelling; if it is private, put an access token into HF_TOKEN \(nor is there a folder meta\/gated\)/,
    );
    vi.stubEnv("HF_TOKEN", TOKEN);
    expect(await failure(resolveModel("hf:meta/gatd", options))).toMatch(
      /no such model \(404\).*your token needs access to it$/,
    );
  });
});

describe("what cannot be had", () => {
  beforeEach(() => void hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") }));

  test("an unknown revision", async () => {
    expect(await failure(resolveModel("owner/tiny@step7", options))).toMatch(/no such branch, tag or commit.*404/);
    const commit = "0".repeat(40);
    expect(await failure(resolveModel("owner/tiny", { ...options, revision: commit }))).toMatch(/no such branch/);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["no model", { "README.md": "" }, /owner\/other: has no config\.json/],
    [
      "no weights that can be read",
      { "config.json": "{}", "model.onnx": "" },
      /owner\/other: has no weights in model\.saf/,
    ],
    [
      "several GGUF files",
      { "a.gguf": "", "b.gguf": "" },
      /owner\/other: has 2 GGUF files: name one of them, as in owner\/other\/a\.gguf; there are a\.gguf, b\.gguf/,
    ],
    [
      "a shard that is not there",
      { "config.json": "{}", "model.safetensors.index.json": '{"weight_map":{"a":"model-1.safetensors"}}' },
      /owner\/other: has no file model-1\.safetensors on the hub/,
    ],
    [
      "an index that leads out of the folder",
      { "config.json": "{}", "model.safetensors.index.json": '{"weight_map":{"a":"../../../../../secret"}}' },
      /index\.json: "\.\.\/.* is not a file name in this folder/,
    ],
  ])("a repository with %s", async (_title, files, message) => {
    hub.add("models", "owner/other", { files });
    expect(await failure(resolveModel("owner/other", options))).toMatch(message);
  });

  test("a cache that cannot be written", async () => {
    writeFileSync(join(home(), "hub"), "a file, where a folder is needed");
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/ENOTDIR|not a folder/);
  });

  test("a wrong HF_ENDPOINT", async () => {
    vi.stubEnv("HF_ENDPOINT", "hub.local");
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/HF_ENDPOINT is not a plain address/);
    vi.stubEnv("HF_ENDPOINT", `http://user:${TOKEN}@127.0.0.1`);
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/HF_ENDPOINT is not a plain address/);
  });

  test("a hub that answers nonsense", async () => {
    hub.add("models", "owner/odd", { files: {}, commit: "../../etc" });
    expect(await failure(resolveModel("owner/odd", options))).toMatch(/the hub's answer cannot be understood/);
  });
});

describe("without the hub", () => {
  beforeEach(() => void hub.add("models", "owner/tiny", { files: checkpointFiles("llama-sharded") }));
  const offline = () => vi.stubEnv("HF_ENDPOINT", hub.nowhere);

  test("what is in the cache is used, and said so", async () => {
    const folder = await resolveModel("owner/tiny", options);
    expect(notices).toEqual([]);
    offline();
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices.join()).toMatch(
      /hub cannot be reached \(it refuses the connection\): using owner\/tiny as it is in the cache/,
    );
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    hub.down = 503;
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(notices[1]).toMatch(/it answers 503/);
  });

  test("the notice goes to stderr by itself", async () => {
    await resolveModel("owner/tiny", options);
    offline();
    await resolveModel("owner/tiny");
    expect(printed.join("")).toMatch(/^the hub cannot be reached .*\n$/);
    expect(process.stdout.write).not.toHaveBeenCalled();
  });

  test("HF_HUB_OFFLINE asks nobody", async () => {
    const folder = await resolveModel("owner/tiny", options);
    hub.requests.length = 0;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolveModel("owner/tiny", options)).toBe(folder);
    expect(hub.requests).toEqual([]);
    expect(await failure(resolveModel("owner/other", options))).toMatch(/not in the cache .*HF_HUB_OFFLINE is set/);
    expect(await failure(resolveModel("owner/tiny@step1", options))).toMatch(/\(step1\) is not in the cache/);
  });

  test("a commit that is all in the cache is not asked for", async () => {
    const folder = await resolveModel("owner/tiny", options);
    writeFileSync(join(folder, "tokenizer.json"), "{}");
    hub.requests.length = 0;
    const commit = hub.repositories.get("models/owner/tiny")!.commit!;
    expect(await resolveModel(`owner/tiny@${commit}`, options)).toBe(folder);
    expect(hub.requests).toEqual([]);
  });

  test("what is not in the cache: both reasons", async () => {
    offline();
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(
      /owner\/tiny \(main\) is not in the cache .*and the hub cannot be reached \(it refuses the connection\)/,
    );
  });

  test("a part of the weights is missing", async () => {
    const folder = await resolveModel("owner/tiny", options);
    rmSync(join(folder, "model-00002-of-00003.safetensors"));
    offline();
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(
      /owner\/tiny: the cache lacks model-00002-of-00003\.safetensors, and the hub cannot be reached/,
    );
  });

  test("only the config is there", async () => {
    const folder = await resolveModel("owner/tiny", options);
    for (const name of readdirSync(folder)) if (name.startsWith("model")) rmSync(join(folder, name));
    offline();
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(
      /has no weights in .* in the cache, and the hub cannot be reached/,
    );
  });

  test("a damaged note of the commit counts as none", async () => {
    const folder = await resolveModel("owner/tiny", options);
    mkdirSync(join(folder, "../../refs"), { recursive: true });
    writeFileSync(join(folder, "../../refs/main"), "../../../../etc");
    offline();
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/is not in the cache/);
  });
});
