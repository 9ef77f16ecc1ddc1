import { execFileSync, spawn } from "node:child_process";
import { linkSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../tests/support/notebooks";
import { EXPIRY, livingClaims, UnitClaims } from "./lock";

const KEYS = ["a", "b"].map((letter) => letter.repeat(64));

function claimsOf(store: string): UnitClaims {
  const claims = new UnitClaims(store);
  onTestFinished(claims.close);
  return claims;
}

/** A claim as a worker of another machine, or of an ended process, leaves it. */
function foreignClaim(store: string, key: string, host: string, process: number): string {
  const file = join(store, "claims", "worker.other.json");
  writeFileSync(file, JSON.stringify({ host, process, started: new Date().toISOString() }));
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
  foreignClaim(store, KEYS[0], hostname(), living.pid!);
  expect(claims.take(KEYS[0])).toBe(false);
  const ended = new Promise((resolve) => living.on("close", resolve));
  living.kill("SIGKILL");
  await ended;
  expect(livingClaims(store)).toEqual([]);
  expect(claims.take(KEYS[0])).toBe(true);
});

test("the claim of another machine is taken over when its signs of life have stopped, whatever its clock says", () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  const file = foreignClaim(store, KEYS[0], "another-machine", 1);
  const now = vi.spyOn(performance, "now");
  onTestFinished(() => now.mockRestore());
  const takenAfter = (milliseconds: number, stamp?: number): boolean => {
    now.mockReturnValue(milliseconds);
    if (stamp !== undefined) utimesSync(file, stamp, stamp);
    return claims.take(KEYS[0]);
  };
  expect(takenAfter(0, 1000)).toBe(false);
  expect(takenAfter(EXPIRY, 1005)).toBe(false);
  expect(takenAfter(2 * EXPIRY - 1)).toBe(false);
  expect(takenAfter(2 * EXPIRY + 1)).toBe(true);
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

test("what killed processes of this machine left is removed by the next one; strangers' files stay", () => {
  const store = temporaryFolder();
  claimsOf(store);
  foreignClaim(store, KEYS[0], hostname(), endedProcess());
  writeFileSync(join(store, "claims", "notes.txt"), "mine");
  claimsOf(store);
  const left = readdirSync(join(store, "claims"));
  expect(left).not.toContain(KEYS[0]);
  expect(left).not.toContain("worker.other.json");
  expect(left).toContain("notes.txt");
});

test("a damaged claim is no sign of life for people, and expires like any other", () => {
  const store = temporaryFolder();
  const claims = claimsOf(store);
  writeFileSync(join(store, "claims", KEYS[0]), "\0\0");
  expect(livingClaims(store)).toEqual([]);
  expect(claims.take(KEYS[0])).toBe(false);
});
