/**
 * token-geometry: the geometry of the token vectors inside language models, layer by layer. Every name that the library has
 * for its users stands here, in the order of the data; tests/library.test.ts lists them, and runs their examples.
 */

// Prompts: texts, and their tokens in another order

export type { Prompt } from "./prompts/prompt";
export { loadPromptOrText } from "./prompts/promptOrText";
export { loadPrompts } from "./prompts/prompts";
export { randomPromptNames, randomSample } from "./prompts/sample";
export { shuffleTokens } from "./prompts/shuffle";
export { type ShuffleExample, shuffleExamples } from "./prompts/shuffleExample";

// Model: tokens to hidden states

export { type BackendChoice, chooseBackend } from "./machine/backend/backend";
export { type Checkpoint, openCheckpoint } from "./machine/checkpoint/checkpoint";
export type { ModelFamily } from "./model/architecture";
export { FAMILIES } from "./model/families";
export type { GeneratedText, GenerateOptions } from "./model/generate";
export { type LoadModelOptions, loadModel, Model, type ModelRun, type RunOptions } from "./model/model";
export type { TextTokenizer } from "./tokens/textTokenizer";

// Geometry: hidden states to quantities

export { cosineSimilarity } from "./geometry/cosineSimilarity";
export { distinctPoints } from "./geometry/distinctPoints";
export { type GeometryReport, geometryReport } from "./geometry/geometryReport";
export { type DimensionEstimate, gride } from "./geometry/gride";
export type { LayerCloud } from "./geometry/layerCloud";
export { toMatrix } from "./geometry/matrix";
export type { MeanAndDeviation, Metric, NamedMetric } from "./geometry/metric";
export { METRICS, type MetricName } from "./geometry/metrics";
export { neighborAngles } from "./geometry/neighborAngles";
export { neighborhoodOverlap } from "./geometry/neighborhoodOverlap";
export { type Neighbors, neighbors } from "./geometry/neighbors";
export { neighborsByDefinition } from "./geometry/neighborsByDefinition";
export { type TwoNNEstimate, twoNN } from "./geometry/twoNN";
export type { Cloud, NamedCloud } from "./machine/support/cloud";

// Beyond the paper: notebooks 21 and on

export * as beyond from "./beyond";

// Statistics: over prompts

export { type Band, type BootstrapOptions, bootstrapBand } from "./statistics/bootstrap";
export { type Correlation, fittedLine, type Line, pearson, spearman } from "./statistics/correlation";
export { partialCorrelation } from "./statistics/partialCorrelation";

// Results: rows of many prompts: computed, kept in a store, recorded, published

export type { ExperimentOptions, ExperimentResult, PromptResult } from "./machine/experiment/experiment";
export type { ExperimentSettings } from "./machine/experiment/plan";
export {
  type CorrelationOptions,
  correlations,
  publishedCorrelations,
  publishedLogitCorrelations,
  publishedTable1,
  readOffCorrelations,
} from "./results/correlations";
export { atDepths, histogram, layerAsDeepAs, meanOverPrompts, peaks, type Rise, rises } from "./results/means";
export {
  type PromptCloudLayer,
  type PromptCloudOptions,
  promptCloud,
  promptCloudCorrelations,
} from "./results/promptCloud";
export { type PublishedOptions, published, publishedMeans, publishedPromptRows } from "./results/published";
export { type CorrelationRow, groupRows, type MeanRow, type Row, select } from "./results/row";
export {
  describeStudies,
  firstAndLast,
  readSource,
  type Study,
  type StudyOptions,
  type StudySettings,
  study,
} from "./results/study";
export {
  correlationColumns,
  correlationPeakTable,
  correlationTable,
  deviations,
  peakTable,
  riseTable,
  table1,
} from "./results/tables";
export { provenanceOf } from "./results/wording";

// Figures: rows to pictures

export { atTokenLevel } from "./figures/fig20";
export { FIGURES } from "./figures/figures";
export { type OverviewLayer, overviewFigure } from "./figures/overview";
export type { FigureEntry, PaperFigure } from "./figures/paperFigure";
export { withoutSlider } from "./figures/slider";
export { type ExportOptions, exportFigure } from "./machine/render/export";
export type { Figure, PlotlyLayout, PlotlyTrace } from "./machine/render/figure";

// One text, token by token: the playground

export { comparisonFigure, describeExploration, explorationFigure } from "./figures/explorationProfiles";
export { tokenSpacingFigure } from "./figures/tokenSpacing";
export { type Exploration, type ExplorationOptions, explorePrompt } from "./machine/experiment/exploration";
export { explorationTable, standingOut } from "./machine/experiment/explorationTables";
export { exportTokenText, showTokenText, tokenText } from "./machine/notebook/tokenText";
export type { TokenText } from "./machine/notebook/tokenTextContent";

// Notebooks: what shows results in one

export {
  type Chart,
  type ShowFigureOptions,
  show,
  showFigure,
  showMarkdown,
  startNotebook,
} from "./machine/notebook/display";
export { exportTable, showTable, toDataFrame } from "./machine/notebook/table";
export type { TableOptions } from "./machine/notebook/tableFormat";
export { UserError } from "./machine/support/errors";
export { progressBar } from "./machine/support/progressDisplay";
