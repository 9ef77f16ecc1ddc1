/** The library as its users call it: which names there are, and that the example of each function gives what it says. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "@tslab/typescript-for-tslab";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as library from "../lib/src/index";
import { chooseBackend } from "../lib/src/machine/backend/backend";
import { BLAS_VARIABLE } from "../lib/src/machine/backend/blas";
import { PROJECT } from "./support/cli";

const INDEX = join(PROJECT, "lib/src/index.ts");

const parse = (path: string, text = readFileSync(path, "utf8")) =>
  ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);

/** What index.ts and beyond.ts export: under which heading, from which file. */
const listed = (index: string) => {
  const source = parse(index);
  let heading = "";
  return source.statements.flatMap((statement) => {
    const headings = [...statement.getFullText().matchAll(/^\/\/ (.*)$/gm)].map(([, text]) => text);
    heading = headings.at(-1) ?? heading;
    if (statement.getText() === 'export * as beyond from "./beyond";') return [];
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) {
      throw new Error(`${index} names what it exports; found ${statement.getText()}`);
    }
    const file = join(dirname(INDEX), `${(statement.moduleSpecifier as ts.StringLiteral).text}.ts`);
    return statement.exportClause.elements.map((element) => ({
      name: element.name.text,
      isType: statement.isTypeOnly || element.isTypeOnly,
      heading,
      file,
    }));
  });
};
const exported = listed(INDEX);
const exportedBeyond = listed(join(dirname(INDEX), "beyond.ts"));

test("it has these names and no others", () => {
  const lists: Record<string, string> = {};
  for (const { name, heading } of [...exported, ...exportedBeyond])
    lists[heading] = `${lists[heading] ? `${lists[heading]} ` : ""}${name}`;
  expect(lists).toMatchInlineSnapshot(`
    {
      "Clouds from elsewhere: files of vectors": "readClouds",
      "Controls: what an estimate makes of what is known": "ballCloud gaussianLike scrambleWeights",
      "Figures: rows to pictures": "atTokenLevel FIGURES OverviewLayer overviewFigure FigureEntry PaperFigure withoutSlider ExportOptions exportFigure Figure PlotlyLayout PlotlyTrace",
      "Geometry: hidden states to quantities": "cosineSimilarity distinctPoints GeometryReport geometryReport DimensionEstimate gride LayerCloud toMatrix MeanAndDeviation Metric NamedMetric METRICS MetricName neighborAngles neighborhoodOverlap Neighbors neighbors neighborsByDefinition TwoNNEstimate twoNN Cloud NamedCloud",
      "Layers and models compared, on the same tokens": "informationImbalance NeighborRanks neighborRanks AlignmentOptions CenteredProducts centeredProducts linearCKA",
      "Model: tokens to hidden states": "BackendChoice chooseBackend Checkpoint openCheckpoint ModelFamily FAMILIES GeneratedText GenerateOptions LoadModelOptions loadModel Model ModelRun RunOptions TextTokenizer",
      "Notebooks: what shows results in one": "Chart ShowFigureOptions show showFigure showMarkdown startNotebook exportTable showTable toDataFrame TableOptions UserError progressBar",
      "One text, token by token: the playground": "comparisonFigure describeExploration explorationFigure tokenSpacingFigure Exploration ExplorationOptions explorePrompt explorationTable standingOut exportTokenText showTokenText tokenText TokenText",
      "Prompts: texts, and their tokens in another order": "Prompt loadPromptOrText loadPrompts randomPromptNames randomSample shuffleTokens ShuffleExample shuffleExamples",
      "Results: rows of many prompts: computed, kept in a store, recorded, published": "ExperimentOptions ExperimentResult PromptResult ExperimentSettings CorrelationOptions correlations publishedCorrelations publishedLogitCorrelations publishedTable1 readOffCorrelations atDepths histogram layerAsDeepAs meanOverPrompts peaks Rise rises PromptCloudLayer PromptCloudOptions promptCloud promptCloudCorrelations PublishedOptions published publishedMeans publishedPromptRows CorrelationRow groupRows MeanRow Row select describeStudies firstAndLast readSource Study StudyOptions StudySettings study correlationColumns correlationPeakTable correlationTable deviations peakTable riseTable table1 provenanceOf",
      "Rows for other programs: pandas, polars, DuckDB, R": "SavedRows SaveRowsOptions saveRows",
      "Scale: where a dimension holds, and the neighborhoods of constant density": "dimensionPlateau Plateau PlateauOptions KStarOptions kStar kStarBinomial AdaptiveEstimate AdaptiveOptions kStarGride",
      "Spectrum: how many principal axes hold what there is": "CorrectionOptions correctedParticipationRatio effectiveRank matrixEntropy participationRatio SpectrumOptions spectrum",
      "Statistics: over prompts": "Band BootstrapOptions bootstrapBand Correlation fittedLine Line pearson spearman partialCorrelation",
      "The cloud, seen: local dimensions, projections and how far to believe them": "CloudView cloudView LayerView Picture localDimensions meanLocalDimension PrincipalComponents principalComponents turnedOnto trustworthiness CloudPageOptions exportCloudPage",
      "Token health: which tokens are far longer than the others, and a cloud without them": "pointsAt MassiveToken massiveTokens tokenNorms",
      "Trajectories: steps along the text and along depth": "depthTrajectory stepLengths turningAngles",
    }
  `);
  const valuesOf = (names: typeof exported) => names.filter(({ isType }) => !isType).map(({ name }) => name);
  const values = [...valuesOf(exported), "beyond"];
  expect(values.sort()).toEqual(Object.keys(library).sort());
  expect(valuesOf(exportedBeyond).sort()).toEqual(Object.keys(library.beyond).sort());
  expect(values.length, "values that are exported: few enough to be known").toBeLessThanOrEqual(100);
});

/** The examples in the docblock of what is declared under a name; of a file that was read before, from memory. */
const sources = new Map<string, ts.SourceFile>();
function examplesOf(name: string, file: string): string[] {
  const source = sources.get(file) ?? parse(file);
  sources.set(file, source);
  const found = source.statements.filter(
    (node) =>
      ((ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name?.text === name) ||
      (ts.isVariableStatement(node) && node.declarationList.declarations[0].name.getText(source) === name),
  );
  return found
    .flatMap((node) => ts.getJSDocTags(node))
    .filter(({ tagName }) => tagName.text === "example")
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "");
}

/** An example as a program that notes the value of each expression with a comment behind it. */
function programOf(example: string): { code: string; values: number } {
  const source = parse("example.ts", example);
  let values = 0;
  const statements = source.statements.map((statement) => {
    const [comment] = ts.getTrailingCommentRanges(example, statement.end) ?? [];
    if (!ts.isExpressionStatement(statement) || !comment) return statement.getText();
    values++;
    const said = example.slice(comment.pos + 2, comment.end).trim();
    return `notes.push([${statement.expression.getText()}, ${JSON.stringify(said)}]);`;
  });
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return { code: ts.transpileModule(statements.join("\n"), { compilerOptions: options }).outputText, values };
}

/** Numbers as exact as they are written: 2.03 is anything from 2.025 to 2.035. */
function expectSaid(value: unknown, said: unknown, place: string): void {
  if (typeof said === "number") {
    const decimals = String(said).split(".")[1]?.length ?? 0;
    const tolerance = decimals === 0 ? 0 : 0.5 * 10 ** -decimals + 1e-12;
    expect(Math.abs((value as number) - said), `${place}: ${value} instead of ${said}`).toBeLessThanOrEqual(tolerance);
  } else if (said !== null && typeof said === "object") {
    const plain = ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : (value as object);
    expect(Object.keys(plain), `${place}: ${JSON.stringify(plain)}`).toEqual(Object.keys(said));
    for (const [key, one] of Object.entries(said)) expectSaid(plain[key as keyof object], one, `${place}.${key}`);
  } else expect(value, place).toEqual(said);
}

describe("the example of", () => {
  const home = mkdtempSync(join(tmpdir(), "token-geometry-library-"));
  const all = { ...library, ...library.beyond };
  const values = new Map<string, unknown>(Object.entries(all));
  /** All functions, and the constants that have one. */
  const withExamples = [...exported, ...exportedBeyond].filter(
    ({ name, file }) => typeof values.get(name) === "function" || examplesOf(name, file).length > 0,
  );

  beforeAll(async () => {
    vi.stubEnv(BLAS_VARIABLE, "off");
    vi.stubEnv("TOKEN_GEOMETRY_STORE", join(home, "store"));
    vi.stubEnv("TOKEN_GEOMETRY_OUT", join(home, "out"));
    vi.spyOn(console, "log").mockImplementation(() => {});
    vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    await chooseBackend("wasm");
  });
  afterAll(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  test.each(withExamples)("$name", { timeout: 60_000 }, async ({ name, file }) => {
    const examples = examplesOf(name, file);
    expect(examples.length, `${name} has no @example`).toBeGreaterThan(0);
    for (const example of examples) {
      const { code, values: said } = programOf(example);
      const notes: [unknown, string][] = [];
      const AsyncFunction = (async () => {}).constructor as new (
        ...parts: string[]
      ) => (...given: unknown[]) => unknown;
      const run = new AsyncFunction(...Object.keys(all), "notes", code);
      await run(...Object.values(all), notes);
      for (const [value, comment] of notes) expectSaid(value, Function(`return ${comment}`)(), name);
      // What gives nothing has nothing to say.
      if (!/^(start|show|progress)/.test(name)) expect(said, `${name}: its example says no value`).toBeGreaterThan(0);
      expect(notes).toHaveLength(said);
    }
  });
});

test("what the documents call by name is there", () => {
  const documents = ["README.md", ...readdirSync(join(PROJECT, "docs")).map((name) => join("docs", name))];
  const called = documents
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => [...readFileSync(join(PROJECT, name), "utf8").matchAll(/\btg\.(beyond\.)?(\w+)/g)])
    .filter(([, , name]) => name !== "beyond");
  expect(called.length).toBeGreaterThan(20);
  const missing = called.filter(([, beyond, name]) => !(name in (beyond ? library.beyond : library)));
  expect(missing.map(([text]) => text)).toEqual([]);
});
