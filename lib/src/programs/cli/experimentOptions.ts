import type { Command } from "commander";
import { type AskedMetricName, askedMetricNames } from "../../machine/experiment/entries";
import type { ExperimentSettings } from "../../machine/experiment/plan";
import type { CapturedPrecision } from "../../machine/experiment/precision";
import { UserError } from "../../machine/support/errors";
import { BACKEND_HELP, MODEL_HELP, wholeNumber, wholeNumbers } from "./options";

/** The options that say which experiment is meant. */
export interface ExperimentArguments {
  model?: string[];
  prompts: string;
  prompt?: string[];
  count?: number;
  tokens: number;
  shuffle: number[];
  seed: string;
  captured?: CapturedPrecision;
  metrics?: AskedMetricName[];
  bos?: boolean;
  leaveOut?: number;
  /** False by --no-recorded. */
  recorded?: boolean;
  backend?: string;
}

/** Adds the options that say which experiment is meant; `run`, `status`, `merge` and `rows` have them in common. */
export function experimentOptions(command: Command): Command {
  return command
    .option("--model <models...>", MODEL_HELP)
    .option(
      "--prompts <source>",
      '"embedded", a .txt file, a table (.jsonl, .json, .csv, .tsv, .parquet; FILE:COLUMN), a folder of .txt files, pile-10k[:filtered|subset|row], or hf-dataset:owner/name[:column]',
      "embedded",
    )
    .option("--prompt <names...>", "only the prompts of these names")
    .option("--count <number>", "only the first so many prompts", wholeNumber(1))
    .option("--tokens <number>", "tokens of each prompt", wholeNumber(1), 1024)
    .option("--shuffle <list>", "shuffle indices, like 0,5", wholeNumbers, [0])
    .option("--seed <text>", "of the shuffles", "0")
    .option("--captured <precision>", "round hidden states to float32 or bfloat16 before they are measured")
    .option("--metrics <names...>", `measure besides: ${askedMetricNames().join(", ")}`)
    .option("--bos", "put the model's beginning-of-text token in front of each prompt; it is not measured")
    .option(
      "--leave-out <number>",
      "of each prompt, leave so many first tokens out of what is measured",
      wholeNumber(0),
    )
    .option("--no-recorded", "compute, also where results are recorded with the project (data/recorded)")
    .option("--backend <name>", BACKEND_HELP);
}

/** What the options say. @throws UserError if no model is named (all but `run` can do without, by a manifest) */
export function experimentSettings(options: ExperimentArguments): ExperimentSettings {
  if (!options.model) throw new UserError("required option '--model <models...>' not specified");
  return {
    models: options.model,
    prompts: options.prompts,
    promptCount: options.count,
    promptName: options.prompt,
    tokens: options.tokens,
    shuffleIndices: options.shuffle,
    seed: options.seed,
    captured: options.captured,
    metrics: options.metrics,
    bos: options.bos,
    leaveOut: options.leaveOut,
    recorded: options.recorded,
  };
}
