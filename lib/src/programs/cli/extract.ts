import { existsSync, statSync } from "node:fs";
import { join, parse } from "node:path";
import { type Command, Option } from "commander";
import { UserError } from "../../machine/support/errors";
import { writeNpy } from "../../machine/support/npy";
import { outputTarget } from "../../machine/support/outputTarget";
import type { GeneratedText } from "../../model/generate";
import { loadModel, type Model } from "../../model/model";
import { loadPrompts } from "../../prompts/prompts";
import { PAPER_PROMPT_LENGTH } from "../../tokens/tokenizedPrompts";
import { BACKEND_HELP, besideOutput, decimalNumber, MODEL_HELP, wholeNumber, wholeNumbers } from "./options";

interface ExtractOptions {
  model: string;
  textFile?: string;
  ids?: number[];
  out?: string;
  tokens: number;
  generate?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: string;
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
    .option("--generate <number>", "let the model go on with the prompt for so many tokens at most", wholeNumber(1))
    .option(
      "--temperature <number>",
      "draw the new tokens, the logits divided by this (1 if only others are given)",
      decimalNumber,
    )
    .option("--top-k <number>", "draw them from so many likeliest ones", wholeNumber(1))
    .option("--top-p <number>", "draw them from the likeliest ones that have this probability together", decimalNumber)
    .option("--seed <text>", "draw them by this seed")
    .option("--json", "print loss and mean entropy (nats), shape and tokens, and what was generated, as JSON")
    .option("--backend <name>", BACKEND_HELP)
    .action(extract);
}

async function extract(options: ExtractOptions): Promise<void> {
  const { out } = options;
  if (out === undefined && !options.json) throw new UserError("extract needs --out FILE, --json or both");
  const say = out === undefined ? process.stdout : besideOutput(out, options.json);
  const model = await loadModel(options.model, { backend: options.backend });
  try {
    const prompt = await promptIds(options, model);
    const generated = await goOn(options, prompt, model);
    const ids = generated?.ids ?? prompt;
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
    const summary = { loss, meanEntropy, shape, ...(last && { last }), tokens: ids, ...generatedSummary(generated) };
    if (generated && !options.json) say.write(`${generated.text}\n`);
    say.write(
      options.json
        ? `${JSON.stringify(summary)}\n`
        : `${out}: [${shape}]; loss ${inNats(loss)}, mean entropy ${inNats(meanEntropy)}\n`,
    );
  } finally {
    model.dispose();
  }
}

/** What the model writes after the prompt, if that is asked for. */
async function goOn(options: ExtractOptions, prompt: number[], model: Model): Promise<GeneratedText | undefined> {
  const { generate: tokens, temperature, topK, topP, seed } = options;
  if (tokens !== undefined) return model.generate(prompt, { tokens, temperature, topK, topP, seed });
  const without = Object.entries({ temperature, "top-k": topK, "top-p": topP, seed }).find(
    ([, value]) => value !== undefined,
  );
  if (without) throw new UserError(`--${without[0]} is for --generate, which is not given`);
  return undefined;
}

function generatedSummary(generated: GeneratedText | undefined): object {
  if (!generated) return {};
  const { promptTokens, text, logProbabilities } = generated;
  return { generated: { promptTokens, text, logProbabilities: [...logProbabilities] } };
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
