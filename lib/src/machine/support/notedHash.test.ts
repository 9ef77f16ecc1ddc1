import { createHash } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { notedHash } from "./notedHash";

const OLD = createHash("sha256").update("weights").digest("hex");
const NEW = createHash("sha256").update("w8ights").digest("hex");
let folder: string;
let blob: string;
let link: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "token-geometry-hash-"));
  vi.stubEnv("TOKEN_GEOMETRY_CACHE", join(folder, "cache"));
  [blob, link] = [join(folder, OLD), join(folder, "model.safetensors")];
  writeFileSync(blob, "weights");
  symlinkSync(blob, link);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const notes = () => readdirSync(join(folder, "cache/hashes")).map((name) => join(folder, "cache/hashes", name));

test("a file that is written through its link has another hash, whatever its name, size and time say", () => {
  expect(notedHash(link, 0)).toBe(OLD);
  const { atime, mtime } = statSync(blob);
  writeFileSync(link, "w8ights");
  utimesSync(blob, atime, mtime);
  expect([notedHash(link, 0), notedHash(blob, 0), notedHash(blob)]).toEqual([NEW, NEW, NEW]);
});

test("the hash of a large file is noted, once for all links to it, and not taken again", () => {
  expect([notedHash(link, 0), notedHash(blob, 0)]).toEqual([OLD, OLD]);
  const [note, ...others] = notes();
  expect(others).toEqual([]);
  writeFileSync(note, readFileSync(note, "utf8").replaceAll(OLD, NEW));
  expect(notedHash(link, 0)).toBe(NEW); // It is the note that is read.
  writeFileSync(note, "{");
  expect(notedHash(link, 0)).toBe(OLD);
});

test("where nothing can be noted, it is hashed each time", () => {
  writeFileSync(join(folder, "cache"), "a file");
  expect(notedHash(link, 0)).toBe(OLD);
});
