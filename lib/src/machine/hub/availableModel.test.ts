import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useFakeHub } from "../../../../tests/support/useFakeHub";
import { useFakePackages } from "../../../../tests/support/useFakePackages";
import { Stopped, silentProgress } from "../support/progress";
import { PROJECT_ROOT } from "../support/project";
import { availableModel } from "./availableModel";

const { hub, options, notices } = useFakeHub();
const { model, change, installPip, makeIndex } = useFakePackages();
const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  vi.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0);
});
afterEach(() => void vi.restoreAllMocks());

test("the model itself, fetched if need be", async () => {
  installPip();
  const found = await availableModel("tiny-model", { ...options, progress: silentProgress });
  expect(found).toEqual({ path: expect.stringMatching(/tiny\.gguf$/), notice: "" });
  expect(notices.join()).toMatch(/^fetching tiny-model/);
  notices.length = 0;
  expect(await availableModel("tiny-model", options)).toEqual(found);
  expect(notices).toEqual([]);
});

test("without a network an error, or the one that comes with the project, and why in one line", async () => {
  vi.stubEnv("HF_ENDPOINT", hub.nowhere);
  await expect(availableModel("tiny-model")).rejects.toThrow(/^tiny-model cannot be fetched/);
  const found = await availableModel("tiny-model", { orElse: "data/models/llama-mini" });
  expect(found.path).toMatch(/data\/models\/llama-mini$/);
  expect(found.notice).toMatch(
    /^data\/models\/llama-mini in place of tiny-model: tiny-model cannot be fetched \(pip: /,
  );
  expect(printed).toEqual([`${found.notice}\n`]);
});

test("another fallback; terms that are not accepted", async () => {
  change({ terms: { title: "Terms", address: "https://terms.invalid", file: "LICENSE" } });
  const found = await availableModel(model().name, { ...options, orElse: "pythia-mini" });
  expect(found).toMatchObject({ path: join(PROJECT_ROOT, "data/models/pythia-mini") });
  expect(found.notice).toMatch(/^pythia-mini in place of tiny-model: tiny-model is under the Terms: /);
  expect(notices).toEqual([found.notice]);
});

test("a misspelled name is a mistake, not a reason for another model", async () => {
  await expect(availableModel("smollm2-136m", { ...options, orElse: "llama-mini" })).rejects.toThrow(
    "smollm2-136m: no such model folder or file",
  );
  expect(await availableModel("llama-mini", options)).toMatchObject({ notice: "" });
});

test("a person who stops the download stops the cell", async () => {
  makeIndex();
  const stop = () => {
    throw new Stopped("download: stopped");
  };
  const progress = { update: stop, finish() {} };
  await expect(availableModel("tiny-model", { ...options, orElse: "llama-mini", progress })).rejects.toThrow(Stopped);
});
