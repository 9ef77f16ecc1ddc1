/**
 * CONTRIBUTING.md says that a model family, a figure and a metric are one file and one entry in a list, and that a metric of
 * one's own needs no entry at all. A copy of the library gets one of each; a test that is put beside them uses them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copyOfProject, countsOf, runTests } from "./support/projectCopy";

const FAMILY = `import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { PLAIN_ATTENTION } from "./attention";

/** Llama's blocks without positions. */
export const aurora: ModelFamily = {
  modelType: "aurora",
  title: "Aurora",
  architecture(config) {
    const biases = { query: false, output: false, mlp: false };
    return llamaArchitecture(config, decoderSizes(config), { biases, attentionKind: () => PLAIN_ATTENTION });
  },
};
`;

const FIGURE = `import { distinct } from "../results/row";
import { defineFigure } from "./paperFigure";
import { type ProfileRow, shuffledProfiles } from "./profileGrid";

export const figure99 = defineFigure<ProfileRow>({
  number: "99",
  title: "Mean norm by layer",
  notebook: "fig99-mean-norm",
  caption: (rows) => \`Mean norm of the tokens of \${distinct(rows, ({ model }) => model).join(", ")}.\`,
  draw: (rows) => shuffledProfiles(rows),
});
`;

const METRIC = `import { type MeanAndDeviation, type Metric, meanAndDeviation } from "./metric";
import { fields, number } from "./quantities";

/** How long the token vectors are. */
export const tokenNormMetric = {
  version: 1,
  quantities: fields({ mean: number("tokenNorm"), std: number("tokenNormDeviation") }),
  measure: async ({ squaredLengths }) => meanAndDeviation(squaredLengths.map(Math.sqrt)),
} satisfies Metric<MeanAndDeviation>;
`;

const OWN_METRIC = `import type { NamedMetric } from "../lib/src/geometry/metric";

export const meanNorm: NamedMetric = {
  name: "meanNorm",
  version: 1,
  measure: async ({ squaredLengths }) =>
    squaredLengths.map(Math.sqrt).reduce((sum, norm) => sum + norm, 0) / squaredLengths.length,
};
`;

const USE = `import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FIGURES } from "../lib/src/figures/figures";
import { meanNorm } from "./meanNorm";
import { loadModel } from "../lib/src/model/model";
import { meanOverPrompts } from "../lib/src/results/means";
import { study } from "../lib/src/results/study";

const folder = mkdtempSync(join(tmpdir(), "contributing-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a model of the new family runs, and is another than Llama", async () => {
  cpSync(MODEL, join(folder, "aurora"), { recursive: true, dereference: true });
  const file = join(folder, "aurora/config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  const ids = [1, 2, 3, 4, 5, 6];
  const run = async (path) => (await (await loadModel(path, { backend: "wasm" })).run(ids)).loss;
  const before = await run(join(folder, "aurora"));
  writeFileSync(file, JSON.stringify({ ...config, model_type: "aurora" }));
  expect(await run(join(folder, "aurora"))).not.toBeCloseTo(before, 5);
});

test("the new metrics are measured by a study, without the others anew, and the new figure is drawn of them", async () => {
  const settings = { models: [MINI], promptCount: 2, tokens: 32, shuffles: [0, 2] };
  const options = { store: join(folder, "store"), backend: "wasm", workers: 1 };
  await study(settings, options);
  const rows = await study({ ...settings, metrics: ["tokenNorm", meanNorm] }, options);
  expect(rows.of("twoNNFit")[0].origin).toBe("store");
  expect(rows.of("tokenNorm")[0].origin).toBe("computed");
  expect(rows.of("tokenNormDeviation")).toHaveLength(4 * 13);
  const norms = rows.of("meanNorm");
  expect(rows.of("tokenNorm").map(({ value }) => value)).toEqual(norms.map(({ value }) => expect.closeTo(value, 6)));
  const figure = FIGURES[99].draw([...norms.slice(0, 13), ...meanOverPrompts(norms)]);
  expect(figure).toMatchObject({ name: "fig99", caption: expect.stringContaining("Mean norm of the tokens of llama-mini.") });
  expect(figure.data.flatMap(({ y }) => [...(y ?? [])])).toEqual(expect.arrayContaining(norms.slice(0, 13).map(({ value }) => value)));
  expect(figure.provenance).toMatchObject({ experiments: [{ ownMetrics: [{ name: "meanNorm" }] }] });
});
`;

/** Puts a line of imports and an entry into a list. */
function register(path: string, line: string, before: string, entry: string): void {
  const text = readFileSync(path, "utf8");
  expect(text.split(before)).toHaveLength(2);
  writeFileSync(path, `${line}\n${text.replace(before, () => `${entry}\n${before}`)}`);
}

test("a family, a figure and a metric are a file each", {
  timeout: 120_000,
}, async () => {
  const copy = copyOfProject();
  const write = (path: string, text: string) => writeFileSync(join(copy, path), text);
  write("lib/src/model/aurora.ts", FAMILY);
  register(join(copy, "lib/src/model/families.ts"), 'import { aurora } from "./aurora";', "  gpt2,\n];", "  aurora,");
  write("lib/src/figures/fig99.ts", FIGURE);
  register(
    join(copy, "lib/src/figures/figures.ts"),
    'import { figure99 } from "./fig99";',
    "} as const;",
    "  99: figure99,",
  );
  write("lib/src/geometry/tokenNorm.ts", METRIC);
  const metrics = join(copy, "lib/src/geometry/metrics.ts");
  const text = readFileSync(metrics, "utf8");
  const list = "FURTHER_METRICS = {\n";
  expect(text.split(list)).toHaveLength(2);
  const line = 'import { tokenNormMetric } from "./tokenNorm";';
  writeFileSync(metrics, `${line}\n${text.replace(list, `${list}  tokenNorm: tokenNormMetric,\n`)}`);
  write("tests/meanNorm.ts", OWN_METRIC);
  const paths = `const [MODEL, MINI] = ${JSON.stringify([join(copy, "tests/fixtures/models/llama-gqa"), join(copy, "data/models/llama-mini")])};\n`;
  write(
    "tests/added.test.ts",
    USE.replace("\nconst folder", () => `\n${paths}const folder`),
  );
  const { status, output } = await runTests(copy, ["tests/added.test.ts", ""]);
  expect(status, output).toBe(0);
  expect(countsOf(output)).toEqual({ failed: 0, passed: 2 });
});
