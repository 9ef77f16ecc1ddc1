/**
 * token-geometry: the geometry of the token vectors inside language models, layer by layer.
 * In the order of the data: prompts, tokens, checkpoint, model, geometry, statistics, experiment, figures, notebook.
 */
export * from "./backend/backend";
export * from "./checkpoint/checkpoint";
export * from "./experiment/experiment";
export * from "./experiment/exploration";
export * from "./experiment/explorationTables";
export * from "./experiment/measurePrompt";
export * from "./experiment/passMetrics";
export * from "./experiment/plan";
export { openStudy, RecordedStudy, type RecordedUnit, recordedNames } from "./experiment/recordedStudy";
export * from "./experiment/tidyRows";
export * from "./figures/explorationProfiles";
export * from "./figures/export";
export { atTokenLevel } from "./figures/fig20";
export * from "./figures/figure";
export * from "./figures/figures";
export * from "./figures/overview";
export { withoutSlider } from "./figures/slider";
export * from "./figures/tokenSpacing";
export * from "./geometry/geometryReport";
export * from "./geometry/layerCloud";
export { meanAndDeviation } from "./geometry/metric";
export * from "./geometry/metrics";
export { resolveModel } from "./hub/models";
export { DEFAULT_MODEL, NAMED_MODELS } from "./hub/namedModels";
export * from "./model/forward";
export * from "./model/model";
export * from "./notebook/availableModel";
export * from "./notebook/display";
export * from "./notebook/progress";
export * from "./notebook/table";
export * from "./notebook/tokenText";
export * from "./prompts/promptOrText";
export * from "./prompts/prompts";
export * from "./prompts/sample";
export * from "./prompts/shuffle";
export * from "./prompts/shuffleExample";
export * from "./results/correlations";
export * from "./results/means";
export * from "./results/promptCloud";
export * from "./results/published";
export {
  type AnyRow,
  type CorrelationRow,
  distinct,
  groupRows,
  isPublished,
  type MeanRow,
  type Row,
  select,
} from "./results/row";
export { describeStudies, firstAndLast, readSource, type Study, study } from "./results/study";
export * from "./results/tables";
export * from "./results/wording";
export * from "./statistics/bootstrap";
export * from "./statistics/correlation";
export * from "./statistics/significance";
export { UserError } from "./support/errors";
export { resolveFromProject } from "./support/project";
export * from "./tokens/tokenizedPrompts";
export * from "./tokens/tokenizer";
