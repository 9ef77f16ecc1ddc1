import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT_ROOT } from "../../machine/support/project";
import type { Finding } from "./finding";

/** Packages with a binary, and what they are for; of those that are needed nothing can be drawn, or no notebook run, without. */
const BINARIES: readonly { name: string; purpose: string; isNeeded: boolean }[] = [
  { name: "@napi-rs/canvas", purpose: "figures", isNeeded: true },
  { name: "@resvg/resvg-js", purpose: "figures", isNeeded: true },
  { name: "zeromq", purpose: "notebooks", isNeeded: true },
  { name: "koffi", purpose: "products by a BLAS library", isNeeded: false },
  { name: "webgpu", purpose: "GPUs by WebGPU", isNeeded: false },
];

/** Hugging Face's own library, and the one that stands in for it. */
const TOKENIZERS = { native: "@anush008/tokenizers", inJavascript: "@huggingface/tokenizers" };

/** Seconds that a package may take to load. */
const LIMIT = 60;

/** What came of loading a package. */
interface Loaded {
  version?: string;
  /** Why it does not load. */
  why?: string;
}

/** The packages with binaries: each is loaded, in a process of its own, which a broken one may end. */
export async function checkBinaries(load: typeof loadPackage = loadPackage): Promise<Finding[]> {
  const findings: Finding[] = [];
  const loaded: string[] = [];
  for (const { name, purpose, isNeeded } of BINARIES) {
    const { version, why } = await load(name);
    if (version) loaded.push(`${name} ${version}`);
    else {
      const state = isNeeded ? "broken" : "gap";
      const todo = "npm ci --include=optional";
      findings.push({ name: "binary package", state, found: `${name} (${purpose}) does not load: ${why}`, todo });
    }
  }
  if (loaded.length === 0) return findings;
  return [{ name: "binary packages", state: "ok", found: `${loaded.join(", ")} load` }, ...findings];
}

/** The library that texts are cut by: which it is, and that it does so. */
export async function checkTokenizers(load: typeof loadPackage = loadPackage): Promise<Finding[]> {
  const name = "tokenizers";
  const { native, inJavascript } = TOKENIZERS;
  const first = await load(native, ENCODE);
  const facts = { package: first.version ? native : inJavascript };
  const wish = process.env.TOKEN_GEOMETRY_TOKENIZERS;
  if (first.version && wish !== "javascript") {
    return [{ name, state: "ok", found: `${native} ${first.version}, Hugging Face's own library`, facts }];
  }
  const second = await load(inJavascript, ENCODE_IN_JAVASCRIPT);
  const instead = `${inJavascript} ${second.version}, in JavaScript`;
  if (!second.version) {
    const found = `neither ${native} (${first.why}) nor ${inJavascript} (${second.why}) works`;
    return [{ name, state: "broken", found, todo: "npm ci --include=optional", facts }];
  }
  if (first.version) {
    return [{ name, state: "ok", found: `${instead}, because TOKEN_GEOMETRY_TOKENIZERS says so`, facts }];
  }
  const found = `${instead}, in the place of ${native}, which does not load: ${first.why}`;
  const todo = "npm ci --include=optional (a few settings of tokenizer.json are refused without it)";
  return [{ name, state: "gap", found, todo, facts }];
}

/** A tokenizer of two words. */
const DEFINITION = JSON.stringify({
  version: "1.0",
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "Whitespace" },
  post_processor: null,
  decoder: null,
  model: { type: "WordLevel", vocab: { "<unk>": 0, one: 1, two: 2 }, unk_token: "<unk>" },
});

const PROOF = `if (String(ids) !== "2,1") throw new Error("it cuts a text wrongly")`;
const ENCODE = `
  const tokenizer = library.Tokenizer.fromString(${JSON.stringify(DEFINITION)});
  const ids = (await tokenizer.encode("two one", null, { addSpecialTokens: false })).getIds();
  ${PROOF}`;
const ENCODE_IN_JAVASCRIPT = `
  const { ids } = new library.Tokenizer(${DEFINITION}, {}).encode("two one", { add_special_tokens: false });
  ${PROOF}`;

/**
 * Loads a package in a process of its own.
 *
 * @param proof code that uses it as `library`, and throws if it does not work
 */
async function loadPackage(name: string, proof: string = ""): Promise<Loaded> {
  const code = `(async () => { const library = await import(${JSON.stringify(name)}); ${proof} })().then(
    () => process.exit(),
    (error) => { process.stderr.write(String(error.message)); process.exit(1); })`;
  try {
    await promisify(execFile)(process.execPath, ["-e", code], { cwd: PROJECT_ROOT, timeout: 1000 * LIMIT });
    return { version: versionOf(name) };
  } catch (error) {
    const { stderr, signal, killed } = error as { stderr?: string; signal?: string; killed?: boolean };
    // What loaders say behind their first sentence is advice, which is not always right.
    const first = stderr?.split(/\n|\. | imported from /)[0].slice(0, 200);
    return { why: killed ? `nothing within ${LIMIT} s` : first || (signal ? `it ends by ${signal}` : "it ends") };
  }
}

function versionOf(name: string): string {
  return (require(join(PROJECT_ROOT, "node_modules", name, "package.json")) as { version: string }).version;
}
