import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { EMBEDDED_PROMPTS, loadPrompts } from "../../prompts/prompts";
import { hashCheckpoint, openCheckpoint } from "../checkpoint/checkpoint";
import { knownPath } from "../hub/models";
import { UserError } from "../support/errors";
import { resolveFromProject } from "../support/project";
import { coreMetricNames } from "./entries";
import { namedPrompts } from "./namedPrompts";
import type { FullSettings, ModelPlan } from "./plan";
import { partInWords } from "./recordedDescription";
import { tokenizerHashes } from "./recordedModel";
import {
  isRecordedNow,
  openStudy,
  type RecordedStudy,
  type RecordedUnit,
  recordedFolder,
  recordedNames,
} from "./recordedStudy";

/**
 * All units of a model whose results are recorded: neither the model nor its tokenizer nor a backend is needed, but for what
 * is not recorded of them.
 */
export interface RecordedPlan {
  name: string;
  /** Where the model is, or would be; where it is recorded, if that cannot be told. */
  path: string;
  /** Types of the weights, if they are quantized. */
  weights?: string;
  /** SHA-256 of the checkpoint's files, by name. */
  hashes: Record<string, string>;
  /** SHA-256 of the hashes of all prompts' tokens. */
  promptSet: string;
  units: RecordedUnit[];
  /** Where the results are. */
  recorded: { file: string; sha256: string };
  study: RecordedStudy;
  /** Names of the metrics that are not recorded, or in another version. */
  lacking: string[];
  /** What is computed for them, if anything is: units in the same order, each with these entries alone. */
  rest?: ModelPlan;
}

/**
 * The units of one model as they are recorded, if what is asked for is: the model (by the study's name, or by a
 * checkpoint on disk with the same files), embedded prompts with the same texts, tokens, seed, precision, orders, and what
 * stands at the beginning. Metrics that are not recorded in their present versions are named, as long as others are.
 *
 * @param model folder or file on disk, or a name
 * @returns undefined if anything else is asked for
 * @throws UserError if the description of a study of that name is damaged
 */
export async function planRecorded(model: string, settings: FullSettings): Promise<RecordedPlan | undefined> {
  if (settings.recorded === false || recordedFolder() === undefined) return undefined;
  if (settings.prompts !== EMBEDDED_PROMPTS || settings.captured !== "float32") return undefined;
  const found = studyOf(model);
  if (!found) return undefined;
  if (typeof (await unitsAskedFor(found.study, settings)) === "string") return undefined;
  return planOf({ ...found, path: knownPath(model) }, settings);
}

/** The plan of a study for settings that it covers. @throws UserError saying what it does not have */
export async function planOf(
  { study, name, path = study.path }: { study: RecordedStudy; name?: string; path?: string },
  settings: FullSettings,
): Promise<RecordedPlan> {
  const asked = await unitsAskedFor(study, settings);
  if (typeof asked === "string") throw new UserError(`${study.path}: ${asked} is not recorded`);
  const { units, lacking } = asked;
  const { model, prompts } = study.description;
  const names = new Set(units.map(({ prompt }) => prompt));
  const ids = prompts.filter((prompt) => names.has(prompt.name)).map((prompt) => prompt.ids["0"] ?? prompt.text);
  return {
    name: name ?? model.checkpoint,
    path,
    weights: model.quantized,
    hashes: Object.fromEntries(Object.entries(model.files).map(([file, { sha256 }]) => [file, sha256])),
    promptSet: createHash("sha256").update(ids.join()).digest("hex"),
    units,
    recorded: study.source,
    study,
    lacking,
  };
}

/** What is recorded of a model and why it was not taken, for an error message; empty if nothing is. */
export async function describeRecorded(model: string, settings: FullSettings): Promise<string> {
  const found = settings.recorded === false ? undefined : studyOf(model);
  if (!found) return "";
  const { parts, settings: fixed } = found.study.description;
  const listed = parts.map((part) => `${partInWords(part)} of ${part.prompts.length} prompts`);
  const asked = await unitsAskedFor(found.study, settings);
  const missing = typeof asked === "string" ? asked : asked.lacking.join(", ");
  const why = missing === "" ? "" : `: ${missing} is not`;
  return (
    `; recorded of ${found.study.description.model.name} (${found.study.source.file}) are embedded prompts of ${fixed.tokens} tokens, ` +
    `seed ${fixed.seed}, float32, ${listed.join(", ")}${why}`
  );
}

/** The units that settings ask for, in the order of the settings; else what of it is not recorded. */
async function unitsAskedFor(
  { description, units }: RecordedStudy,
  settings: FullSettings,
): Promise<{ units: RecordedUnit[]; lacking: string[] } | string> {
  const { bos = false, leaveOut = 0, metrics = [], ownMetrics = [], tokens, seed, captured, shuffleIndices } = settings;
  if (settings.prompts !== EMBEDDED_PROMPTS) return `prompts ${settings.prompts}`;
  if (captured !== "float32") return `captured precision ${captured}`;
  if (tokens !== description.settings.tokens) return `a length of ${tokens} tokens`;
  if (seed !== description.settings.seed) return `seed ${seed}`;
  const core = coreMetricNames();
  if (!core.some((name) => isRecordedNow(description, name))) return "any metric in its present version";
  const known = new Map(units.map((unit) => [placeOf(unit.prompt, unit.part), unit]));
  const texts = new Map(description.prompts.map(({ name, text }) => [name, text]));
  const asked = namedPrompts(await loadPrompts(EMBEDDED_PROMPTS, settings.promptCount), settings);
  const found: RecordedUnit[] = [];
  for (const { name, text } of asked) {
    if (texts.get(name) !== createHash("sha256").update(text).digest("hex")) return `this text of the prompt ${name}`;
    for (const shuffleIndex of shuffleIndices) {
      const unit = known.get(placeOf(name, { shuffleIndex, bos, leaveOut }));
      const what = `${partInWords({ shuffleIndex, bos, leaveOut })} of ${name}`;
      if (!unit) return what;
      found.push(unit);
    }
  }
  const isLacking = (name: string) =>
    !isRecordedNow(description, name) || !found.every(({ further }) => further.some((one) => one.name === name));
  const lacking = [
    ...core.filter((name) => !isRecordedNow(description, name)),
    ...metrics.filter((name) => isLacking(name)),
    ...ownMetrics.map(({ name }) => name),
  ];
  const taken = metrics.filter((name) => !lacking.includes(name));
  const chosen = found.map((unit) => ({
    ...unit,
    further: taken.map((name) => unit.further.find((one) => one.name === name)!),
  }));
  return { units: chosen, lacking };
}

function placeOf(prompt: string, part: { shuffleIndex: number; bos: boolean; leaveOut: number }): string {
  return `${prompt} ${part.shuffleIndex} ${part.bos} ${part.leaveOut}`;
}

/** The study of a model: that of a checkpoint on disk with the same files, or the one of that name. */
function studyOf(model: string): { study: RecordedStudy; name?: string } | undefined {
  const path = resolveFromProject(model);
  if (!existsSync(path)) {
    const study = openStudy(model);
    return study && { study };
  }
  for (const name of recordedNames()) {
    const found = checkpointOf(path, name);
    if (found) return found;
  }
  return undefined;
}

/** The study of that name if a checkpoint on disk is the recorded one, whatever its files are called. */
function checkpointOf(path: string, study: string): { study: RecordedStudy; name: string } | undefined {
  try {
    const opened = openStudy(study)!;
    const { files, tokenizer } = opened.description.model;
    const checkpoint = openCheckpoint(path);
    const sizes = checkpoint.files.map((file) => statSync(file).size).sort();
    const recorded = Object.values(files);
    // Hashing takes a while: only what has the right size is worth it.
    if (String(sizes) !== String(recorded.map(({ bytes }) => bytes).sort())) return undefined;
    const hashes = Object.values(hashCheckpoint(checkpoint)).sort();
    if (String(hashes) !== String(recorded.map(({ sha256 }) => sha256).sort())) return undefined;
    const own = tokenizerHashes(checkpoint.path);
    const same = Object.entries(tokenizer).every(([file, hash]) => own[basename(file)] === hash);
    return same ? { study: opened, name: checkpoint.name } : undefined;
  } catch (error) {
    // Whatever is wrong with it is told when it is opened to be run.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
