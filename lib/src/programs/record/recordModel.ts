import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { METRICS } from "../../geometry/metrics";
import { quantizedWeights } from "../../machine/checkpoint/checkpoint";
import { metricNamed } from "../../machine/experiment/entries";
import { runExperiment } from "../../machine/experiment/experiment";
import { type ExperimentSettings, type ModelPlan, planModel, withDefaults } from "../../machine/experiment/plan";
import { Origins } from "../../machine/experiment/provenance";
import {
  partInWords,
  readDescription,
  STUDY_FORMAT,
  type StudyDescription,
} from "../../machine/experiment/recordedDescription";
import { checkpointFiles, tokenizerHashes, weightTypes } from "../../machine/experiment/recordedModel";
import { planRecorded } from "../../machine/experiment/recordedPlan";
import { UserError } from "../../machine/support/errors";
import type { ProgressReporter } from "../../machine/support/progress";
import type { Prompt } from "../../prompts/prompt";
import { EMBEDDED_PROMPTS, loadPrompts } from "../../prompts/prompts";
import { partsOf, RECORDING_PLAN, type Variant } from "./recordingPlan";
import { type MeasuredPart, type StudyFacts, writeStudy } from "./writeStudy";

/** How a model is recorded. */
export interface RecordOptions {
  /** Into which folder. */
  out: string;
  /** Only these of the planned orders and variants. */
  shuffles?: readonly number[];
  variants?: readonly Variant[];
  /** Only the first so many prompts, or so many of their tokens: for a try. */
  count?: number;
  tokens?: number;
  store?: string;
  backend?: string;
  workers?: number;
  /** Whether to take what is recorded already, and to measure only what the plan has besides. */
  extend?: boolean;
  /** For the description. */
  command: string;
  /** Of a part, by its name. */
  progress?: (part: string) => ProgressReporter;
}

/** A part as it is measured. */
interface PlannedPart {
  settings: ExperimentSettings;
  prompts: string[];
}

/**
 * Records a model: computes by way of the store what {@link RECORDING_PLAN} says, and writes the study. What the store has is
 * not computed again, so that a recording that was stopped goes on where it was; nor, to extend a study, what is recorded.
 *
 * @param model name of the plan, or any folder, file or name of a model, which is then recorded under its checkpoint's name
 * @returns path of the study's description
 * @throws UserError as {@link runExperiment}, if the folder has a study that holds more, or one is to be extended by another backend
 */
export async function recordModel(model: string, options: RecordOptions): Promise<string> {
  const prompts = await loadPrompts(EMBEDDED_PROMPTS, options.count);
  const parts = plannedParts(model, prompts, options);
  if (parts.length === 0)
    throw new UserError(`${model}: nothing is left to be recorded; see --shuffles and --variants`);
  const measured: MeasuredPart[] = [];
  const plans: ModelPlan[] = [];
  const origins: Record<string, unknown>[] = [];
  for (const [index, { settings, prompts: names }] of parts.entries()) {
    const { bos = false, leaveOut = 0, metrics = [] } = settings;
    const [shuffleIndex] = settings.shuffleIndices;
    if (index === 0) refuseLoss(options.out, model, await planModel(model, withDefaults(settings), "wasm"), parts);
    const special = [bos ? ", bos" : "", leaveOut > 0 ? `, leaveOut ${leaveOut}` : ""].join("");
    const known = (await planRecorded(model, withDefaults(settings)))?.study.description.settings.backend;
    const backend = options.backend ?? known;
    if (known !== undefined && backend !== known)
      throw new UserError(`${model}: was recorded by the backend ${known}; extend the study by the same`);
    const experiment = await runExperiment(settings, {
      store: options.store,
      backend,
      workers: options.workers,
      progress: options.progress?.(`${model}, S = ${shuffleIndex}${special}`),
    });
    origins.push(...experiment.origins);
    plans.push(await planModel(model, withDefaults(settings), experiment.backend?.name ?? known!));
    const part = { shuffleIndex, bos, leaveOut, prompts: names, metrics };
    measured.push({ part, results: experiment.results.map(({ result }) => result) });
  }
  const facts = await factsOf(model, prompts, plans, measured, new Origins(origins).list(), options);
  return writeStudy(options.out, facts, measured);
}

function plannedParts(model: string, prompts: readonly Prompt[], options: RecordOptions): PlannedPart[] {
  const names = prompts.map(({ name }) => name);
  return partsOf(model, options).flatMap(({ shuffleIndex, prompts: chosen = names, ...special }) => {
    // For a try there may be fewer than the plan names.
    const there = chosen.filter((name) => names.includes(name));
    if (there.length === 0) return [];
    const settings = {
      ...special,
      models: [model],
      prompts: EMBEDDED_PROMPTS,
      promptName: there,
      tokens: options.tokens,
      shuffleIndices: [shuffleIndex],
      recorded: options.extend === true,
    };
    return [{ settings, prompts: there }];
  });
}

/** A study must not be replaced by one that holds less, or is of another model: hours of work would have to be done again. */
function refuseLoss(out: string, model: string, plan: ModelPlan, parts: readonly PlannedPart[]): void {
  const isPlanned = Object.hasOwn(RECORDING_PLAN, model);
  const path = join(out, `${isPlanned ? model : plan.name}.json`);
  if (!existsSync(path)) return;
  let known: StudyDescription;
  try {
    known = readDescription(path);
  } catch {
    return; // A damaged one may be replaced.
  }
  const hashesOf = (files: Record<string, string>) => Object.values(files).sort().join();
  const recorded = Object.entries(known.model.files).map(([file, { sha256 }]) => [file, sha256]);
  if (!isPlanned && hashesOf(Object.fromEntries(recorded)) !== hashesOf(plan.hashes)) {
    throw new UserError(`${path}: is of another model that is called ${plan.name}; record into another folder (--out)`);
  }
  const lost = known.parts.find(
    (old) =>
      !parts.some(({ settings: { shuffleIndices, bos = false, leaveOut = 0, tokens = 1024 }, prompts }) => {
        const same = shuffleIndices[0] === old.shuffleIndex && bos === old.bos && leaveOut === old.leaveOut;
        return same && tokens === known.settings.tokens && old.prompts.every((prompt) => prompts.includes(prompt));
      }),
  );
  if (!lost) return;
  throw new UserError(
    `${path}: holds more than would be recorded now (${partInWords(lost)} of ${lost.prompts.length} prompts, ${known.settings.tokens} tokens); record into another folder (--out)`,
  );
}

async function factsOf(
  model: string,
  prompts: readonly Prompt[],
  plans: readonly ModelPlan[],
  measured: readonly MeasuredPart[],
  computedBy: Record<string, unknown>[],
  { tokens = 1024, command }: RecordOptions,
): Promise<StudyFacts> {
  const [{ checkpoint, units }] = plans;
  const all = plans.flatMap((plan) => plan.units);
  const bos = all.find(({ inputs }) => inputs.bos !== undefined)?.inputs.bos;
  const further = new Set(measured.flatMap(({ part }) => part.metrics));
  return {
    format: STUDY_FORMAT,
    model: {
      name: Object.hasOwn(RECORDING_PLAN, model) ? model : checkpoint.name,
      checkpoint: checkpoint.name,
      files: checkpointFiles(checkpoint),
      tokenizer: tokenizerHashes(checkpoint.path),
      weights: weightTypes(checkpoint),
      quantized: quantizedWeights(checkpoint),
      layers: measured[0].results[0].layers.length,
      ...(bos !== undefined && { bos }),
    },
    settings: {
      prompts: EMBEDDED_PROMPTS,
      tokens,
      seed: "0",
      captured: "float32",
      dtype: "float32",
      backend: units[0].inputs.backend,
    },
    prompts: prompts.map(({ name, text }) => ({
      name,
      text: createHash("sha256").update(text).digest("hex"),
      ids: Object.fromEntries(
        all.filter(({ prompt }) => prompt === name).map(({ shuffleIndex, inputs }) => [shuffleIndex, inputs.ids]),
      ),
    })),
    metrics: {
      ...Object.fromEntries(Object.entries(METRICS).map(([name, { version }]) => [name, version])),
      ...Object.fromEntries([...further].map((name) => [name, metricNamed(name)!.version])),
    },
    computedBy,
    command,
    date: new Date().toISOString(),
  };
}
