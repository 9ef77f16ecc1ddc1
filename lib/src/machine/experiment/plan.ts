import type { NamedMetric } from "../../geometry/metric";
import { METRICS } from "../../geometry/metrics";
import { openNetwork } from "../../model/network";
import { EMBEDDED_PROMPTS, loadPrompts } from "../../prompts/prompts";
import { shuffleTokens } from "../../prompts/shuffle";
import { hashIds, PAPER_PROMPT_LENGTH, promptSeed, tokenizePrompts } from "../../tokens/tokenizedPrompts";
import { beginOfText, loadTokenizer } from "../../tokens/tokenizer";
import { type Checkpoint, hashCheckpoint, openCheckpoint, quantizedWeights } from "../checkpoint/checkpoint";
import { resolveModel } from "../hub/models";
import { FEWEST_POINTS } from "../support/cloud";
import { UserError } from "../support/errors";
import type { ProgressReporter } from "../support/progress";
import { CheckpointGuard } from "./checkpointGuard";
import { type AskedMetricName, checkAsked, coreEntries, type Entry, entryFor } from "./entries";
import { namedPrompts } from "./namedPrompts";
import { checkOwnMetrics } from "./ownMetrics";
import type { CapturedPrecision } from "./precision";
import type { UnitInputs } from "./unit";

/** What is to be measured: every prompt, in every order, by every model. */
export interface ExperimentSettings {
  /** Model folders in Hugging Face layout, or names on the hub ("EleutherAI/pythia-160m"). */
  models: string[];
  /** "embedded", or a .txt or .jsonl file, or a folder of .txt files; "embedded" without it. */
  prompts?: string;
  /** How many of them, from the first on; all without it. */
  promptCount?: number;
  /** Only the prompt of this name, or those of these names. */
  promptName?: string | readonly string[];
  /** Prompts are cut to this many tokens; the paper's 1024 without it. */
  tokens?: number;
  /** The orders S in which the tokens are read: 0 as written, each step more cuts the prompt into 4 times more blocks. */
  shuffleIndices: number[];
  /** Of the shuffles; any text. */
  seed?: string;
  /** Rounding of the hidden states before they are measured; "float32", none, without it. */
  captured?: CapturedPrecision;
  /** What to measure besides what every study measures: nothing without it. */
  metrics?: AskedMetricName[];
  /** Metrics of one's own, measured besides. */
  ownMetrics?: readonly NamedMetric[];
  /**
   * Whether the model reads its beginning-of-text token in front of each prompt, shuffled or not. The token is not part of
   * the cloud; loss and entropy are of the same positions as without it. Without it (the paper's protocol) nothing is added.
   */
  bos?: boolean;
  /**
   * How many first tokens of a prompt, in the order in which the model reads them, are left out of the cloud; loss and entropy
   * are of the positions after them. None without it.
   */
  leaveOut?: number;
  /**
   * Whether recorded results are taken where all of a model's are recorded; false has them computed. Without it they are, unless
   * TOKEN_GEOMETRY_RECORDED is 0.
   */
  recorded?: boolean;
}

/** Settings with everything decided that has a default. */
export type FullSettings = ExperimentSettings &
  Required<Pick<ExperimentSettings, "prompts" | "tokens" | "seed" | "captured">>;

/** A unit of work: one prompt in one order under one model. */
export interface PlannedUnit {
  prompt: string;
  shuffleIndex: number;
  /** In the order in which the model reads them, with the token in front if there is to be one. */
  ids: number[];
  /** All that the results of every study depend on, which is the unit's identity. */
  inputs: UnitInputs;
  /** What is measured besides, each an entry of its own in the store. */
  further: Entry[];
  /** All that is to be found in the store or measured. */
  entries: Entry[];
}

/** All units of one model. */
export interface ModelPlan {
  name: string;
  /** The checkpoint's. */
  path: string;
  /** Types of the weights, if they are quantized. */
  weights?: string;
  checkpoint: Checkpoint;
  /** SHA-256 of the checkpoint's files, by name. */
  hashes: Record<string, string>;
  /** Watches those files from before they were read. */
  guard: CheckpointGuard;
  /** SHA-256 of all prompts' tokens. */
  promptSet: string;
  units: PlannedUnit[];
}

/** @throws UserError if a setting makes no sense */
export function withDefaults(settings: ExperimentSettings): FullSettings {
  const { bos, leaveOut = 0, recorded = true, ...others } = settings;
  const { prompts = EMBEDDED_PROMPTS, tokens = PAPER_PROMPT_LENGTH, seed = "0", captured = "float32" } = settings;
  if (settings.models.length === 0) throw new UserError("no model is named");
  if (settings.shuffleIndices.length === 0) throw new UserError("no shuffle index is named");
  if (!Number.isInteger(tokens) || tokens < FEWEST_POINTS) {
    throw new UserError(
      `number of tokens ${tokens}: must be a whole number; a geometry needs at least ${FEWEST_POINTS}`,
    );
  }
  if (captured !== "float32" && captured !== "bfloat16") {
    throw new UserError(`captured precision "${captured}": must be float32 or bfloat16`);
  }
  if (!Number.isInteger(leaveOut) || leaveOut < 0 || tokens - leaveOut < FEWEST_POINTS) {
    throw new UserError(
      `${leaveOut} tokens left out of ${tokens}: must be a whole number that leaves ${FEWEST_POINTS} or more for a geometry`,
    );
  }
  checkOwnMetrics(settings.ownMetrics ?? []);
  // What is not asked for is not mentioned, so that experiments keep their names.
  const special = { ...(bos && { bos }), ...(leaveOut > 0 && { leaveOut }), ...(!recorded && { recorded }) };
  return { ...others, prompts, tokens, seed: String(seed), captured, ...special };
}

/** How many first ids of a unit go through the model without being measured. */
export function unmeasuredTokens({ bos = false, leaveOut = 0 }: Pick<ExperimentSettings, "bos" | "leaveOut">): number {
  return (bos ? 1 : 0) + leaveOut;
}

/**
 * Lists the units of one model, by prompt, then shuffle index.
 *
 * @param model folder or name on the hub
 * @param backend name of the backend: results of different ones are kept apart
 * @throws UserError if the checkpoint, its tokenizer or a prompt is not as it should be
 */
export async function planModel(
  model: string,
  settings: FullSettings,
  backend: string,
  progress?: ProgressReporter,
): Promise<ModelPlan> {
  // The report goes on after the downloads: it is not theirs to end.
  const downloads = progress && { progress: { update: progress.update.bind(progress), finish: () => {} } };
  const folder = await resolveModel(model, downloads);
  // Opened again once its files are watched: what is read after this is what is hashed, or the guard notices.
  const guard = new CheckpointGuard(openCheckpoint(folder).files);
  const checkpoint = openCheckpoint(folder);
  const { withoutHead } = openNetwork(checkpoint);
  if (withoutHead && settings.metrics?.includes("logitsIntrinsicDimension")) throw new UserError(withoutHead);
  if (withoutHead) process.stderr.write(`${withoutHead}\n`);
  const tokenizer = loadTokenizer(checkpoint.path);
  const loaded = namedPrompts(await loadPrompts(settings.prompts, settings.promptCount, downloads), settings);
  const prompts = tokenizePrompts(tokenizer, loaded, settings.tokens);
  const front = settings.bos ? [beginOfText(tokenizer, checkpoint.path)] : [];
  const hashes = hashCheckpoint(checkpoint);
  const asked = settings.metrics ?? [];
  asked.forEach(checkAsked);
  const metrics = Object.fromEntries(Object.entries(METRICS).map(([name, { version }]) => [name, version]));
  const units = prompts.flatMap(({ name, ids }) =>
    settings.shuffleIndices.map((shuffleIndex): PlannedUnit => {
      const shuffled = shuffleTokens(ids, shuffleIndex, promptSeed(settings.seed, ids));
      const inputs: UnitInputs = {
        checkpoint: hashes,
        ids: hashIds(shuffled),
        tokens: shuffled.length,
        ...(settings.bos && { bos: front[0] }),
        ...(settings.leaveOut && { leaveOut: settings.leaveOut }),
        metrics,
        dtype: "float32",
        ...(settings.captured !== "float32" && { captured: settings.captured }),
        backend,
      };
      const further = [...asked, ...(settings.ownMetrics ?? [])].map((metric) => entryFor(inputs, metric));
      const entries = [...coreEntries(inputs), ...further];
      return { prompt: name, shuffleIndex, ids: [...front, ...shuffled], inputs, further, entries };
    }),
  );
  const promptSet = hashIds(prompts.flatMap(({ ids }) => ids));
  const weights = quantizedWeights(checkpoint);
  const { name, path } = checkpoint;
  return { name, path, weights, checkpoint, hashes, guard, promptSet, units };
}
