import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { machineName } from "../support/machine";
import { withLock } from "./lock";

const folder = mkdtempSync(join(tmpdir(), "lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "blobs/file");
const lock = `${path}.lock`;
const leave = (owner: object | string) =>
  writeFileSync(lock, typeof owner === "string" ? owner : JSON.stringify(owner));

beforeEach(() => withLock(path, async () => {}, 5));

test("one after the other, whatever happens to the one", async () => {
  const events: string[] = [];
  const work = (name: string, fails = false) =>
    withLock(
      path,
      async () => {
        events.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 30));
        events.push(`${name} ends`);
        if (fails) throw new Error("broken");
      },
      5,
    );
  const results = await Promise.allSettled([work("a", true), work("b"), work("c")]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  for (let i = 0; i < 6; i += 2) expect(events[i + 1]).toBe(events[i].replace("begins", "ends"));
  expect(existsSync(lock)).toBe(false);
});

test("waits for another program, and takes over when that has ended", async () => {
  const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "ignore" });
  leave({ host: machineName(), process: other.pid });
  let done = false;
  let waits = 0;
  const mine = withLock(
    path,
    async () => {
      done = true;
    },
    5,
    () => waits++,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(done).toBe(false);
  other.kill("SIGKILL");
  await mine;
  expect(done).toBe(true);
  expect(waits).toBe(1);
});

test("takes over what was left behind", async () => {
  // A process of this number cannot be: the largest on Linux is 2^22.
  for (const host of [machineName(), hostname()]) {
    leave({ host, process: 2 ** 22 + 1 });
    await withLock(path, async () => {}, 5);
  }
  leave({ host: machineName(), process: process.pid });
  await withLock(path, async () => {}, 5);
  for (const owner of [{ host: "another machine", process: 1 }, ""]) {
    leave(owner);
    utimesSync(lock, 0, 0);
    await withLock(path, async () => {}, 5);
  }
  leave("nonsense");
  await withLock(path, async () => {}, 5);
});

test("a folder that cannot be written", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(withLock(join(folder, "file/x"), async () => {}, 5)).rejects.toThrow(/ENOTDIR|EEXIST/);
});
