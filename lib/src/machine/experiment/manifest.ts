import { hashIds } from "../../tokens/tokenizedPrompts";
import type { BackendChoice } from "../backend/backend";
import { libraryVersion } from "../support/project";
import { describeMetric } from "./entries";
import type { FullSettings } from "./plan";
import { canonicalJson, type UnitInputs, unitKey } from "./unit";

/** Of the manifests that this version writes and reads. */
export const MANIFEST_FORMAT = 1;

/** What computes: backend, device, versions. */
export function versions({ name, device }: BackendChoice): Record<string, unknown> {
  const tensorflowJs = (require("@tensorflow/tfjs-core/package.json") as { version: string }).version;
  return { backend: name, device, tokenGeometry: libraryVersion(), tensorflowJs, node: process.version };
}

/** A model as a manifest describes it. */
interface DescribedModel {
  name: string;
  /** Types of the weights, if they are quantized. */
  weights?: string;
  hashes: Record<string, string>;
  promptSet: string;
  units: {
    prompt: string;
    shuffleIndex: number;
    inputs: UnitInputs;
    further: readonly { name: string; inputs: UnitInputs }[];
  }[];
  /** Where its results are recorded, if they are. */
  recorded?: { file: string; sha256: string };
  /** Names of the further metrics that are not. */
  lacking?: readonly string[];
}

/**
 * Everything that an experiment's numbers depend on, and which units of the store they are in.
 *
 * @param backend by which they are computed; undefined if none of them are
 */
export function describeExperiment(
  { ownMetrics, ...settings }: FullSettings,
  backend: BackendChoice | undefined,
  plans: readonly DescribedModel[],
): Record<string, unknown> {
  return {
    format: MANIFEST_FORMAT,
    command: commandOf(settings, backend),
    settings,
    ...(ownMetrics && { ownMetrics: ownMetrics.map(describeMetric) }),
    dtype: "float32",
    ...(backend && versions(backend)),
    models: plans.map(({ name, weights, hashes, promptSet, units, recorded, lacking = [] }) => ({
      name,
      // As JSON leaves out what is undefined, plain numbers are not mentioned.
      weights,
      files: hashes,
      promptSet,
      ...(recorded && { recorded }),
      ...(lacking.length > 0 && { computed: lacking }),
      prompts: new Set(units.map(({ prompt }) => prompt)).size,
      units: units.map(({ prompt, shuffleIndex, inputs, further }) => ({
        prompt,
        shuffleIndex,
        key: unitKey(inputs),
        ...Object.fromEntries(further.map((metric) => [metric.name, unitKey(metric.inputs)])),
      })),
    })),
  };
}

/** The command that computes the experiment, whoever did it in how many parts. */
function commandOf(settings: FullSettings, backend?: BackendChoice): string {
  const options: [name: string, value: unknown][] = [
    ["model", settings.models],
    ["prompts", settings.prompts],
    ["prompt", settings.promptName],
    ["count", settings.promptCount],
    ["tokens", settings.tokens],
    ["shuffle", settings.shuffleIndices.join()],
    ["seed", settings.seed],
    ["captured", settings.captured],
    ["metrics", settings.metrics],
    ["bos", settings.bos],
    ["leave-out", settings.leaveOut],
    ["no-recorded", settings.recorded === false ? true : undefined],
    ["backend", backend?.name],
  ];
  const given = options.filter(([, value]) => value !== undefined && [value].flat().length > 0);
  return [
    "token-geometry run",
    ...given.map(([name, value]) =>
      value === true ? `--${name}` : `--${name} ${[value].flat().map(quoted).join(" ")}`,
    ),
  ].join(" ");
}

/** A word of a command as a POSIX shell needs it. */
function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A name for a manifest: equal experiments have equal names. */
export function manifestName(manifest: Record<string, unknown>): string {
  return hashIds([...Buffer.from(canonicalJson(manifest))]).slice(0, 16);
}
