/** README.md and environment.md do not promise what is not so: their commands run, their numbers are those of the notebooks. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNotebook } from "../lib/src/programs/runner/notebook";
import { PROJECT } from "./support/cli";

const DOCUMENTS = ["README.md", "environment.md"];
const read = (name: string) => readFileSync(join(PROJECT, name), "utf8");

/** How a command of a document is dealt with: the first rule that fits it counts. */
interface Rule {
  command: RegExp;
  /** What is put behind the command, so that it does not take long or open a window. */
  append?: string;
  /** What it prints, if that is checked. */
  prints?: RegExp;
  /** What it leaves, from the project's folder. */
  leaves?: string[];
  /** Why it is not executed here. */
  notHere?: string;
}

const SMALL = "-p MODELS=llama-mini -p PROMPTS=2 -p TOKENS=64 -p SHUFFLES=0,1,2";
const FIGURE_3 = ["svg", "pdf", "png", "html", "csv"].map((ending) => `out/figures/fig03.${ending}`);
const ON_SYSTEM = "changes the system; .ci/run installs from the same packages";

const RULES: Rule[] = [
  // What needs another machine, the network, or would pull the packages from under this test.
  { command: /^npm ci$/, notHere: "would replace the packages that this test runs on; .ci/run begins with it" },
  { command: /^npm test$/, notHere: "takes minutes; .ci/run calls it" },
  { command: /^npm run test:campaigns$/, notHere: "is what runs this test" },
  { command: /^(apt|brew) install /, notHere: ON_SYSTEM },
  { command: /^wsl --install$/, notHere: "needs Windows" },
  { command: /^nvidia-smi$/, notHere: "needs an NVIDIA card" },
  { command: /^npm run setup:tensorflow -- --gpu$/, notHere: "needs an NVIDIA card; .ci/run does the same with --cpu" },
  { command: /^npm rebuild @tensorflow\/tfjs-node-gpu /, notHere: "downloads from a host that refuses many" },
  { command: /\bwebgpu\b/, notHere: "needs a graphics card, or minutes on a software adapter" },
  { command: /^python3 -m venv |\/bin\/pip install /, notHere: `needs the network; ${ON_SYSTEM}` },
  { command: /^npx tslab install /, notHere: "writes into the user's Jupyter, by a Python that has one" },
  { command: /^jupyter lab /, notHere: "opens a browser; tests/jupyter.campaign.test.ts opens notebooks in one" },
  {
    command: /^npx token-geometry fetch /,
    notHere: "needs the network, for 98 MB and more; tests/fetch.test.ts fetches a smaller model from this machine",
  },
  // The rest is executed.
  { command: /^node --version$/, prints: /^v(20\.(19|[2-9]\d)|2[1-9]|[3-9]\d)\./ },
  { command: /^export JUPYTER=\S+$/ },
  { command: /^npm run doctor$/, prints: /Everything needed works\./ },
  {
    command: /^npm run figures$/,
    append: "-- fig01 --report",
    leaves: ["out/figures/fig01.svg", "out/report/report.pdf"],
  },
  { command: /^npm run figures -- fig03 /, append: SMALL, leaves: FIGURE_3 },
  { command: /^npm run lab -- --user$/, prints: /registered the kernel "TypeScript \(token-geometry\)"/ },
  { command: /\bnpm run lab -- --notebook$/, prints: /^opened notebook .*00-start-here\.ipynb$/m },
  { command: /^npm run lab -- notebooks\/fig03/, prints: /^opened lab .*fig03-intrinsic-dimension\.ipynb$/m },
  { command: /^npm run lab$/, prints: /^opened lab .*00-start-here\.ipynb$/m },
  { command: /^npm run setup:blas$/, notHere: "needs a package index; .ci/run does it" },
  { command: /^npm run setup:blas -- --status$/, prints: /OpenBLAS .* works|not installed/ },
  { command: /^npm run setup:tensorflow -- --status$/, prints: /TensorFlow|not installed/ },
  { command: /^ls out\// },
  { command: /^npx token-geometry extract /, append: "--tokens 64", leaves: ["out/hidden.npy"] },
  { command: /^npx token-geometry geometry /, prints: /./ },
  { command: /^npx token-geometry run /, append: "--tokens 64 --shuffle 0,2", prints: /./, leaves: ["store"] },
  {
    command: /^npx token-geometry rows /,
    append: "--tokens 64 --shuffle 0,2",
    prints: /^\d+ rows of 4 units, parquet; /m,
    leaves: ["out/rows.parquet"],
  },
  { command: /^npx token-geometry trace /, prints: /unchanged/ },
  { command: /^npx token-geometry models$/, prints: /llama-mini/ },
  { command: /^npx token-geometry --help$/, prints: /extract/ },
];

/** The commands in a document's blocks of shell code, without comments. */
function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].map(([, block]) => block);
  return blocks
    .flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

const found = DOCUMENTS.flatMap((document) =>
  commandsOf(read(document)).map((command) => ({
    document,
    command,
    rule: RULES.find((one) => one.command.test(command)),
  })),
);

const skipped = found.filter(({ rule }) => rule?.notHere);
const reasons = skipped.map(({ document, command, rule }) => `  ${document}: ${command}  (${rule!.notHere})`);
console.warn(`NOT EXECUTED: ${skipped.length} of ${found.length} commands in the documents:\n${reasons.join("\n")}`);

describe("the commands", () => {
  /** A copy of the project that may be written to; the packages are the same ones. */
  let copy: string;
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "token-geometry-readme-"));
    copy = join(home, "clone");
    mkdirSync(copy);
    for (const name of ["package.json", "package-lock.json", "tsconfig.json", ".npmrc", "lib", "data", "notebooks"]) {
      cpSync(join(PROJECT, name), join(copy, name), { recursive: true, preserveTimestamps: true });
    }
    symlinkSync(join(PROJECT, "node_modules"), join(copy, "node_modules"));
    // In place of Jupyter: programs that say what they were to open.
    for (const name of ["lab", "notebook"]) {
      const program = join(home, `jupyter-${name}`);
      writeFileSync(program, `#!/bin/sh\nfor last; do :; done\necho "opened ${name} $last"\n`);
      chmodSync(program, 0o755);
    }
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function execute(command: string): Promise<{ status: number | null; output: string }> {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(DEBUG|TOKEN_GEOMETRY_.*|NODE_OPTIONS|VITEST.*)$/.test(name),
    );
    const env = {
      ...Object.fromEntries(own),
      HOME: home,
      JUPYTER: home,
      JUPYTER_DATA_DIR: join(home, "jupyter"),
      TOKEN_GEOMETRY_BACKEND: "wasm",
      TOKEN_GEOMETRY_OFFLINE: "1", // the notebooks then say so, and take an embedded model
      TOKEN_GEOMETRY_STORE: join(copy, "store"),
    };
    // A place that a command names itself is replaced, too.
    const changed = command.replace(/^JUPYTER=\S+/, `JUPYTER=${home}`);
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", changed], { cwd: copy, env, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          output += text;
        });
      }
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, output }));
    });
  }

  test("all of them are known to this test", () => {
    expect(found.filter(({ rule }) => rule === undefined)).toEqual([]);
    expect(found.length).toBeGreaterThan(25);
  });

  const programs = [...read("README.md").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  test.each([
    ["calls the library", 0, /256 tokens, loss [2-6]\.\d+ nats \{\s*scaling: 2,\s*id: \d+\.\d+,\s*error: 0\.\d+,/],
    ["measures a metric of one's own", 1, /model: 'llama-mini',\s*S: 0,\s*layer: 11,/],
  ])("README.md: the program that %s", { timeout: 60_000 }, async (_, which, said) => {
    writeFileSync(join(copy, "program.mjs"), programs[which]);
    const { status, output } = await execute("node program.mjs");
    expect(status, output).toBe(0);
    expect(output).toMatch(said);
  });
  test("README.md: there are no other programs", () => expect(programs).toHaveLength(2));

  for (const { document, command, rule } of found) {
    if (!rule) continue;
    if (rule.notHere) {
      test.skip(`${document}: ${command} (not executed: ${rule.notHere})`, () => {});
      continue;
    }
    test(`${document}: ${command}`, { timeout: 300_000 }, async () => {
      const { status, output } = await execute(rule.append ? `${command} ${rule.append}` : command);
      expect(status, output).toBe(0);
      if (rule.prints) expect(output).toMatch(rule.prints);
      for (const path of rule.leaves ?? []) expect(existsSync(join(copy, path)), `${path}\n${output}`).toBe(true);
    });
  }
});

describe("what README.md says is reproduced", () => {
  const rows = read("README.md")
    .split("\n")
    .filter((line) => /^\|.*\(notebooks\/fig[^)]*\).*\|.*\|.*\|$/.test(line))
    .map((line) => {
      const [finding, published, here] = line.slice(1).split("|");
      return { finding: finding.trim(), notebook: /\((notebooks\/fig[^)]*)\)/.exec(finding)![1], published, here };
    });

  test.each(rows)("$finding", ({ notebook, published, here }) => {
    const texts = readNotebook(join(PROJECT, notebook)).cells.flatMap((cell) => [
      cell.cell_type === "markdown" ? cell.source : "",
      ...(cell.outputs ?? []).map((output) => ("data" in output ? String(output.data["text/plain"]) : "")),
    ]);
    const known = texts.flatMap((text) => text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
    const said = `${published} ${here}`.match(/-?\d+(?:\.\d+)?/g)!;
    expect(said.length).toBeGreaterThanOrEqual(2);
    for (const number of said) {
      const decimals = number.split(".")[1]?.length ?? 0;
      expect(
        known.some((one) => one.toFixed(decimals) === number),
        `${number} in ${notebook}`,
      ).toBe(true);
    }
  });

  test("is checked row by row", () => expect(rows.length).toBeGreaterThan(7));
});

test.each(DOCUMENTS)("%s: everything that is linked is there", (document) => {
  const targets = [...read(document).matchAll(/\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)/g)].map(([, target]) => target);
  expect(targets.filter((target) => target !== "" && !existsSync(join(PROJECT, target)))).toEqual([]);
});
