import { existsSync, statSync } from "node:fs";
import { type Command, Option } from "commander";
import { chooseBackend } from "../../machine/backend/backend";
import { hashCheckpoint } from "../../machine/checkpoint/checkpoint";
import { versions } from "../../machine/experiment/manifest";
import { UserError } from "../../machine/support/errors";
import type { GeneratedText } from "../../model/generate";
import { loadModel, type Model } from "../../model/model";
import { loadPrompts } from "../../prompts/prompts";
import { PAPER_PROMPT_LENGTH } from "../../tokens/tokenizedPrompts";
import {
  chosenLayers,
  layerList,
  STATE_FORMATS,
  STATE_TYPES,
  type StateFormat,
  type StateType,
  shapeOf,
  stacked,
  stateFormat,
  writeStates,
} from "./hiddenStates";
import { BACKEND_HELP, besideOutput, decimalNumber, MODEL_HELP, wholeNumber, wholeNumbers } from "./options";

interface ExtractOptions {
  model: string;
  textFile?: string;
  ids?: number[];
  out?: string;
  layers?: number[];
  dtype?: StateType;
  format?: StateFormat;
  tokens: number;
  generate?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: string;
  json?: boolean;
  backend?: string;
}

/** `token-geometry extract`: the hidden states of one prompt as a .npy or .safetensors file. */
export function extractCommand(program: Command): void {
  program
    .command("extract")
    .description(
      "Run one prompt through a model and write its hidden states as .npy: float32 [layers + 1, tokens, width], " +
        "0 = embeddings, the last one after the final norm. If that one is of another width, it goes into FILE-last.npy. " +
        "Or as .safetensors: a tensor hidden_states.L [tokens, width] a layer, with the model's hashes, tokens and versions.",
    )
    .requiredOption("--model <model>", MODEL_HELP)
    .option("--text-file <file>", "the prompt: a UTF-8 text file")
    .addOption(
      new Option("--ids <list>", "the prompt as token ids: 1,2,3 (no tokenizer needed)").argParser(wholeNumbers),
    )
    .option("--out <file>", "where the hidden states go, - for standard output; with --json it can be left out")
    .option("--layers <list>", "only these, in this order; -1 is the last one: 0,5,-1", layerList)
    .addOption(
      new Option("--dtype <type>", "of the numbers written; float16 rounds to the nearest (default: float32)").choices(
        STATE_TYPES,
      ),
    )
    .addOption(
      new Option("--format <name>", "of the file (default: safetensors if --out ends so, else npy)").choices(
        STATE_FORMATS,
      ),
    )
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
  const { out, dtype: type = "float32" } = options;
  if (out === undefined && !options.json) throw new UserError("extract needs --out FILE, --json or both");
  for (const name of ["dtype", "format"] as const) {
    if (out === undefined && options[name]) throw new UserError(`--${name} is for --out, which is not given`);
  }
  const say = out === undefined ? process.stdout : besideOutput(out, options.json);
  const model = await loadModel(options.model, { backend: options.backend });
  try {
    const layers = chosenLayers(options.layers, model.layers);
    const prompt = await promptIds(options, model);
    const generated = await goOn(options, prompt, model);
    const ids = generated?.ids ?? prompt;
    const { hidden, loss, entropy: meanEntropy } = await model.run(ids, { tokens: ids.length });
    const states = stacked(
      layers.map((layer) => ({ layer, ...hidden[layer] })),
      model.layers,
    );
    const { together, apart } = states;
    const shape = shapeOf(together);
    const made = versions(await chooseBackend(options.backend));
    const metadata = () => metadataOf(model, ids, { layers, dtype: type, ...made, ...generatedBy(options, prompt) });
    const format = stateFormat(out ?? "", options.format);
    const file = out === undefined ? undefined : writeStates(out, states, { format, type, metadata });
    process.stderr.write(`${model.backend}\n`);
    if (model.withoutHead) process.stderr.write(`${model.withoutHead}\n`);
    if (apart && file) {
      const why = `the last hidden state is ${apart.dimension} wide, the others ${together[0].dimension}`;
      process.stderr.write(`${why}: it is in ${file}\n`);
    }
    const last = apart && { file, shape: [apart.points, apart.dimension] };
    const asked = options.layers && { layers };
    const summary = { loss, meanEntropy, ...asked, shape, ...(last && { last }), tokens: ids };
    const which = asked ? ` of ${layers.length === 1 ? "layer" : "layers"} ${layers.join(", ")}` : "";
    if (generated && !options.json) say.write(`${generated.text}\n`);
    say.write(
      options.json
        ? `${JSON.stringify({ ...summary, ...generatedSummary(generated) })}\n`
        : `${out}: [${shape}]${which}; loss ${inNats(loss)}, mean entropy ${inNats(meanEntropy)}\n`,
    );
  } finally {
    model.dispose();
  }
}

/** What a safetensors file says of itself. */
function metadataOf({ name, checkpoint }: Model, ids: number[], made: object): Record<string, string> {
  const files = hashCheckpoint(checkpoint);
  const provenance = { model: name, files, tokens: ids.length, ...made };
  return {
    software: "token-geometry",
    model: name,
    hash: JSON.stringify(files),
    tokens: JSON.stringify(ids),
    provenance: JSON.stringify(provenance),
  };
}

/** How the tokens after the prompt came about, if there are such. */
function generatedBy({ generate, temperature, topK, topP, seed }: ExtractOptions, prompt: number[]): object {
  if (generate === undefined) return {};
  return { generated: { promptTokens: prompt.length, temperature, topK, topP, seed } };
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
