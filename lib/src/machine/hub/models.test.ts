import { readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { breakOff } from "../../../../tests/support/fakeHub";
import { checkpointFiles, useFakeHub } from "../../../../tests/support/useFakeHub";
import { PROJECT_ROOT } from "../support/project";
import { cachedModelName, cachedModels, hubCache } from "./cache";
import { adapterBaseFolder, modelOnHub, resolveModel } from "./models";

const { hub, options, home, leftovers, failure } = useFakeHub();

describe("names", () => {
  test.each<[string, string | undefined, string | undefined, string?]>([
    ["EleutherAI/pythia-160m", "EleutherAI/pythia-160m", undefined],
    ["hf:EleutherAI/pythia-160m@step1000", "EleutherAI/pythia-160m", "step1000"],
    ["meta-llama/Meta-Llama-3-8B@refs/pr/7", "meta-llama/Meta-Llama-3-8B", "refs/pr/7"],
    ["gpt2", "gpt2", undefined],
    ["gpt2-xl@main", "gpt2-xl", "main"],
    ["hf:bert", "bert", undefined],
    ["llama-mini", undefined, undefined],
    ["data/models/llama-mini", undefined, undefined],
    ["./models/llama", undefined, undefined],
    ["../models", undefined, undefined],
    ["/models/llama", undefined, undefined],
    ["owner/../etc", undefined, undefined],
    ["owner/name@../../x", undefined, undefined],
    ["owner/a--b", undefined, undefined],
    ["", undefined, undefined],
    ["owner/name@", undefined, undefined],
    ["owner/name/model.gguf", "owner/name", undefined, "model.gguf"],
    ["hf:owner/name/Q4/model-00001-of-00002.gguf@v1", "owner/name", "v1", "Q4/model-00001-of-00002.gguf"],
    ["owner/name/model.safetensors", undefined, undefined],
    ["owner/name/../model.gguf", undefined, undefined],
    ["./owner/name/model.gguf", undefined, undefined],
    ["/owner/name/model.gguf", undefined, undefined],
    ["model.gguf", undefined, undefined],
  ])("%s", (name, repository, revision, file) => {
    expect(modelOnHub(name)?.repository.name).toBe(repository);
    expect(modelOnHub(name)?.revision).toBe(revision);
    expect(modelOnHub(name)?.file).toBe(file);
  });

  test("a folder comes first, and needs no hub", async () => {
    vi.stubEnv("HF_ENDPOINT", hub.nowhere);
    expect(await resolveModel("data/models")).toBe("data/models");
    expect(await resolveModel("/nowhere/at/all")).toBe("/nowhere/at/all");
    expect(await resolveModel("no-such-model")).toBe(join(PROJECT_ROOT, "no-such-model"));
    const file = join(home(), "model.gguf");
    writeFileSync(file, "GGUF");
    expect(await resolveModel(file)).toBe(file);
  });
});

test("a model that comes with the project, by its name alone", async () => {
  vi.stubEnv("HF_ENDPOINT", hub.nowhere);
  expect(await resolveModel("llama-mini")).toBe(join(PROJECT_ROOT, "data/models/llama-mini"));
  expect(await resolveModel("..")).toBe("..");
});

describe("downloads", () => {
  test("only what is needed, into the layout of Python's library", async () => {
    const content = {
      ...checkpointFiles("llama-sharded"),
      "tokenizer.json": "{}",
      "README.md": "# x",
      "tf_model.h5": "x",
      "onnx/a": "x",
    };
    const commit = hub.add("models", "owner/tiny", { files: content });
    const updates: [number, number][] = [];
    const finished = vi.fn();
    const progress = { update: (done: number, total: number) => void updates.push([done, total]), finish: finished };
    const folder = await resolveModel("owner/tiny", { ...options, progress });
    expect(folder).toBe(join(home(), "hub/models--owner--tiny/snapshots", commit));
    const weights = Object.keys(content).filter((name) => name.startsWith("model"));
    expect(readdirSync(folder).sort()).toEqual(["config.json", ...weights, "tokenizer.json"].sort());
    for (const name of readdirSync(folder)) {
      expect(readlinkSync(join(folder, name))).toMatch(/^\.\.\/\.\.\/blobs\/([0-9a-f]{40}|[0-9a-f]{64})$/);
      expect(readFileSync(join(folder, name))).toEqual(Buffer.from(content[name as keyof typeof content] as string));
    }
    expect(readFileSync(join(folder, "../../refs/main"), "utf8")).toBe(commit);
    expect(cachedModelName(folder)).toBe("tiny");
    expect(updates.length).toBeGreaterThan(0);
    expect(finished).toHaveBeenCalledTimes(1);
    expect(leftovers()).toEqual([]);
    // Large files come from another host, through a redirect.
    expect(hub.requests.some(({ host }) => host === "files")).toBe(true);
  });

  test("an adapter, and the base model that it names", async () => {
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    const adapter = (name: string) => readFileSync(join(PROJECT_ROOT, "tests/fixtures/adapters/llama-patterns", name));
    const config = { ...JSON.parse(adapter("adapter_config.json").toString()), base_model_name_or_path: "owner/tiny" };
    const weights = adapter("adapter_model.safetensors");
    const files = {
      "adapter_config.json": JSON.stringify(config),
      "adapter_model.safetensors": weights,
      "README.md": "x",
    };
    hub.add("models", "someone/adapter", { files });
    const folder = await resolveModel("someone/adapter", options);
    expect(readdirSync(folder).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    const base = adapterBaseFolder(folder)!;
    expect(cachedModelName(base)).toBe("tiny");
    expect(readdirSync(base)).toContain("model.safetensors");
    rmSync(join(home(), "hub/models--owner--tiny"), { recursive: true });
    expect(() => adapterBaseFolder(folder)).toThrow("its base model owner/tiny is not here");
  });

  test("nothing twice: a second time, another name of the same commit, and a commit without asking", async () => {
    const commit = hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    const folder = await resolveModel("owner/tiny", options);
    hub.requests.length = 0;
    expect(await resolveModel("hf:owner/tiny@main", options)).toBe(folder);
    expect(hub.downloads()).toEqual([]);
    hub.requests.length = 0;
    expect(await resolveModel(`owner/tiny@${commit}`, options)).toBe(folder);
    expect(hub.downloads()).toEqual([]);
  });

  test("a new commit takes over the files that have not changed", async () => {
    const content = checkpointFiles("llama-gqa");
    hub.add("models", "owner/tiny", { files: content });
    await resolveModel("owner/tiny", options);
    hub.requests.length = 0;
    const commit = hub.add("models", "owner/tiny", { files: { ...content, "tokenizer.json": '{"new":1}' } });
    expect(await resolveModel("owner/tiny", options)).toContain(commit);
    expect(hub.downloads().map(({ path }) => path)).toEqual([`/owner/tiny/resolve/${commit}/tokenizer.json`]);
  });

  test("pytorch_model.bin where there is nothing better, and vocabularies without tokenizer.json", async () => {
    const content = { ...checkpointFiles("opt-bin-sharded"), "vocab.json": "{}", "merges.txt": "" };
    hub.add("models", "facebook/opt-tiny", { files: content });
    const folder = await resolveModel("facebook/opt-tiny", options);
    expect(readdirSync(folder).filter((name) => name.endsWith(".bin"))).toHaveLength(3);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["vocab.json", "merges.txt"]));
  });

  test("HF_HUB_CACHE names the cache itself", async () => {
    vi.stubEnv("HF_HUB_CACHE", join(home(), "elsewhere"));
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    expect(await resolveModel("owner/tiny", options)).toContain(join(home(), "elsewhere/models--owner--tiny"));
    expect(cachedModels().map(({ name }) => name)).toEqual(["owner/tiny"]);
    rmSync(join(home(), "elsewhere/models--owner--tiny/refs"), { recursive: true });
    expect(cachedModelName(cachedModels()[0].folder)).toMatch(/^tiny@[0-9a-f]{8}$/);
  });
});

describe("broken connections", () => {
  const weights = checkpointFiles("llama-gqa")["model.safetensors"];

  test("a download goes on in mid-file, with a range", async () => {
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    hub.mishap = ({ content, start }, response) => {
      if (start > 90_000) return false;
      breakOff(content, start, start + 40_000, response);
      return true;
    };
    const folder = await resolveModel("owner/tiny", options);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(weights);
    const ranges = hub.requests.filter(({ host }) => host === "files").map(({ range }) => range);
    expect(ranges.length).toBeGreaterThan(2);
    expect(ranges[0]).toBeUndefined();
    for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test("given up for now, and gone on with by the next run", async () => {
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    hub.mishap = ({ content, start }, response) => {
      if (start >= 50_000) response.destroy();
      else breakOff(content, start, 50_000, response);
      return true;
    };
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(
      /owner\/tiny, model\.safetensors: the download broke off at 0\.1 of 0\.1 MB.*run again to go on/,
    );
    expect(leftovers()).toHaveLength(1);
    hub.mishap = () => false;
    hub.requests.length = 0;
    const folder = await resolveModel("owner/tiny", options);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(weights);
    expect(hub.requests.filter(({ host }) => host === "files").map(({ range }) => range)).toEqual(["bytes=50000-"]);
    expect(leftovers()).toEqual([]);
  });

  test("a host without ranges: from the start again", async () => {
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    hub.ranges = false;
    let times = 0;
    hub.mishap = ({ content, start }, response) => {
      if (times++ > 0) return false;
      breakOff(content, start, 70_000, response);
      return true;
    };
    const folder = await resolveModel("owner/tiny", options);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(weights);
  });

  test("a host that falls silent counts as broken", async () => {
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    let times = 0;
    hub.mishap = ({ content, start }, response) => {
      if (times++ > 0) return false;
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(start, 30_000));
      return true;
    };
    const folder = await resolveModel("owner/tiny", options);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(weights);
    expect(hub.requests.at(-1)?.range).toBe("bytes=30000-");
  });

  test("a busy file host is tried again", async () => {
    hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") });
    let times = 0;
    hub.mishap = (_file, response) => {
      if (times++ > 1) return false;
      response.writeHead(503).end();
      return true;
    };
    await resolveModel("owner/tiny", options);
    expect(times).toBe(3);
  });
});

describe("wrong content", () => {
  beforeEach(() => void hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") }));
  const blob = () => readdirSync(join(hubCache(), "models--owner--tiny/blobs")).filter((name) => name.length === 64);

  test("a wrong hash: thrown away, and right the next time", async () => {
    hub.mishap = ({ content }, response) => {
      const damaged = Buffer.from(content);
      damaged[70_000] ^= 1;
      response.writeHead(200, { "content-length": damaged.length }).end(damaged);
      return true;
    };
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(
      /owner\/tiny, model\.safetensors: came with hash [0-9a-f]{64}, the hub lists [0-9a-f]{64}: it was thrown away/,
    );
    expect([...leftovers(), ...blob()]).toEqual([]);
    hub.mishap = () => false;
    await resolveModel("owner/tiny", options);
    expect(blob()).toHaveLength(1);
  });

  test("damage from an earlier run is found out too", async () => {
    hub.mishap = ({ content, start }, response) => {
      if (start > 0) response.destroy();
      else breakOff(content, 0, 50_000, response);
      return true;
    };
    await failure(resolveModel("owner/tiny", options));
    hub.mishap = () => false;
    const [part] = leftovers();
    const bytes = readFileSync(join(hubCache(), part));
    bytes[10] ^= 1;
    writeFileSync(join(hubCache(), part), bytes);
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/came with hash/);
    expect(leftovers()).toEqual([]);
  });

  test.each([
    ["shorter, and says so", (content: Buffer) => content.subarray(0, 5000), true],
    ["longer, and says so", (content: Buffer) => Buffer.concat([content, content]), true],
    ["longer, and does not say so", (content: Buffer) => Buffer.concat([content, content]), false],
  ])("a file that is %s", async (_title, change, announced) => {
    hub.mishap = ({ content }, response) => {
      const wrong = change(content);
      response.writeHead(200, announced ? { "content-length": wrong.length } : {}).end(wrong);
      return true;
    };
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/model\.safetensors: (has|is longer than)/);
    expect([...leftovers(), ...blob()]).toEqual([]);
  });

  test("a file that is shorter and does not say so", async () => {
    hub.mishap = ({ content }, response) => {
      response.writeHead(200).end(content.subarray(0, 5000));
      return true;
    };
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/broke off at 0\.0 of 0\.1 MB/);
    expect(blob()).toEqual([]);
  });

  test("a file in the cache that has lost its end is fetched again", async () => {
    const folder = await resolveModel("owner/tiny", options);
    truncateSync(join(folder, "model.safetensors"), 100);
    await resolveModel("owner/tiny", options);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(checkpointFiles("llama-gqa")["model.safetensors"]);
  });

  test("a small file with a wrong hash", async () => {
    hub.swap = (path, content) => (path === "config.json" ? Buffer.from(content.map((byte) => byte ^ 1)) : content);
    expect(await failure(resolveModel("owner/tiny", options))).toMatch(/config\.json: came with hash [0-9a-f]{40}/);
  });
});
