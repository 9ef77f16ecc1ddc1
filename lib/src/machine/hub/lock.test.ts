import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { thisHolder } from "../support/signsOfLife";
import { type LockOptions, withLock } from "./lock";

const folder = mkdtempSync(join(tmpdir(), "lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "blobs/file");
const lock = `${path}.lock`;
const FAST: LockOptions = { pause: 5 };
const leave = (owner: object | string) =>
  writeFileSync(lock, typeof owner === "string" ? owner : JSON.stringify({ ...thisHolder(), ...owner }));
const nothing = async () => {};
const taken = (options: LockOptions = {}) => withLock(path, async () => "taken", { ...FAST, ...options });

beforeEach(() => withLock(path, nothing, FAST));

test("one after the other, whatever happens to the one", async () => {
  const events: string[] = [];
  const work = (name: string, fails = false) =>
    withLock(
      path,
      async () => {
        events.push(`${name} begins`);
        await sleep(30);
        events.push(`${name} ends`);
        if (fails) throw new Error("broken");
      },
      FAST,
    );
  const results = await Promise.allSettled([work("a", true), work("b"), work("c")]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  for (let i = 0; i < 6; i += 2) expect(events[i + 1]).toBe(events[i].replace("begins", "ends"));
  expect(readdirSync(dirname(lock))).toEqual([]);
});

test("waits for another program, says which, and takes over when that has ended", async () => {
  const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "ignore" });
  leave({ process: other.pid });
  let done = false;
  const waits: string[] = [];
  const work = async () => {
    done = true;
  };
  const mine = withLock(path, work, { ...FAST, onWait: (whom) => void waits.push(whom) });
  await sleep(100);
  expect(done).toBe(false);
  other.kill("SIGKILL");
  await mine;
  expect(done).toBe(true);
  expect(waits).toEqual([`process ${other.pid}`]);
});

test("takes over at once what ended on this machine", async () => {
  // A process of this number cannot be: the largest on Linux is 2^22.
  leave({ process: 2 ** 22 + 1 });
  expect(await taken()).toBe("taken");
});

test.each<[string, object | string]>([
  ["of another machine, or a container that is gone", { host: "node7", machine: "node7-0123", process: 12 }],
  ["of an older version, which gives no signs of life", { host: "node7", machine: undefined, process: 12 }],
  ["of a process that stands still", { process: process.ppid }],
  ["that says nothing", ""],
  ["with nonsense in it", "nonsense"],
])("takes over a lock %s, when its time has not moved for long", async (_title, owner) => {
  leave(owner);
  // By the clock of the machine that wrote it: it is not compared.
  for (const time of [0, Date.now() / 1000 + 1e6]) {
    if (!existsSync(lock)) leave(owner);
    utimesSync(lock, time, time);
    const told: string[] = [];
    const start = performance.now();
    const tell = (whom: string) => void told.push(whom);
    expect(await taken({ expiry: 100, onWait: tell, onTakeOver: tell })).toBe("taken");
    expect(performance.now() - start).toBeGreaterThan(100);
    expect(told).toHaveLength(2);
    if (typeof owner === "object" && "host" in owner) expect(told[0]).toBe("process 12 on node7");
  }
});

test("one that gives signs of life is waited for, however long", async () => {
  leave({ host: "node7", machine: "node7-0123" });
  let isTaken = false;
  const work = async () => {
    isTaken = true;
  };
  const mine = withLock(path, work, { ...FAST, expiry: 300 });
  for (let beat = 0; beat < 10; beat++) {
    utimesSync(lock, beat, beat);
    await sleep(100);
  }
  expect(isTaken).toBe(false);
  rmSync(lock);
  await mine;
});

test("signs of life are given while the main thread is busy", async () => {
  await withLock(
    path,
    async () => {
      const first = statSync(lock).mtimeMs;
      const until = performance.now() + 1000;
      while (statSync(lock).mtimeMs === first) expect(performance.now()).toBeLessThan(until + 4000);
    },
    { ...FAST, every: 20 },
  );
});

test("who stood still until another one took over does not go on, and leaves the other's lock alone", async () => {
  await withLock(
    path,
    async ({ check, takenOver }) => {
      expect(takenOver).toBe(false);
      check();
      rmSync(lock);
      leave({ host: "node7", machine: "node7-0123" });
      expect(check).toThrow(/another program has taken this over/);
    },
    FAST,
  );
  expect(readFileSync(lock, "utf8")).toContain("node7-0123");
  expect(await withLock(path, async ({ takenOver }) => takenOver, { ...FAST, expiry: 50 })).toBe(true);
});

test("of many who find a lock left behind, one at a time has it", async () => {
  // Each with a module of its own, as if in a program of its own.
  const modules: typeof import("./lock")[] = [];
  for (let i = 0; i < 4; i++) {
    vi.resetModules();
    modules.push(await import("./lock"));
  }
  leave({ host: "node7", machine: "node7-0123" });
  let [inside, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(20);
    inside--;
  };
  const options = { pause: 1, every: 10, expiry: 300 };
  await Promise.all(modules.map((module) => module.withLock(path, work, options)));
  expect(most).toBe(1);
  expect(readdirSync(dirname(lock))).toEqual([]);
});

test("what cannot be removed is named", async () => {
  mkdirSync(lock);
  await expect(taken({ pause: 1, expiry: 20 })).rejects.toThrow(
    /file\.lock is left behind, and cannot be removed: remove it/,
  );
  rmdirSync(lock);
});

test("a folder that cannot be written", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(withLock(join(folder, "file/x"), nothing, FAST)).rejects.toThrow(/ENOTDIR|EEXIST/);
});
