// Compiles the kernels to WebAssembly and writes them as base64 into lib/src: npm run kernels.
// --check only says whether those files are what they compile to.

const { readFileSync, writeFileSync } = require("node:fs");
const { join, relative } = require("node:path");

const ROOT = join(__dirname, "../..");
const OPTIONS = "-O3 --noAssert --enable simd --runtime stub --use abort=".split(" ");
const IN_FOREIGN_MEMORY = ["--importMemory"];
const FUSED = ["--enable", "relaxed-simd"];

/** The file of each folder of kernels, and the constants in it: a name, what it is, options of the compiler. */
const MODULES = [
  {
    folder: "geometry",
    file: "geometry/kernelBinary.ts",
    binaries: [["KERNEL_BINARY", "lib/kernels/geometry", []]],
  },
  {
    folder: "products",
    file: "machine/backend/productBinaries.ts",
    binaries: [
      ["FUSED_PRODUCTS", "lib/kernels/products, with fused multiply-add", [...IN_FOREIGN_MEMORY, ...FUSED]],
      ["PLAIN_PRODUCTS", "lib/kernels/products", IN_FOREIGN_MEMORY],
    ],
  },
];

async function compile(folder, options) {
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "binary", ...OPTIONS, ...options], {
    readFile: (name) => {
      try {
        return readFileSync(join(__dirname, folder, name), "utf8");
      } catch {
        return null; // It looks for a file in several places.
      }
    },
    writeFile: (_, contents) => {
      binary = contents;
    },
  });
  if (error) throw new Error(`${folder}: ${error.message}\n${stderr}`);
  return Buffer.from(binary);
}

/** The text of a constant that holds a binary. */
function constantOf(name, what, binary) {
  const lines = binary.toString("base64").match(/.{1,110}/g);
  return [
    `/** ${what}, compiled by \`npm run kernels\`. */`,
    `export const ${name}: string =`,
    `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
    "",
  ].join("\n");
}

async function main() {
  for (const { folder, file, binaries } of MODULES) {
    const constants = [];
    for (const [name, what, options] of binaries)
      constants.push(constantOf(name, what, await compile(folder, options)));
    const [target, text] = [join(__dirname, "../src", file), constants.join("\n")];
    if (!process.argv.includes("--check")) {
      writeFileSync(target, text);
    } else if (readFileSync(target, "utf8") !== text) {
      console.error(`${relative(ROOT, join(__dirname, folder))} has changed since it was compiled: npm run kernels`);
      process.exitCode = 1;
    }
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
