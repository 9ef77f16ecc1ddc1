import type { NamedMetric } from "../geometry/metric";
import { layerMetric } from "../geometry/metrics";
import { describeBackend } from "../machine/backend/backend";
import { type AskedMetricName, askedMetricNames } from "../machine/experiment/entries";
import {
  type ExperimentOptions,
  type ExperimentResult,
  type Origin,
  type PromptResult,
  runExperiment,
} from "../machine/experiment/experiment";
import { passMetric } from "../machine/experiment/passMetrics";
import type { ExperimentSettings } from "../machine/experiment/plan";
import { experimentRecord } from "../machine/experiment/provenance";
import { metricWith, type TidyRow, tidyRows } from "../machine/experiment/tidyRows";
import { UserError } from "../machine/support/errors";
import { markdownCode } from "../machine/support/markdown";
import { type AnyQuantity, firstLayer, type Row, RowSource, SOURCE } from "./row";

/** What is measured: every prompt, in every order, by every model; see {@link ExperimentSettings}. */
export interface StudySettings extends Omit<ExperimentSettings, "shuffleIndices" | "metrics"> {
  /** The orders S in which the tokens are read: 0 as written, each step more cuts the prompt into 4 times more blocks. */
  shuffles: number[];
  /** What to measure besides: names of the library's further metrics, and metrics of one's own; see {@link NamedMetric}. */
  metrics?: (AskedMetricName | NamedMetric)[];
}

/** See {@link ExperimentOptions}. */
export interface StudyOptions extends ExperimentOptions {
  /** Whose numbers are wanted: "run", "published" (then nothing is measured) or "both"; see {@link readSource}. */
  source?: string;
}

/**
 * Reads whose numbers are wanted: "run", "published" or "both".
 *
 * @throws UserError on any other text
 * @example readSource("both"); // { run: true, published: true }
 */
export function readSource(source: string): { run: boolean; published: boolean } {
  if (!["run", "published", "both"].includes(source)) {
    throw new UserError(`unknown SOURCE "${source}"; write run, published, both`);
  }
  return { run: source !== "published", published: source !== "run" };
}

/**
 * Measures what is neither recorded nor in the store, and gives everything as tidy rows, each of which says where it is from.
 *
 * @returns without rows if the source is "published"
 * @throws UserError as {@link runExperiment}, or on an unknown source
 * @example
 * const rows = await study({ models: ["smollm2-135m"], promptCount: 2, shuffles: [0] });
 * const [{ origin, prompt, layer, value }] = rows.of("intrinsicDimension", 2);
 * [origin, prompt, layer, value]; // ["recorded", "api-reference-parcel-lockers", 1, 1.398]
 */
export async function study(
  { shuffles, metrics = [], ...others }: StudySettings,
  { source = "both", ...options }: StudyOptions = {},
): Promise<Study> {
  if (!readSource(source).run) return new Study();
  const named = metrics.filter((metric) => typeof metric === "string");
  const own = metrics.filter((metric) => typeof metric !== "string");
  const settings = { ...others, shuffleIndices: shuffles };
  const asked = { ...(named.length > 0 && { metrics: named }), ...(own.length > 0 && { ownMetrics: own }) };
  return new Study(await runExperiment({ ...settings, ...asked }, options));
}

/** The results of a study. Its rows are made when they are asked for: there may be many. */
export class Study implements Iterable<Row> {
  /** By model, then prompt, then shuffle index. */
  readonly results: readonly PromptResult[];
  private readonly origins = new Map<PromptResult, Record<string, Origin>>();
  private readonly source?: StudySource;

  constructor(readonly experiment?: ExperimentResult) {
    this.results = experiment?.results ?? [];
    if (!experiment) return;
    this.source = new StudySource(experiment);
    this.results.forEach((result, i) => void this.origins.set(result, experiment.resultOrigins[i]));
  }

  /** All numbers, layer 0 among them. */
  *[Symbol.iterator](): Iterator<Row, undefined, undefined> {
    for (const result of this.results) {
      for (const row of tidyRows(result.result)) yield this.row(result, row);
    }
    return undefined;
  }

  /**
   * The rows of a quantity at the layers that the paper shows: the dimension from layer 1 on, the overlap from that of the
   * layers 1 and 2 on, the cosine similarity, and a metric of one's own, from layer 0 on.
   *
   * @param parameter the range scaling n2, or k; all of them without it
   * @throws UserError if a prompt has no such number at one of the layers, or its model has no output head for it
   */
  of(quantity: AnyQuantity, parameter?: number): Row[] {
    const own = this.experiment?.settings?.ownMetrics?.some(({ name }) => name === quantity);
    const first = own ? 0 : firstLayer(quantity);
    return this.results.flatMap((result) => {
      const shown = tidyRows(result.result, quantity).filter(({ layer }) => layer === null || layer >= first);
      const chosen = parameter === undefined ? shown : shown.filter((row) => row.parameter === parameter);
      const missing = parameter !== undefined && chosen.length < layersOf(result, quantity) - first;
      if (missing || chosen.length === 0) throw new UserError(whatIsMissing(result, quantity, parameter, shown));
      const { loss, meanEntropy } = result.result;
      if (isOfLogits(quantity) && Number.isNaN(loss) && Number.isNaN(meanEntropy)) {
        throw new UserError(`${result.model}: its weights have no output head: there is no ${quantity}`);
      }
      return chosen.map((row) => this.row(result, row));
    });
  }

  private row(result: PromptResult, { layer, quantity, parameter, value, error }: TidyRow): Row {
    const { model, prompt, shuffleIndex: shuffle } = result;
    const origin = this.origins.get(result)![metricWith(quantity)];
    const depth = layer === null ? null : layer / (layersOf(result, quantity) - 1);
    return { origin, model, prompt, shuffle, layer, depth, quantity, parameter, value, error, [SOURCE]: this.source! };
  }
}

/** How many layers have a quantity, layer 0 among them; 1 of what belongs to the whole pass. */
function layersOf({ result }: PromptResult, quantity: AnyQuantity): number {
  const metric = metricWith(quantity);
  if (passMetric(metric)) return 1;
  return result.layers.length - (layerMetric(metric)?.ofTwoLayers ? 1 : 0);
}

/** Whether a prompt has it wherever it has logits. */
function isOfLogits(quantity: AnyQuantity): boolean {
  return quantity === "loss" || quantity === "meanEntropy";
}

function whatIsMissing(
  { model, prompt }: PromptResult,
  quantity: AnyQuantity,
  parameter: number | undefined,
  there: readonly TidyRow[],
): string {
  const known = [...new Set(there.map((row) => row.parameter))].filter((value) => value !== null);
  const at = parameter === undefined ? "" : ` at ${parameter}`;
  const metric = metricWith(quantity);
  const hint = askedMetricNames().includes(metric) ? `; ask for the metric ${metric}` : "";
  return `${model}, ${prompt}: no ${quantity}${at}${known.length > 0 ? `; there is ${known.join(", ")}` : hint}`;
}

/** An experiment as the source of rows. */
class StudySource extends RowSource {
  private record?: Record<string, unknown>;

  constructor(private readonly experiment: ExperimentResult) {
    super();
  }

  get notes(): string[] {
    const { captured, bos, leaveOut = 0 } = this.experiment.settings ?? {};
    const files = recordedFiles([this.experiment]);
    return [
      ...(captured === "bfloat16" ? ["Hidden states rounded to bfloat16."] : []),
      ...(bos ? ["A beginning-of-text token in front, itself not measured."] : []),
      ...(leaveOut > 0 ? [`Without the first ${leaveOut === 1 ? "token" : `${leaveOut} tokens`}.`] : []),
      ...(files.length > 0 ? [`Recorded: ${files.join(", ")}.`] : []),
    ];
  }

  get provenance(): { experiment: Record<string, unknown> } {
    const { manifest, results, origins } = this.experiment;
    this.record ??= experimentRecord(manifest, results, origins);
    return { experiment: this.record };
  }

  override filesOf(model: string): Record<string, string> | undefined {
    const models = (this.experiment.manifest?.models ?? []) as { name: string; files: Record<string, string> }[];
    return models.find(({ name }) => name === model)?.files;
  }
}

/**
 * Says in Markdown what was run and where the results lie, or that nothing was.
 *
 * @example
 * const rows = await study({ models: ["smollm2-135m"], shuffles: [0] }, { source: "published" });
 * describeStudies(rows); // "Nothing is run: all numbers are the authors', from `data/published`."
 */
export function describeStudies(...studies: Study[]): string {
  const done = studies.flatMap(({ experiment }) => experiment ?? []);
  if (done.length === 0) return "Nothing is run: all numbers are the authors', from `data/published`.";
  const count = (name: "computed" | "reused" | "recorded") =>
    done.reduce((sum, experiment) => sum + (experiment[name] ?? 0), 0);
  const files = done.map(({ manifestPath }) => markdownCode(manifestPath)).join(", ");
  const backend = done.find((experiment) => experiment.backend)?.backend;
  const parts = [
    ...(backend ? [`${describeBackend(backend)}; ${count("computed")} results computed`] : []),
    ...(backend ? [`${count("reused")} from the store`] : []),
    ...(count("recorded") > 0
      ? [`${count("recorded")} recorded: ${recordedFiles(done).map(markdownCode).join(", ")}`]
      : []),
  ];
  return `${parts.join(", ")}; what they depend on: ${files}`;
}

/** Files in which results of experiments are recorded, each once. */
function recordedFiles(experiments: readonly Pick<ExperimentResult, "manifest">[]): string[] {
  const models = experiments.flatMap(({ manifest }) => (manifest?.models ?? []) as { recorded?: { file: string } }[]);
  return [...new Set(models.flatMap(({ recorded }) => recorded?.file ?? []))];
}

/**
 * The first and the last value, once if they are the same: the shuffle indices that means are over.
 *
 * @example firstAndLast([0, 1, 2, 5]); // [0, 5]
 */
export function firstAndLast(values: readonly number[]): number[] {
  return [...new Set([values[0], values[values.length - 1]])].filter((value) => value !== undefined);
}
