/** A project in a folder whose name has letters with a meaning in addresses, shells and patterns. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";

// A backslash is none of them: Node loads no package from below one.
const NAMES = ["a#b", "a?b", "a%20b", "100%", "a b", 'it\'s "quoted"', "a&b;$(c)`d`", "[ab]{c}*", "ü"];

test.each(NAMES)("%s: worker processes", (name) => {
  const folder = join(temporaryFolder(), name);
  mkdirSync(folder);
  for (const part of ["lib", "package.json", "package-lock.json"]) {
    const filter = (path: string) => !path.includes("node_modules");
    cpSync(join(PROJECT, part), join(folder, part), { recursive: true, filter });
  }
  // Data and packages may be linked: only code is found by its real path.
  for (const part of ["data", "node_modules"]) symlinkSync(join(PROJECT, part), join(folder, part), "junction");
  const options = ["--model", "llama-mini", "--count", "2", "--tokens", "16", "--no-recorded", "--workers", "2"];
  const program = join(folder, "lib/bin/token-geometry.js");
  const { stderr, status } = spawnSync(process.execPath, [program, "run", ...options], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, TOKEN_GEOMETRY_BACKEND: "wasm", TOKEN_GEOMETRY_STORE: undefined },
  });
  expect(stderr).toMatch(/2 computed, 0 from the store/);
  expect(status).toBe(0);
});
