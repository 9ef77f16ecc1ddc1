/**
 * Damaged and malicious files, made by the hundreds: every reader gives a result or refuses them for people, in bounded time and
 * memory. `npm run fuzz` does the same with many more; docs/robustness.md says what that found.
 */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readHostileInputs } from "./hostile/harness";
import { type HostileReader, hostileReaders, sampleFolder } from "./hostile/readers";
import { PROJECT } from "./support/cli";

/** Set by `npm run fuzz`. */
const inputs = Number(process.env.TOKEN_GEOMETRY_FUZZ_INPUTS ?? 400);
const seed = Number(process.env.TOKEN_GEOMETRY_FUZZ_SEED ?? 1);
const only = process.env.TOKEN_GEOMETRY_FUZZ_ONLY?.split(",");

const NAMES = [
  ...[
    "safetensors",
    "torch",
    "torchLegacy",
    "gguf",
    "config",
    "index",
    "adapter",
    "tokenizer",
    "ggufTokenizer",
    "npy",
    "zip",
    "parquet",
    ...["npyTypes", "npz", "npzMembers", "torchArray", "torchLegacyArray", "safetensorsArray", "parquetArray"],
    ...["arrow", "arrowPacked", "csv"],
    "jsonl",
  ],
  ...["notebook", "parameters", "manifest", "unit", "sealedUnit", "claim"],
];

const samples = sampleFolder();
let readers: HostileReader[];

beforeAll(async () => {
  readers = await hostileReaders(samples.folder);
  expect(readers.map(({ name }) => name)).toEqual(NAMES);
});
afterAll(samples.remove);

const chosen = NAMES.filter((name) => only?.includes(name) ?? true);

test.each(chosen)("%s", { timeout: 3_600_000 }, async (name) => {
  const reader = readers.find((reader) => reader.name === name)!;
  const count = Math.ceil(inputs / chosen.length);
  const failures = join(PROJECT, "out/hostile");
  const tally = await readHostileInputs(reader, { inputs: count, seed, failures });
  expect(tally.result + tally.refused).toBe(count);
  if (process.env.TOKEN_GEOMETRY_FUZZ_INPUTS) {
    const most = `slowest ${tally.seconds.toFixed(2)} s, most memory ${(tally.grown / 2 ** 20).toFixed(0)} MiB`;
    console.log(`${name}: ${count} inputs, ${tally.result} read, ${tally.refused} refused; ${most}`);
  }
});
