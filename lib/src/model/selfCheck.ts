import { type Checkpoint, readTensorRows } from "../machine/checkpoint/checkpoint";
import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { loadPrompts } from "../prompts/prompts";
import type { Architecture } from "./architecture";
import { architectureOf, familyOf } from "./families";
import { type LoadModelOptions, loadModel, type Model } from "./model";
import { parameterCount } from "./network";

/** A natural text that models of English know how to go on with. */
const TEXT = "fiction-realist";
const TOKENS = 256;

/** Of the logarithm of the vocabulary, which is the loss of a model that knows nothing: a trained one is below this part of it. */
const KNOWING = 0.75;

/** How many scores are compared with the products that they come from. */
const COMPARED = 64;

/** Something about a checkpoint that was found to be so. */
export interface Verified {
  what: string;
  how: string;
}

/**
 * Whether a checkpoint runs as a trained model does: what cannot be seen from its files alone, and what a wrong setting, a
 * damaged tensor or another order of weights would spoil.
 *
 * @returns what was verified, in words
 * @throws UserError naming the first thing that is not so
 * @example
 * (await checkModel("llama-mini", { backend: "wasm" })).map(({ what }) => what);
 * // ["family", "weights", "shapes", "index 0", "index 12", "loss", "context"]
 */
export async function checkModel(name: string, options: LoadModelOptions = {}): Promise<Verified[]> {
  const model = await loadModel(name, options);
  try {
    const { checkpoint } = model;
    const architecture = architectureOf(checkpoint);
    const ids = await idsOf(model, architecture);
    const { hidden, loss } = await model.run(ids.ids, { tokens: TOKENS, keep: false });
    return [
      ...ofFiles(checkpoint, architecture),
      checkedShapes(model, hidden),
      { what: "index 0", how: firstState(checkpoint, architecture, ids.ids, hidden[0]) },
      { what: `index ${model.layers}`, how: await lastState(model, architecture, ids.ids) },
      ...(await checkedLoss(model, ids, loss)),
    ];
  } finally {
    model.dispose();
  }
}

/** The tokens that are run: those of a text, or without a tokenizer any. */
async function idsOf(
  model: Model,
  { vocabularySize, longestPrompt = TOKENS }: Architecture,
): Promise<{ ids: number[]; isText: boolean }> {
  const count = Math.min(TOKENS, longestPrompt);
  try {
    const [{ text }] = (await loadPrompts("embedded")).filter((prompt) => prompt.name === TEXT);
    return { ids: model.tokenizer.encode(text).slice(0, count), isText: true };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      ids: Array.from({ length: Math.min(COMPARED, count) }, (_, i) => (i * 7919) % vocabularySize),
      isText: false,
    };
  }
}

function ofFiles({ config, weights }: Checkpoint, architecture: Architecture): Verified[] {
  const { title } = familyOf(config);
  const tried = "its layers agree with Hugging Face transformers on tiny checkpoints (docs/models.md)";
  const count = parameterCount(architecture).toLocaleString("en-US");
  return [
    { what: "family", how: `${title} (${config.modelType}): ${tried}` },
    { what: "weights", how: `all are there in the shapes that config.json asks for: ${count} parameters, ${weights}` },
  ];
}

function checkedShapes({ name, layers, width }: Model, hidden: readonly Cloud[]): Verified {
  const { points } = hidden[0];
  const isRight = hidden.every(
    ({ points: n, dimension }, layer) => n === points && (layer === layers || dimension === width),
  );
  if (hidden.length !== layers + 1 || !isRight)
    throw new UserError(`${name}: its hidden states are not [${points}, ${width}]`);
  const broken = hidden.findIndex(({ values }) => !values.every(Number.isFinite));
  if (broken >= 0) throw new UserError(`${name}: hidden state ${broken} is not finite: the weights are damaged`);
  return { what: "shapes", how: `${hidden.length} hidden states [${points}, ${width}], all finite` };
}

/** What the first hidden state is, next to the rows of the embedding. */
function firstState(
  checkpoint: Checkpoint,
  { embeddingWeights }: Architecture,
  ids: readonly number[],
  state: Cloud,
): string {
  const { name, shape } = embeddingWeights.embedding;
  const row = readTensorRows(checkpoint, name, shape, [ids[0]]);
  const values = state.values.subarray(0, state.dimension);
  const largest = row.reduce((best, value, i) => (Math.abs(value) > Math.abs(row[best]) ? i : best), 0);
  const factor = values[largest] / row[largest];
  const isMultiple =
    shape[1] === state.dimension &&
    row.every((value, i) => Math.abs(values[i] - factor * value) <= 1e-5 * Math.abs(values[largest]));
  if (!isMultiple)
    return "the embedding with what the family adds to it or makes of it (positions, a norm, a projection)";
  return Math.abs(factor - 1) < 1e-6
    ? "the rows of the embedding"
    : `the rows of the embedding times ${factor.toPrecision(5)}, after scaling`;
}

/** That the last hidden state is what the unembedding reads: larger products are larger scores, whatever is done to those. */
async function lastState(
  model: Model,
  { headWeights, finalWeights }: Architecture,
  ids: readonly number[],
): Promise<string> {
  const { unembedding, ...others } = headWeights;
  const last = Object.keys(finalWeights);
  const bare = `the last block's output, ${last.length > 0 ? "projected" : "without a norm"}`;
  const place = last.some((key) => key.startsWith("norm")) ? "after the final norm" : bare;
  if (!unembedding) return `${place}; there is no unembedding to compare it with`;
  if (Object.keys(others).length > 0) return `${place}; not compared with the scores, which have biases`;
  const { hidden, logits } = await model.run(ids.slice(0, 8), { logits: true });
  const { values, dimension, points } = hidden[model.layers];
  const state = values.subarray((points - 1) * dimension);
  const scores = logits!.values.subarray((points - 1) * logits!.dimension);
  const step = Math.max(1, Math.floor(scores.length / COMPARED));
  const tokens = Array.from({ length: Math.min(COMPARED, scores.length) }, (_, i) => i * step);
  const rows = readTensorRows(model.checkpoint, unembedding.name, unembedding.shape, tokens);
  const pairs = tokens.map((token, i) => {
    const row = rows.subarray(i * dimension, (i + 1) * dimension);
    return { score: scores[token], product: row.reduce((sum, value, j) => sum + value * state[j], 0) };
  });
  pairs.sort((a, b) => a.product - b.product);
  const size = Math.max(...pairs.map(({ score }) => Math.abs(score)));
  const isOrdered = pairs.every(({ score }, i) => i === 0 || score >= pairs[i - 1].score - 1e-4 * size);
  if (!isOrdered)
    throw new UserError(`${model.name}: the scores are not in the order of the last hidden state's products`);
  return `${place}: its products with the unembedding are in the order of the scores`;
}

async function checkedLoss(
  model: Model,
  { ids, isText }: { ids: readonly number[]; isText: boolean },
  loss: number,
): Promise<Verified[]> {
  if (model.withoutHead) return [{ what: "loss", how: "unknown: there is no output head" }];
  if (!Number.isFinite(loss)) throw new UserError(`${model.name}: the loss of ${ids.length} tokens is ${loss}`);
  if (!isText)
    return [{ what: "loss", how: `${loss.toFixed(3)} nats, finite; without a tokenizer no text can be tried` }];
  const uniform = Math.log(model.vocabularySize);
  const of = `${loss.toFixed(3)} nats for ${ids.length} tokens of ${TEXT}`;
  const bound = `ln(${model.vocabularySize}) = ${uniform.toFixed(2)}`;
  if (loss > KNOWING * uniform) {
    throw new UserError(
      `${model.name}: its loss is ${of}, not far below ${bound}: it is not trained, not on English, or read wrongly`,
    );
  }
  const { loss: shuffled } = await model.run(ids, { tokens: TOKENS, shuffle: { index: 2 }, hidden: false });
  if (!(shuffled > loss)) {
    throw new UserError(
      `${model.name}: its loss is ${of}, and no higher of the same tokens in another order: it reads no context`,
    );
  }
  return [
    { what: "loss", how: `${of}, far below ${bound}` },
    { what: "context", how: `the same tokens, their 16 parts in another order: ${shuffled.toFixed(3)} nats` },
  ];
}
