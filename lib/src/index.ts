/**
 * token-geometry: the geometry of the token vectors inside language models, layer by layer. Every name that the library has
 * for its users stands here, in the order of the data; tests/library.test.ts lists them, and runs their examples.
 */

// Prompts: texts, and their tokens in another order

export { loadPromptOrText } from "./prompts/promptOrText";
export { loadPrompts, type Prompt } from "./prompts/prompts";
export { randomPromptNames, randomSample } from "./prompts/sample";
export { shuffleTokens } from "./prompts/shuffle";
export { type ShuffleExample, shuffleExamples } from "./prompts/shuffleExample";

// Tokens

export { type TokenizedPrompt, tokenizePrompts } from "./tokens/tokenizedPrompts";
export { loadTokenizer, type TextTokenizer } from "./tokens/tokenizer";

// Model: tokens to hidden states

export { type BackendChoice, chooseBackend } from "./backend/backend";
export { type Checkpoint, openCheckpoint } from "./checkpoint/checkpoint";
export { DEFAULT_MODEL, NAMED_MODELS } from "./hub/namedModels";
export type { ModelFamily } from "./model/architecture";
export { FAMILIES } from "./model/families";
export { type LoadModelOptions, loadModel, Model, type ModelRun, type RunOptions } from "./model/model";

// Geometry: hidden states to quantities

export { cosineSimilarity } from "./geometry/cosineSimilarity";
export { distinctPoints } from "./geometry/distinctPoints";
export { type GeometryReport, geometryReport, type NamedCloud } from "./geometry/geometryReport";
export { type DimensionEstimate, gride, rangeScalings } from "./geometry/gride";
export { toMatrix } from "./geometry/matrix";
export { type MeanAndDeviation, type Metric, meanAndDeviation } from "./geometry/metric";
export { METRICS, type MetricName } from "./geometry/metrics";
export { neighborAngles } from "./geometry/neighborAngles";
export { neighborhoodOverlap } from "./geometry/neighborhoodOverlap";
export { type Neighbors, neighbors } from "./geometry/neighbors";
export { neighborsByDefinition } from "./geometry/neighborsByDefinition";
export { type TwoNNEstimate, twoNN } from "./geometry/twoNN";
export type { Cloud } from "./support/cloud";

// Statistics: over prompts

export { type Band, type BootstrapOptions, bootstrapBand } from "./statistics/bootstrap";
export { type Correlation, pearson, spearman } from "./statistics/correlation";

// Results: many prompts, kept in a store

export {
  type ExperimentOptions,
  type ExperimentResult,
  type PromptResult,
  runExperiment,
} from "./experiment/experiment";
export { type Exploration, type ExplorationOptions, explorePrompt } from "./experiment/exploration";
export type { ExperimentSettings } from "./experiment/plan";

// Figures

export { type ExportOptions, exportFigure } from "./figures/export";
export type { Figure, PlotlyLayout, PlotlyTrace } from "./figures/figure";
export { FIGURES, type FigureEntry } from "./figures/figures";

// Notebooks: what shows results in one

export { type Chart, type ShowFigureOptions, show, showFigure, showMarkdown, startNotebook } from "./notebook/display";
export { exportTable, showTable } from "./notebook/table";
export { UserError } from "./support/errors";
export { progressBar } from "./support/progressDisplay";

// What the notebooks of the figures and the playground call so far

export { peakOf } from "./experiment/comparison";
export { explorationTable, standingOut } from "./experiment/explorationTables";
export { dimensionEntropy, entropyLoss, publishedModelLogits, runLogits } from "./experiment/logitScatter";
export { layerAsDeepAs, meanAngles, promptAngles } from "./experiment/neighborAngles";
export { intrinsicDimensionProfile } from "./experiment/profiles";
export { promptCloud } from "./experiment/promptCloud";
export {
  digitizedLossCorrelation,
  publishedLogitCorrelations,
  publishedTable1,
} from "./experiment/publishedCorrelations";
export { publishedPromptRows } from "./experiment/publishedPrompts";
export { publishedScaleSources, runScaleSources, scaleTable } from "./experiment/scaleAnalysis";
export { describeExperiments, firstAndLast, readSource, withProvenance } from "./experiment/source";
export {
  correlationCells,
  correlationPeakTable,
  correlationTable,
  publishedCorrelations,
  runCorrelations,
} from "./figures/correlationSources";
export { comparisonFigure, describeExploration, explorationFigure } from "./figures/explorationProfiles";
export { figure1, figure1Interactive } from "./figures/fig01";
export { figure2 } from "./figures/fig02";
export { figure3 } from "./figures/fig03";
export { figure4 } from "./figures/fig04";
export { figure5 } from "./figures/fig05";
export { figure6 } from "./figures/fig06";
export { figure7 } from "./figures/fig07";
export { figure8, meanRise, promptPeakTable, promptRises, publishedPromptProfiles, runPrompts } from "./figures/fig08";
export { figure9 } from "./figures/fig09";
export { figure10 } from "./figures/fig10";
export { figure11 } from "./figures/fig11";
export { figure12 } from "./figures/fig12";
export { figure13 } from "./figures/fig13";
export { figure14 } from "./figures/fig14";
export { figure15 } from "./figures/fig15";
export { figure16 } from "./figures/fig16";
export { figure17 } from "./figures/fig17";
export { figure18 } from "./figures/fig18";
export { estimatorProfiles, figure20, table1Rows } from "./figures/fig20";
export {
  publishedSources,
  publishedSourcesByParameter,
  runSources,
  runSourcesByParameter,
  structuredOnly,
} from "./figures/modelSources";
export { overviewFigure } from "./figures/overview";
export { deviationTable, parameterDeviationTable, parameterPeakTable, peakTable } from "./figures/profileTables";
export { withoutSlider } from "./figures/slider";
export { tokenSpacingFigure } from "./figures/tokenSpacing";
export { exportTokenText, showTokenText, tokenText } from "./notebook/tokenText";
