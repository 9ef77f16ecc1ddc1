// Compiles the kernels to WebAssembly and writes them into lib/src/geometry/kernelBinary.ts: npm run kernels.
// --check only says whether that file is what they compile to.

const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const TARGET = join(__dirname, "../src/geometry/kernelBinary.ts");
const OPTIONS = "-O3 --noAssert --enable simd --runtime stub --use abort=".split(" ");

async function compile() {
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "binary", ...OPTIONS], {
    readFile: (name) => {
      try {
        return readFileSync(join(__dirname, name), "utf8");
      } catch {
        return null; // It looks for a file in several places.
      }
    },
    writeFile: (_, contents) => {
      binary = contents;
    },
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return Buffer.from(binary);
}

/** The text of the module that holds the binary. */
function moduleOf(binary) {
  const lines = binary.toString("base64").match(/.{1,110}/g);
  return [
    "/** lib/kernels, compiled by `npm run kernels`. */",
    "export const KERNEL_BINARY: string =",
    `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
    "",
  ].join("\n");
}

async function main() {
  const text = moduleOf(await compile());
  if (!process.argv.includes("--check")) return writeFileSync(TARGET, text);
  if (readFileSync(TARGET, "utf8") === text) return;
  console.error("lib/kernels has changed since it was compiled: npm run kernels");
  process.exitCode = 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
