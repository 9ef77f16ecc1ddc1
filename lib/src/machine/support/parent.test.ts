import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PROJECT } from "../../../../tests/support/cli";
import { isAlive, temporaryFolder } from "../../../../tests/support/notebooks";

test.skipIf(process.platform === "win32")("a busy process ends after its parent was killed", async () => {
  const folder = temporaryFolder();
  const library = JSON.stringify(join(PROJECT, "lib/dist/machine/support/parent.js"));
  writeFileSync(join(folder, "child.js"), `require(${library}).endWithParent(); process.send("busy"); for (;;);`);
  writeFileSync(
    join(folder, "parent.js"),
    `const child = require("node:child_process").fork(require("node:path").join(__dirname, "child.js"));
     child.on("message", () => console.log(child.pid));`,
  );
  const parent = spawn(process.execPath, [join(folder, "parent.js")], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const child = await new Promise<number>((resolve) => parent.stdout.once("data", (text) => resolve(Number(text))));
  expect(isAlive(child)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => isAlive(child), { timeout: 20_000 }).toBe(false);
});
