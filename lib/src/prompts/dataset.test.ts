import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { TOKEN, useFakeHub } from "../../../tests/support/useFakeHub";
import { PROJECT_ROOT } from "../machine/support/project";
import { pileRows } from "./pile";
import { loadPrompts } from "./prompts";

const { hub, options, home, failure } = useFakeHub();

const PARQUET = join(PROJECT_ROOT, "tests/fixtures/parquet");
const parquet = (name: string): Buffer => readFileSync(join(PARQUET, `${name}.parquet`));
const names = (prompts: { name: string }[]) => prompts.map(({ name }) => name);

describe("Pile-10k", () => {
  const add = () =>
    hub.add("datasets", "NeelNanda/pile-10k", {
      files: { "README.md": "", "data/train-00000-of-00001-4746b8785c874cc7.parquet": parquet("pile") },
    });

  test("the paper's choices", async () => {
    add();
    const filtered = await loadPrompts("pile-10k:filtered", undefined, options);
    expect(filtered).toHaveLength(2244);
    expect(filtered[0]).toEqual({ name: "pile-10k-0", text: "document 0" });
    const subset = await loadPrompts("pile-10k:subset", undefined, options);
    expect(subset).toHaveLength(50);
    expect(subset[14]).toEqual({ name: "pile-10k-3218", text: "document 3218" });
    const inFiltered = new Set(names(filtered));
    expect(names(subset).every((name) => inFiltered.has(name))).toBe(true);
    expect(await loadPrompts("pile-10k:3218", undefined, options)).toEqual([subset[14]]);
    expect(names(await loadPrompts("pile-10k:7,3", undefined, options))).toEqual(["pile-10k-7", "pile-10k-3"]);
    expect(await loadPrompts("pile-10k", undefined, options)).toHaveLength(10_000);
    expect(names(await loadPrompts("pile-10k", 2, options))).toEqual(["pile-10k-0", "pile-10k-1"]);
    expect(names(await loadPrompts("pile-10k:filtered", 3, options))).toEqual([
      "pile-10k-0",
      "pile-10k-19",
      "pile-10k-22",
    ]);
    // One download for all of them.
    expect(hub.requests.filter(({ host }) => host === "files")).toHaveLength(1);
  });

  test("without the hub, once it is in the cache", async () => {
    add();
    await loadPrompts("pile-10k:3218", undefined, options);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(names(await loadPrompts("pile-10k:subset", 1, options))).toEqual(["pile-10k-587"]);
  });

  test("without the hub, and not in the cache", async () => {
    vi.stubEnv("HF_ENDPOINT", hub.nowhere);
    expect(await failure(loadPrompts("pile-10k:subset", undefined, options))).toMatch(
      /NeelNanda\/pile-10k \(main\) is not in the cache .*, and the hub cannot be reached/,
    );
  });

  test("what it does not have", async () => {
    add();
    for (const source of ["pile-10k:10000", "pile-10k:3,99999999999999999999"]) {
      expect(await failure(loadPrompts(source, undefined, options))).toMatch(
        /there is no row .*; Pile-10k has rows 0 to 9999/,
      );
    }
    for (const source of ["pile-10k:", "pile-10k:all", "pile-10k:-1", "pile-10k:1,"]) {
      expect(await failure(loadPrompts(source, undefined, options))).toMatch(/write pile-10k, pile-10k:filtered/);
    }
    expect(await failure(loadPrompts("pile-10k:subset", 51, options))).toMatch(/holds 50 prompts, fewer than the 51/);
  });

  test("the paper's rows, as its authors published them", () => {
    expect(pileRows("pile-10k:filtered")).toContain(3218);
    expect(new Set(pileRows("pile-10k:filtered")).size).toBe(2244);
    expect(pileRows("pile-10k")).toBeUndefined();
  });
});

describe("other data sets", () => {
  const parts = Object.fromEntries(
    [0, 1, 2].map((part) => [`data/train-0000${part}-of-00003-abc.parquet`, parquet(`train-0000${part}-of-00003-abc`)]),
  );
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      name: `texts-${from + i}`,
      text: `part ${Math.floor((from + i) / 4)} row ${(from + i) % 4}`,
    }));

  test("several files are one table, fetched as far as needed", async () => {
    hub.add("datasets", "owner/texts", { files: { ...parts, "data/test-00000-of-00001.parquet": parquet("zstd") } });
    expect(await loadPrompts("hf-dataset:owner/texts", 5, options)).toEqual(rows(0, 5));
    expect(hub.downloads()).toHaveLength(2);
    expect(await loadPrompts("hf-dataset:owner/texts", undefined, options)).toEqual(rows(0, 12));
    expect(hub.downloads()).toHaveLength(3);
    expect(readdirSync(join(home(), "hub"))).toEqual(["datasets--owner--texts"]);
  });

  test("a part that is missing without the hub is not passed over", async () => {
    hub.add("datasets", "owner/texts", { files: parts });
    await loadPrompts("hf-dataset:owner/texts", 5, options);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await loadPrompts("hf-dataset:owner/texts", 6, options)).toEqual(rows(0, 6));
    expect(await failure(loadPrompts("hf-dataset:owner/texts", 9, options))).toMatch(
      /the cache lacks data\/train-00002-of-00003\.parquet, and HF_HUB_OFFLINE is set/,
    );
  });

  test("another split, column, revision", async () => {
    const commit = hub.add("datasets", "owner/texts", {
      files: { ...parts, "data/test.parquet": parquet("two-columns") },
    });
    const source = "hf-dataset:owner/texts/data/test";
    expect(await failure(loadPrompts(source, undefined, options))).toMatch(/name the column/);
    const prompts = await loadPrompts(`${source}@${commit}:question`, undefined, options);
    expect(prompts.map(({ text }) => text)).toEqual(["q0", "q1"]);
  });

  test("a split is the one of that name, or in that folder, and none that begins so", async () => {
    const files = Object.fromEntries(
      ["data/test", "data/test_hard", "data/validation"].map((name) => [`${name}.parquet`, parquet("zstd")]),
    );
    hub.add("datasets", "owner/texts", { files: { ...files, ...parts } });
    const load = (path: string) => loadPrompts(`hf-dataset:owner/texts/${path}`, 1, options);
    const before = hub.downloads().length;
    await load("data/test");
    expect(hub.downloads().slice(before)).toMatchObject([{ path: expect.stringMatching(/data\/test\.parquet\b/) }]);
    expect(await failure(load("data/val"))).toMatch(/name a split, .* there are data\/test, data\/test_hard, data\/tr/);
    expect(await load("data/")).toHaveLength(1); // of its folder, the training split
  });

  test("what the hub converts by itself, where there is no Parquet", async () => {
    hub.add("datasets", "owner/lines", { files: { "train.jsonl": "{}" } });
    const { files, ...main } = hub.repositories.get("datasets/owner/lines")!;
    hub.repositories.set("datasets/owner/lines", {
      ...main,
      files,
      branches: {
        "refs/convert/parquet": { "default/train/0000.parquet": parquet("snappy"), "default/test/0000.parquet": "x" },
      },
    });
    const prompts = await loadPrompts("hf-dataset:owner/lines", 2, options);
    expect(names(prompts)).toEqual(["lines-0", "lines-1"]);
  });

  test.each<[string, string, Record<string, Buffer | string>, RegExp]>([
    ["no Parquet at all", "owner/x", { "a.csv": "" }, /owner\/x: has no Parquet files/],
    [
      "several splits",
      "owner/x",
      { "a/test-00000-of-00001.parquet": "", "b/validation.parquet": "" },
      /name a split, as in hf-dataset:owner\/x\/a\/test; there are a\/test, b\/validation/,
    ],
    [
      "several training splits",
      "owner/x",
      { "a/train.parquet": "", "b/train.parquet": "" },
      /there are a\/train, b\/train/,
    ],
    ["no such split", "owner/x/dev", { "a/train.parquet": "" }, /name a split/],
    ["a damaged file", "owner/x", { "train.parquet": "<html>" }, /train\.parquet: not a Parquet file/],
    ["no such data set", "owner/y", {}, /owner\/y: the hub shows no such data set \(401\)/],
  ])("refuses %s", async (_title, name, files, message) => {
    hub.add("datasets", "owner/x", { files });
    expect(await failure(loadPrompts(`hf-dataset:${name}`, undefined, options))).toMatch(message);
  });

  test.each([
    "hf-dataset:",
    "hf-dataset:texts",
    "hf-dataset:owner/../x",
    "hf-dataset:owner/x@",
    "hf-dataset:/etc/passwd",
  ])("refuses %s", async (source) => {
    expect(await failure(loadPrompts(source, undefined, options))).toMatch(
      /write a data set as hf-dataset:owner\/name/,
    );
    expect(existsSync(join(home(), "hub"))).toBe(false);
  });

  test("a gated one", async () => {
    hub.add("datasets", "owner/gated", { files: parts, access: { kind: "gated", tokens: [TOKEN] } });
    const message = await failure(loadPrompts("hf-dataset:owner/gated", undefined, options));
    expect(message).toContain(`ask for access on ${hub.endpoint}/datasets/owner/gated`);
    expect(await loadPrompts("hf-dataset:owner/gated", undefined, { ...options, token: TOKEN })).toHaveLength(12);
  });
});
