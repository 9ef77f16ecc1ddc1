import { type CorrelationProfile, correlationPeak, lossCorrelationProfile } from "../experiment/lossCorrelation";
import type { Profile } from "../experiment/profiles";
import { type PromptCloudLayer, type PromptEstimator, promptCloudCorrelation } from "../experiment/promptCloud";
import type { PublishedTableRow } from "../experiment/publishedCorrelations";
import type { UnitResult } from "../experiment/unit";
import { type CorrelationPanel, correlationGrid, type PrintedCorrelation } from "./correlationPanels";
import { type CorrelationRow, correlationCells } from "./correlationSources";
import type { Figure } from "./figure";
import { MODEL_COLORS, type ModelLook } from "./style";

/** What is correlated with the loss: the level (tokens of a prompt, or prompts as points) and how its ID is estimated. */
export interface TableEstimator {
  level: "token" | "prompt";
  /** As in Table 1: "2NN", "scaling 8", "ESS", "high scaling". */
  estimator: string;
}

/** Correlations by layer of one estimator. */
export interface EstimatorProfile extends TableEstimator {
  profile: CorrelationProfile;
}

const PROMPT_ESTIMATORS: PromptEstimator[] = ["ESS", "2NN", "high scaling"];

/**
 * All estimators of one model: at token level GRIDE at the scalings (n2 = 2 is called 2NN, as in Table 1), at prompt level
 * those of the cloud of prompts.
 *
 * @param results one a prompt; none gives no estimator
 * @param cloud from promptCloud of the same results
 * @throws UserError if a scaling is not there
 */
export function estimatorProfiles(
  results: readonly UnitResult[],
  cloud: readonly PromptCloudLayer[],
  scalings: readonly number[],
): EstimatorProfile[] {
  if (results.length === 0) return [];
  return [
    ...scalings.map((scaling): EstimatorProfile => {
      const profile = lossCorrelationProfile(results, { scaling, method: "spearman" });
      return { level: "token", estimator: scaling === 2 ? "2NN" : `scaling ${scaling}`, profile };
    }),
    ...PROMPT_ESTIMATORS.map((estimator): EstimatorProfile => {
      return { level: "prompt", estimator, profile: promptCloudCorrelation(cloud, results, estimator) };
    }),
  ];
}

/** Token level in the color of OPT, prompt level in others. */
const LOOKS: Record<string, ModelLook> = {
  "token, 2NN": { color: MODEL_COLORS.opt, dash: "solid", symbol: "circle" },
  "token, scaling 4": { color: "#A66F00", dash: "dot", symbol: "diamond" },
  "token, scaling 8": { color: MODEL_COLORS.llama, dash: "dash", symbol: "square" },
  "prompt, ESS": { color: "#785EF0", dash: "solid", symbol: "triangle-up" },
  "prompt, 2NN": { color: MODEL_COLORS.pythia, dash: "dash", symbol: "star" },
  "prompt, high scaling": { color: "#555555", dash: "dot", symbol: "triangle-down" },
};

const UNKNOWN: ModelLook = { color: "#555555", dash: "dashdot", symbol: "x" };

function labelOf({ level, estimator }: TableEstimator): string {
  return `${level}, ${estimator}`;
}

/**
 * Figure 20 with the rows of Table 1: Spearman correlation between intrinsic dimension and loss by layer, where each token
 * is a point (one ID a prompt) and where each prompt is (one local ID a prompt).
 *
 * @param run this machine's correlations of one model, by estimator; none leaves its panel out
 * @param title of that panel
 * @param table the published rows, drawn as levels: the paper does not say at which layer; none leaves the panel out
 * @param printed the published curve that was read off the printed figure, if the panel is there
 */
export function figure20(
  run: readonly EstimatorProfile[],
  title: string,
  table: readonly PublishedTableRow[] = [],
  printed?: Profile,
): Figure {
  const panels: CorrelationPanel[] = [];
  if (run.length > 0) {
    const curves = run.map((row) => ({
      label: labelOf(row),
      profile: row.profile,
      look: LOOKS[labelOf(row)] ?? UNKNOWN,
    }));
    panels.push({ title, origin: "this machine", curves });
  }
  if (table.length > 0) panels.push(publishedPanel(table, printed));
  return correlationGrid({
    name: "fig20",
    caption:
      "Spearman correlation over prompts between intrinsic dimension and loss, by layer. Token level: dimension of each " +
      "prompt's tokens (2NN: GRIDE at n2 = 2). Prompt level: each prompt is one point, its last token's vector; dimension " +
      "of the cloud of prompts around it. Bands: 95% confidence. Published: OPT-6.7B, the values of Table 1 as levels.",
    yTitle: "Spearman ρ of ID and loss",
    rows: [panels],
  });
}

function publishedPanel(table: readonly PublishedTableRow[], readOff: Profile | undefined): CorrelationPanel {
  const layers = readOff?.layers ?? [1, 32];
  const printed = table.map((row): PrintedCorrelation => {
    return {
      label: labelOf(row),
      layers: [layers[0], layers[layers.length - 1]],
      coefficients: [row.rho, row.rho],
      mode: "lines",
      note: `Table 1: p ${row.p}`,
      look: LOOKS[labelOf(row)] ?? UNKNOWN,
    };
  });
  if (readOff) {
    const note = "read off the printed figure: Pearson, log ID";
    const label = "token, scaling 4";
    const look = LOOKS[label];
    printed.push({ label, layers, coefficients: readOff.values, mode: "markers", note, look });
  }
  return { title: "published: OPT-6.7B", origin: "published", curves: [], printed };
}

/**
 * Table 1: ours, at the layer where the correlation is strongest (whatever its sign), beside the published value of the same
 * level and estimator.
 */
export function table1Rows(run: readonly EstimatorProfile[], table: readonly PublishedTableRow[]): CorrelationRow[] {
  const labels = [...new Set([...table, ...run].map(labelOf))];
  return labels.map((label) => {
    const ours = run.find((row) => labelOf(row) === label);
    const theirs = table.find((row) => labelOf(row) === label);
    const [level, estimator] = label.split(", ");
    const peak = ours && correlationPeak(ours.profile, Math.abs);
    return {
      level,
      estimator,
      ...(peak ? { "at layer": peak.layer, ...correlationCells(peak) } : {}),
      ...(theirs ? { "published ρ": theirs.rho, "published p": theirs.p } : {}),
      ...(peak && theirs ? { difference: peak.coefficient - theirs.rho } : {}),
    };
  });
}
