import { execFileSync, spawn, spawnSync } from "node:child_process";
import { linkSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { PROJECT } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { machineName } from "../support/machine";
import { EXPIRY, HEARTBEAT } from "../support/signsOfLife";
import { livingClaims, removeLeftClaims, UnitClaims } from "./lock";

const KEYS = ["a", "b"].map((letter) => letter.repeat(64));

function claimsOf(store: string): UnitClaims {
  const claims = new UnitClaims(store);
  onTestFinished(claims.close);
  return claims;
}

/** A claim as a worker of another machine, or of an ended process, leaves it. */
function foreignClaim(store: string, key: string, machine: string | undefined, process: number): string {
  const file = join(store, "claims", "worker.other.json");
  writeFileSync(file, JSON.stringify({ host: hostname(), machine, process, started: new Date().toISOString() }));
  linkSync(file, join(store, "claims", key));
  return file;
}

/** The number of a process that has ended. */
const endedProcess = (): number => Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));

test("a unit is one worker's at a time, and nothing is left once all are done", () => {
  const store = temporaryFolder();
  const [first, second] = [claimsOf(store), claimsOf(store)];
  expect([first.take(KEYS[0]), second.take(KEYS[0]), second.take(KEYS[1])]).toEqual([true, false, true]);
  expect(first.take(KEYS[0])).toBe(true);
  expect(livingClaims(store).map(({ key, worker }) => [key, worker.process])).toEqual(
    KEYS.map((key) => [key, process.pid]),
  );
  first.release(KEYS[0]);
  expect(second.take(KEYS[0])).toBe(true);
  first.close();
  second.close();
  expect(readdirSync(join(store, "claims"))).toEqual([]);
});

test("the claim of a killed process of this machine is taken over at once", async () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  const living = spawn("sleep", ["60"]);
  onTestFinished(() => void living.kill());
  foreignClaim(store, KEYS[0], machineName(), living.pid!);
  expect(claims.take(KEYS[0])).toBe(false);
  const ended = new Promise((resolve) => living.on("close", resolve));
  living.kill("SIGKILL");
  await ended;
  expect(livingClaims(store)).toEqual([]);
  expect(claims.take(KEYS[0])).toBe(true);
});

test("the claim of another machine is taken over when its signs of life have stopped, whatever clocks say", () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  const file = foreignClaim(store, KEYS[0], "another-machine-01234567", 1);
  const now = vi.spyOn(performance, "now");
  const date = vi.spyOn(Date, "now");
  onTestFinished(() => void [now.mockRestore(), date.mockRestore()]);
  const takenAfter = (milliseconds: number, stamp?: number): boolean => {
    now.mockReturnValue(milliseconds);
    // The clock of this machine is set forwards and backwards all the time.
    date.mockReturnValue(1e12 + (milliseconds % 2 === 0 ? 1e11 : -1e11));
    if (stamp !== undefined) utimesSync(file, stamp, stamp);
    return claims.take(KEYS[0]);
  };
  expect(takenAfter(0, 1000)).toBe(false);
  expect(takenAfter(EXPIRY, 1005)).toBe(false);
  // The other machine's clock is set back by days, and then forwards by years: signs of life like all others.
  expect(takenAfter(2 * EXPIRY - 1, 17)).toBe(false);
  expect(takenAfter(3 * EXPIRY - 2, 4e9)).toBe(false);
  expect(takenAfter(4 * EXPIRY - 3)).toBe(false);
  expect(takenAfter(4 * EXPIRY - 1)).toBe(true);
  expect([...claims.abandoned]).toEqual([KEYS[0]]);
});

test("giving back a claim that somebody took over leaves theirs alone", () => {
  const store = temporaryFolder();
  const [first, second] = [claimsOf(store), claimsOf(store)];
  first.take(KEYS[0]);
  rmSync(join(store, "claims", KEYS[0]));
  expect(second.take(KEYS[0])).toBe(true);
  first.release(KEYS[0]);
  expect(readdirSync(join(store, "claims"))).toContain(KEYS[0]);
  expect(first.take(KEYS[0])).toBe(false);
});

test.each([
  ["another machine, where that number may be somebody's", "another-machine-01234567"],
  ["a container of this machine with the same host name", `${hostname()}-01234567`],
  ["an older version, which did not say", undefined],
])("the number of an ended process says nothing of %s", (_, machine) => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  foreignClaim(store, KEYS[0], machine, endedProcess());
  expect(removeLeftClaims(store).size).toBe(0);
  expect(claims.take(KEYS[0])).toBe(false);
  expect(livingClaims(store).map(({ key }) => key)).toEqual([KEYS[0]]);
});

test("a container with our host name, but process ids of its own, leaves our claims alone", ({ skip }) => {
  const store = temporaryFolder();
  claimsOf(store).take(KEYS[0]);
  const script = `
    const { removeLeftClaims, UnitClaims } = require(${JSON.stringify(join(PROJECT, "lib/dist/machine/experiment/lock.js"))});
    const removed = removeLeftClaims(${JSON.stringify(store)}).size;
    const claims = new UnitClaims(${JSON.stringify(store)});
    console.log(JSON.stringify([require("node:os").hostname(), removed, claims.take(${JSON.stringify(KEYS[0])})]));
    process.exit();
  `;
  const inside = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", process.execPath, "-e", script], {
    encoding: "utf8",
  });
  if (inside.status !== 0) {
    console.warn("NOT TESTED: process ids of a container (unshare is not permitted)");
    skip();
  }
  expect(JSON.parse(inside.stdout)).toEqual([hostname(), 0, false]);
});

test("what killed processes of this machine left is removed; strangers' files stay", () => {
  const store = temporaryFolder();
  claimsOf(store);
  foreignClaim(store, KEYS[0], machineName(), endedProcess());
  linkSync(join(store, "claims", KEYS[0]), join(store, "claims", `${KEYS[1]}.0123abcd.old`));
  writeFileSync(join(store, "claims", "notes.txt"), "mine");
  expect([...removeLeftClaims(store)]).toEqual([KEYS[0]]);
  const left = readdirSync(join(store, "claims"));
  expect(left.filter((name) => !name.startsWith(`worker.${hostname()}.${process.pid}.`))).toEqual(["notes.txt"]);
});

test("what workers of other machines left is removed after a day", () => {
  const store = temporaryFolder();
  claimsOf(store);
  const stamp = statSync(foreignClaim(store, KEYS[0], "another-machine-01234567", 1)).mtimeMs;
  const day = 24 * 3600 * 1000;
  expect(removeLeftClaims(store, stamp + day - 1).size).toBe(0);
  expect([...removeLeftClaims(store, stamp + day + 1)]).toEqual([KEYS[0]]);
  expect(readdirSync(join(store, "claims"))).not.toContain("worker.other.json");
});

test("of many who find the same claim abandoned, one gets it", async () => {
  const store = temporaryFolder();
  claimsOf(store);
  foreignClaim(store, KEYS[0], machineName(), endedProcess());
  const script = `
    const { UnitClaims } = require(${JSON.stringify(join(PROJECT, "lib/dist/machine/experiment/lock.js"))});
    const claims = new UnitClaims(${JSON.stringify(store)});
    while (Date.now() < Number(process.argv[1]));
    console.log(claims.take(${JSON.stringify(KEYS[0])}));
    setInterval(() => {}, 1000);
  `;
  const start = String(Date.now() + 3000);
  // They live until all have answered: what the one that got it had would be abandoned again.
  const workers = Array.from({ length: 6 }, () => spawn(process.execPath, ["-e", script, start]));
  onTestFinished(() => {
    for (const worker of workers) worker.kill("SIGKILL");
  });
  const answers = workers.map(
    ({ stdout }) => new Promise((resolve) => stdout.once("data", (data) => resolve(`${data}`))),
  );
  expect((await Promise.all(answers)).sort()).toEqual([...Array(5).fill("false\n"), "true\n"]);
});

test("a removal that a killed process had begun is no obstacle", () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  foreignClaim(store, KEYS[0], machineName(), endedProcess());
  const path = join(store, "claims", KEYS[0]);
  const removal = `${path}.${statSync(path, { bigint: true }).ino.toString(16)}.old`;
  writeFileSync(removal, readFileSync(path));
  expect(claims.take(KEYS[0])).toBe(false);
  expect(claims.take(KEYS[0])).toBe(true);
  // Killed before it had written who it is.
  foreignClaim(store, KEYS[1], machineName(), endedProcess());
  const other = join(store, "claims", KEYS[1]);
  const empty = `${other}.${statSync(other, { bigint: true }).ino.toString(16)}.old`;
  writeFileSync(empty, "");
  expect(claims.take(KEYS[1])).toBe(false);
  utimesSync(empty, new Date(Date.now() - 2 * EXPIRY), new Date(Date.now() - 2 * EXPIRY));
  expect(claims.take(KEYS[1])).toBe(false);
  expect(claims.take(KEYS[1])).toBe(true);
});

test("gives signs of life, also while the process is busy", async () => {
  const store = temporaryFolder();
  const script = `
    const { UnitClaims } = require(${JSON.stringify(join(PROJECT, "lib/dist/machine/experiment/lock.js"))});
    new UnitClaims(${JSON.stringify(store)}).take(${JSON.stringify(KEYS[0])});
    console.log("taken");
    for (;;);
  `;
  const busy = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void busy.kill("SIGKILL"));
  await new Promise((resolve) => busy.stdout.once("data", resolve));
  const stamp = () => statSync(join(store, "claims", KEYS[0])).mtimeMs;
  const first = stamp();
  await expect.poll(stamp, { timeout: 6 * HEARTBEAT }).toBeGreaterThan(first);
});

test("goes on where somebody has tidied away the claims", () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  claims.take(KEYS[0]);
  rmSync(join(store, "claims"), { recursive: true });
  expect(claims.take(KEYS[1])).toBe(true);
  expect(JSON.parse(readFileSync(join(store, "claims", KEYS[1]), "utf8"))).toMatchObject({ process: process.pid });
  claims.close();
  expect(readdirSync(join(store, "claims"))).toEqual([]);
});

test("a damaged claim is no sign of life for people, and expires like any other", () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  writeFileSync(join(store, "claims", KEYS[0]), "\0\0");
  expect(livingClaims(store)).toEqual([]);
  expect(claims.take(KEYS[0])).toBe(false);
});
