/** What there is to know of a figure before it is made. */
export interface FigureEntry {
  /** As the paper counts: "3", or "20 and Table 1". */
  number: string;
  /** Name of the figure and of its exported files: "fig03". */
  name: string;
  /** What it shows, in a few words. */
  title: string;
  /** Its notebook, without ".ipynb"; it begins with the name. */
  notebook: string;
}

/** The one registry of the paper's figures, in their order. */
export const FIGURES: readonly FigureEntry[] = [
  entry("1", "How a prompt is shuffled", "fig01-shuffling"),
  entry("2", "Cosine similarity by layer", "fig02-cosine-similarity"),
  entry("3", "Intrinsic dimension by layer", "fig03-intrinsic-dimension"),
  entry("4", "Angles to the nearest neighbors", "fig04-neighbor-angles"),
  entry("5", "Neighborhood overlap by layer", "fig05-neighborhood-overlap"),
  entry("6", "Intrinsic dimension and loss by layer", "fig06-dimension-and-loss"),
  entry("7", "Logits, entropy and loss", "fig07-logits-and-entropy"),
  entry("8", "Intrinsic dimension of six prompts, every shuffle", "fig08-random-prompts"),
  entry("9", "Intrinsic dimension under shuffling, each model", "fig09-shuffling-by-model"),
  entry("10", "Shuffling raises the dimension at several scales", "fig10-shuffling-range-scalings"),
  entry("11", "Shuffling lowers the overlap for several k", "fig11-shuffling-neighbor-counts"),
  entry("12", "Intrinsic dimension of three models", "fig12-dimension-by-model"),
  entry("13", "Neighborhood overlap of three models", "fig13-overlap-by-model"),
  entry("14", "Intrinsic dimension against scale", "fig14-scale-analysis"),
  entry("15", "Intrinsic dimension of three models at several scales", "fig15-models-range-scalings"),
  entry("16", "Neighborhood overlap of three models for several k", "fig16-models-neighbor-counts"),
  entry("17", "Intrinsic dimension and loss at several scales", "fig17-loss-range-scalings"),
  entry("18", "Logits and entropy at several scales", "fig18-logits-range-scalings"),
  entry("20 and Table 1", "Token level against prompt level", "fig20-table1-token-and-prompt-level"),
];

function entry(number: string, title: string, notebook: string): FigureEntry {
  return { number, name: notebook.slice(0, "fig00".length), title, notebook };
}
