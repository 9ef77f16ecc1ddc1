import { existsSync, statSync } from "node:fs";
import { join, parse } from "node:path";
import { type Command, Option } from "commander";
import { UserError } from "../../machine/support/errors";
import { writeNpy } from "../../machine/support/npy";
import { outputTarget } from "../../machine/support/outputTarget";
import { loadModel, type Model } from "../../model/model";
import { loadPrompts } from "../../prompts/prompts";
import { PAPER_PROMPT_LENGTH } from "../../tokens/tokenizedPrompts";
import { BACKEND_HELP, besideOutput, MODEL_HELP, wholeNumber, wholeNumbers } from "./options";

interface ExtractOptions {
  model: string;
  textFile?: string;
  ids?: number[];
  out?: string;
  tokens: number;
  json?: boolean;
  backend?: string;
}

/** `token-geometry extract`: the hidden states of one prompt as a .npy file. */
export function extractCommand(program: Command): void {
  program
    .command("extract")
    .description(
      "Run one prompt through a model and write its hidden states as .npy: float32 [layers + 1, tokens, width], " +
        "0 = embeddings, the last one after the final norm. If that one is of another width, it goes into FILE-last.npy.",
    )
    .requiredOption("--model <model>", MODEL_HELP)
    .option("--text-file <file>", "the prompt: a UTF-8 text file")
    .addOption(
      new Option("--ids <list>", "the prompt as token ids: 1,2,3 (no tokenizer needed)").argParser(wholeNumbers),
    )
    .option("--out <file>", "where the hidden states go, - for standard output; with --json it can be left out")
    .option("--tokens <number>", "cut a text to this many tokens", wholeNumber(1), PAPER_PROMPT_LENGTH)
    .option("--json", "print loss and mean entropy (nats), shape and tokens as JSON")
    .option("--backend <name>", BACKEND_HELP)
    .action(extract);
}

async function extract(options: ExtractOptions): Promise<void> {
  const { out } = options;
  if (out === undefined && !options.json) throw new UserError("extract needs --out FILE, --json or both");
  const say = out === undefined ? process.stdout : besideOutput(out, options.json);
  const model = await loadModel(options.model, { backend: options.backend });
  try {
    const ids = await promptIds(options, model);
    const { hidden: states, loss, entropy: meanEntropy } = await model.run(ids, { tokens: ids.length });
    const { dimension: width } = states[0];
    // OPT-350M projects the last one onto the narrower vectors of its vocabulary: one array cannot hold both widths.
    const narrower = states.at(-1)!.dimension === width ? undefined : states.pop()!;
    const shape = [states.length, ids.length, width];
    const last = narrower && { file: lastFile(out), shape: [ids.length, narrower.dimension] };
    if (narrower && last?.file) writeNpy(last.file, last.shape, [narrower.values]);
    const pieces = states.map(({ values }) => values);
    if (out !== undefined) writeNpy(out, shape, pieces);
    process.stderr.write(`${model.backend}\n`);
    if (model.withoutHead) process.stderr.write(`${model.withoutHead}\n`);
    if (narrower && last?.file) {
      const why = `the last hidden state is ${narrower.dimension} wide, the others ${width}`;
      process.stderr.write(`${why}: it is in ${last.file}\n`);
    }
    const summary = { loss, meanEntropy, shape, ...(last && { last }), tokens: ids };
    say.write(
      options.json
        ? `${JSON.stringify(summary)}\n`
        : `${out}: [${shape}]; loss ${inNats(loss)}, mean entropy ${inNats(meanEntropy)}\n`,
    );
  } finally {
    model.dispose();
  }
}

function inNats(value: number): string {
  return Number.isNaN(value) ? "unknown" : `${value.toFixed(4)} nats`;
}

/** hidden.npy -> hidden-last.npy */
function lastFile(out: string | undefined): string | undefined {
  if (out === undefined) return undefined;
  if ("stream" in outputTarget(out)) {
    throw new UserError(`${out}: the last hidden state is of another width and needs a file of its own; name a file`);
  }
  const { dir, name, ext } = parse(out);
  return join(dir, `${name}-last${ext}`);
}

async function promptIds({ textFile, ids, tokens }: ExtractOptions, model: Model): Promise<number[]> {
  if ((textFile === undefined) === (ids === undefined)) {
    throw new UserError("extract needs either --text-file or --ids");
  }
  if (ids) return ids;
  if (existsSync(textFile!) && statSync(textFile!).isDirectory()) {
    throw new UserError(`${textFile}: is a folder; --text-file takes one file`);
  }
  const [prompt] = await loadPrompts(textFile!, 1);
  const all = model.tokenizer.encode(prompt.text);
  if (all.length === 0) throw new UserError(`${textFile}: has no tokens: the tokenizer knows none of its characters`);
  return all.slice(0, tokens);
}
