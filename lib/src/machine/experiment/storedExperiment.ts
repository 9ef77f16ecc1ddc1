import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { distinctNames } from "../support/distinctNames";
import { UserError } from "../support/errors";
import { readJsonObject } from "../support/json";
import type { ProgressReporter } from "../support/progress";
import { planExperiment } from "./experimentPlan";
import { MANIFEST_FORMAT, manifestName } from "./manifest";
import { type ExperimentSettings, withDefaults } from "./plan";
import type { RecordedUnit } from "./recordedStudy";
import { canonicalJson, unitKey } from "./unit";

/** A unit as a manifest lists it. */
export interface ListedUnit {
  model: string;
  prompt: string;
  shuffleIndex: number;
  /** Its name in the store. */
  key: string;
  /** Names of the units of its further metrics, by metric. */
  further: Record<string, string>;
  /** Whether it is recorded, and so not in the store. */
  recorded?: true;
  /** Further metrics that are in the store all the same. */
  computed?: string[];
}

/** One model of an experiment. */
export interface ListedModel {
  name: string;
  /** SHA-256 of the checkpoint's files, by name. */
  files: Record<string, string>;
  /** SHA-256 of all prompts' tokens; of a recorded model, of their hashes. */
  promptSet: string;
  /** Types of the weights, if they are quantized. */
  weights?: string;
  /** Where its results are recorded, if they are not in the store. */
  recorded?: { file: string; sha256: string };
  /** Names of the further metrics that are not recorded. */
  computed?: string[];
  units: ListedUnit[];
}

/** An experiment as its manifest describes it: all that is needed to find its results, without its models and prompts. */
export interface StoredExperiment {
  /** Where it is described; for messages. */
  source: string;
  /** Equal experiments have equal names. */
  name: string;
  /** All that the manifest says, but for the models. */
  facts: Record<string, unknown>;
  models: ListedModel[];
  manifest: Record<string, unknown>;
}

/** Reads the manifests of all experiments in a store, in the order of their names. @throws UserError as {@link readManifest} */
export function experimentsOf(store: string): StoredExperiment[] {
  const folder = join(store, "experiments");
  if (!existsSync(folder))
    throw new UserError(`${store}: no store of results, or an empty one (it has no experiments/)`);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => readManifest(join(folder, name)));
}

/**
 * Reads the manifest of an experiment.
 *
 * @throws UserError naming the file, if it is not there, damaged, changed, or of a format that this version does not know
 */
export function readManifest(path: string): StoredExperiment {
  const manifest = readJsonObject(path);
  const experiment = parseManifest(manifest, path, manifestName(manifest));
  const name = basename(path, ".json");
  if (/^[0-9a-f]{16}$/.test(name) && name !== experiment.name) {
    throw new UserError(`${path}: was changed after it was written (its name is its hash): run the experiment again`);
  }
  return experiment;
}

/** As the manifest of an experiment that need not have been run; the models and prompts have to be there. */
export async function plannedExperiment(
  settings: ExperimentSettings,
  { backend: wish, progress }: { backend?: string; progress?: ProgressReporter } = {},
): Promise<StoredExperiment> {
  const { manifest } = await planExperiment(withDefaults(settings), wish, progress);
  const name = manifestName(manifest);
  return parseManifest(JSON.parse(JSON.stringify(manifest)), "the experiment asked for", name);
}

/** All units of an experiment, in its order. */
export function unitsOf({ models }: Pick<StoredExperiment, "models">): ListedUnit[] {
  return models.flatMap(({ units }) => units);
}

/** A recorded unit as a manifest would list it. */
export function listedUnit(model: string, { prompt, shuffleIndex, inputs, further }: RecordedUnit): ListedUnit {
  const keys = Object.fromEntries(further.map((metric) => [metric.name, unitKey(metric.inputs)]));
  return { model, prompt, shuffleIndex, key: unitKey(inputs), further: keys, recorded: true };
}

/** All names under which the store keeps a unit: the geometry of the layers, then the further metrics. */
export function keysOf({ key, further }: ListedUnit): string[] {
  return [key, ...Object.values(further)];
}

/** Those of them that a store has. */
export function storedKeysOf(unit: ListedUnit): string[] {
  return unit.recorded ? (unit.computed ?? []).map((name) => unit.further[name]) : keysOf(unit);
}

function parseManifest(manifest: Record<string, unknown>, source: string, name: string): StoredExperiment {
  const { models, format, ...facts } = manifest;
  const refuse = (why: string): never => {
    throw new UserError(`${source}: ${why}`);
  };
  if (format !== MANIFEST_FORMAT) {
    refuse(
      `a manifest of format ${JSON.stringify(format)}; this version knows ${MANIFEST_FORMAT}: run the experiment again`,
    );
  }
  if (!isObject(facts.settings)) refuse("the manifest's settings are missing");
  if (!Array.isArray(models) || models.length === 0) refuse("the manifest lists no models");
  const parsed = (models as unknown[]).map((model, place): ListedModel => {
    const at = `the manifest's model ${place + 1}`;
    const { name, files, promptSet, recorded, computed, units, weights } = isObject(model)
      ? model
      : refuse(`${at} is damaged`);
    if (typeof name !== "string" || !isHash(promptSet)) refuse(`${at} has no name or no hash of its prompts`);
    if (!isObject(files) || !Object.values(files).every(isHash)) refuse(`${at} has no hashes of its files`);
    if (
      recorded !== undefined &&
      !(isObject(recorded) && typeof recorded.file === "string" && isHash(recorded.sha256))
    ) {
      refuse(`${at} does not say where it is recorded`);
    }
    if (
      computed !== undefined &&
      !(Array.isArray(computed) && computed.every((metric) => typeof metric === "string"))
    ) {
      refuse(`${at} does not say which metrics are not recorded`);
    }
    const beside = computed !== undefined && { computed: computed as string[] };
    if (!Array.isArray(units) || units.length === 0) refuse(`${at} has no units`);
    return {
      name: name as string,
      files: files as Record<string, string>,
      promptSet: promptSet as string,
      ...(typeof weights === "string" && { weights }),
      ...(recorded !== undefined && { recorded: recorded as ListedModel["recorded"] }),
      ...beside,
      units: (units as unknown[]).map((unit, number) => {
        const { prompt, shuffleIndex, key, ...further } = isObject(unit) ? unit : ({} as Record<string, unknown>);
        // Names of units become paths: anything but a hash could lead out of the store.
        const named = (beside ? beside.computed : []).every((metric) => Object.hasOwn(further, metric));
        const whole = isHash(key) && Object.values(further).every(isHash) && named;
        if (typeof prompt !== "string" || !Number.isSafeInteger(shuffleIndex) || !whole) {
          refuse(`unit ${number + 1} of ${at} is damaged`);
        }
        return {
          model: name as string,
          prompt: prompt as string,
          shuffleIndex: shuffleIndex as number,
          key: key as string,
          further: further as Record<string, string>,
          ...(recorded !== undefined && { recorded: true }),
          ...beside,
        };
      }),
    };
  });
  return { source, name, facts, models: named(parsed), manifest };
}

/** Models under names that differ: in earlier descriptions two may be called the same. */
function named(models: readonly ListedModel[]): ListedModel[] {
  const names = distinctNames(
    models.map(({ name, files }) => {
      const hash = createHash("sha256").update(canonicalJson(files)).digest("hex");
      return [name, `${name}@${hash.slice(0, 8)}`, `${name}@${hash}`];
    }),
  );
  return models.map((model, i) => {
    const name = names[i];
    return { ...model, name, units: model.units.map((unit) => ({ ...unit, model: name })) };
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
