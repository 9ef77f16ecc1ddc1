import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExperimentResult, runExperiment } from "../../machine/experiment/experiment";
import { lastTokenVector } from "../../machine/experiment/passMetrics";
import type { RecordedStudy, RecordedUnit } from "../../machine/experiment/recordedStudy";
import { type Quantity, type TidyRow, tidyRows } from "../../machine/experiment/tidyRows";
import { type UnitResult, unitKey } from "../../machine/experiment/unit";
import { UserError } from "../../machine/support/errors";
import type { ProgressReporter } from "../../machine/support/progress";
import { randomGenerator } from "../../machine/support/random";

/**
 * By how much a number may differ from the recorded one: the recorded ones are rounded to float32, backends round
 * differently, and a neighbor that is exactly as far as another may change its place.
 */
interface Tolerance {
  /** Of the recorded value. */
  relative?: number;
  absolute?: number;
}

/** Of values; errors of estimates are held to the same. Dimensions, lengths and whatever is not named here: see {@link OTHERS}. */
export const TOLERANCES: Partial<Record<Quantity, Tolerance>> = {
  loss: { relative: 1e-4 },
  meanEntropy: { relative: 1e-4 },
  cosineSimilarity: { absolute: 1e-4 },
  cosineSimilarityDeviation: { absolute: 1e-4 },
  neighborhoodOverlap: { absolute: 5e-3 },
  neighborAngle: { absolute: 0.1 },
  neighborAngleDeviation: { absolute: 0.1 },
  // Bins of a histogram: angles at an edge may fall on either side.
  neighborAngleCount: { relative: 0.1, absolute: 5 },
  // k* goes by a threshold, which a distance may pass by its last digit.
  kStarGride: { relative: 0.01 },
  kStarBinomial: { relative: 0.01 },
  kStarMedian: { absolute: 1 },
  massiveTokens: { absolute: 0 },
  turnAlongText: { absolute: 0.01 },
};

const OTHERS: Tolerance = { relative: 1e-3 };

/** Of a vector of the last token: the length of the difference, over its own; half precision alone makes 3e-4. */
export const VECTOR_TOLERANCE = 2e-3;

export interface CheckOptions {
  /** How many units are computed again. */
  sample: number;
  /** Of the choice; any text. */
  seed: string;
  /** The model, if it is not to be found by the study's name. */
  model?: string;
  backend?: string;
  workers?: number;
  progress?: ProgressReporter;
}

/** What came out for one unit. */
export interface CheckedUnit {
  unit: RecordedUnit;
  /** How many numbers were compared. */
  numbers: number;
  /** Each as one line. */
  differences: string[];
}

/**
 * Computes a random sample of a study's units anew, without the store, and compares every number.
 *
 * @param onUnit is told as they come
 * @throws UserError if the model cannot be had, or is not the recorded one
 */
export async function checkStudy(
  study: RecordedStudy,
  options: CheckOptions,
  onUnit: (checked: CheckedUnit) => void = () => {},
): Promise<CheckedUnit[]> {
  const chosen = sampleOf(study.units, options.sample, options.seed);
  await study.load(chosen);
  const checked: CheckedUnit[] = [];
  for (const unit of chosen) {
    const computed = await computeAnew(study, unit, options);
    checked.push({ unit, ...compareResults(study.resultOf(unit), computed) });
    onUnit(checked[checked.length - 1]);
  }
  return checked;
}

/** So many different units, the same for equal seeds, in the order of the study. */
function sampleOf(units: readonly RecordedUnit[], count: number, seed: string): RecordedUnit[] {
  const random = randomGenerator(seed);
  const drawn = units.map((unit, place) => ({ unit, place, ticket: random() }));
  const chosen = drawn.sort((a, b) => a.ticket - b.ticket).slice(0, count);
  return chosen.sort((a, b) => a.place - b.place).map(({ unit }) => unit);
}

async function computeAnew(
  { description }: RecordedStudy,
  { prompt, shuffleIndex, inputs, part }: RecordedUnit,
  { model = description.model.name, backend, workers, progress }: CheckOptions,
): Promise<UnitResult> {
  const store = mkdtempSync(join(tmpdir(), "token-geometry-check-"));
  try {
    const { tokens, seed } = description.settings;
    const experiment = await runExperiment(
      {
        models: [model],
        prompts: description.settings.prompts,
        promptName: prompt,
        tokens,
        seed,
        shuffleIndices: [shuffleIndex],
        bos: part.bos,
        leaveOut: part.leaveOut,
        metrics: part.metrics,
        recorded: false,
      },
      { store, backend, workers, progress },
    );
    refuseOther(experiment, unitKey({ ...inputs, backend: experiment.backend!.name }), model);
    return experiment.results[0].result;
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

/** Everything that a unit's name stands for has to be the same: files of the model, tokens, versions of the metrics. */
function refuseOther({ manifest }: ExperimentResult, key: string, model: string): void {
  const [{ units }] = manifest.models as { units: { key: string }[] }[];
  if (units[0].key === key) return;
  throw new UserError(`${model}: not the model, tokens or metrics that were recorded; record it anew`);
}

/** Holds results against recorded ones, number by number. */
export function compareResults(recorded: UnitResult, computed: UnitResult): { numbers: number; differences: string[] } {
  const expected = byPlace(recorded);
  const actual = byPlace(computed);
  const differences: string[] = [];
  for (const place of new Set([...expected.keys(), ...actual.keys()])) {
    const [one, other] = [expected.get(place), actual.get(place)];
    const { quantity } = (one ?? other)!;
    // A bin without a row holds no angle.
    const absent = quantity === "neighborAngleCount" ? 0 : undefined;
    const pairs: [what: string, recorded: number | undefined, computed: number | undefined][] = [
      ["", one ? one.value : absent, other ? other.value : absent],
      [", error", one?.error ?? undefined, other?.error ?? undefined],
    ];
    for (const [what, was, is] of pairs) {
      if (!isClose(was, is, TOLERANCES[quantity] ?? OTHERS))
        differences.push(`${place}${what}: recorded ${was}, computed ${is}`);
    }
  }
  const vectors = recorded.lastToken ?? computed.lastToken ?? [];
  vectors.forEach((_, layer) => {
    const [was, is] = [lastTokenVector(recorded, layer), lastTokenVector(computed, layer)];
    const distance = Math.hypot(...was.map((value, i) => value - is[i])) / Math.hypot(...is);
    if (!(distance <= VECTOR_TOLERANCE))
      differences.push(`lastToken, layer ${layer}: off by ${distance} of its length`);
  });
  return { numbers: expected.size + vectors.length, differences };
}

function byPlace(result: UnitResult): Map<string, TidyRow> {
  return new Map(
    tidyRows(result).map((row) => {
      const { layer, quantity, parameter } = row;
      const place = [quantity, parameter === null ? "" : ` ${parameter}`, layer === null ? "" : `, layer ${layer}`];
      return [place.join(""), row];
    }),
  );
}

function isClose(
  recorded: number | undefined,
  computed: number | undefined,
  { relative = 0, absolute = 0 }: Tolerance,
): boolean {
  if (recorded === undefined || computed === undefined) return recorded === computed;
  if (Number.isNaN(recorded) || Number.isNaN(computed)) return Number.isNaN(recorded) === Number.isNaN(computed);
  return Math.abs(recorded - computed) <= Math.max(absolute, relative * Math.abs(recorded));
}
