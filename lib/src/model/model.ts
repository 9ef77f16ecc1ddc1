import { type BackendChoice, chooseBackend, describeBackend } from "../backend/backend";
import { type Checkpoint, openCheckpoint, quantizedWeights } from "../checkpoint/checkpoint";
import { type AvailableModelOptions, availableModel } from "../hub/availableModel";
import { shuffleTokens } from "../prompts/shuffle";
import type { Cloud } from "../support/cloud";
import { UserError } from "../support/errors";
import { memoryBudget } from "../support/memory";
import { progressBar } from "../support/progressDisplay";
import { PAPER_PROMPT_LENGTH, promptSeed } from "../tokens/tokenizedPrompts";
import { beginOfText, loadTokenizer, type TextTokenizer } from "../tokens/tokenizer";
import { runNetwork } from "./forward";
import { type Network, openNetwork } from "./network";

export interface LoadModelOptions extends AvailableModelOptions {
  /** "tensorflow", "webgpu", "wasm" or "cpu"; without it, or with "auto", see {@link chooseBackend}. */
  backend?: string;
  /** Bytes of weights that are kept in memory: a model with more runs block by block. Without it half of what TOKEN_GEOMETRY_MEMORY allows. */
  memory?: number;
}

/** What of a text is run, and in which order. */
export interface RunOptions {
  /** Only so many first tokens; a shorter text is taken as it is. 1024 without it. */
  tokens?: number;
  /** true: the model reads its beginning-of-text token first, which is in none of the results. The paper has none. */
  bos?: boolean;
  /** The order in which the tokens are read: that of an experiment with the same seed ("0" without it). As written without it. */
  shuffle?: { index: number; seed?: string };
  /** So many first tokens are read, and are in none of the results. None without it. */
  leaveOut?: number;
  /** false: no hidden states are kept, for their memory. */
  hidden?: boolean;
}

/** What a model makes of N tokens. */
export interface ModelRun {
  /** The tokens in the order in which they were read, and the text of each (of ids without a tokenizer: none) [N]. */
  tokens: { ids: number[]; pieces: string[] };
  /**
   * Of each layer the cloud of token vectors [N, width]. Layer 0: embeddings, l: output of block l; the last one is after the
   * final norm (Hugging Face's convention).
   */
  hidden: Cloud<Float32Array>[];
  /** Mean of `tokenLoss`, in nats. */
  loss: number;
  /** Mean of `tokenEntropy`, in nats: the paper's contextual entropy. */
  entropy: number;
  /** Entry i: cross-entropy of the prediction of token i + 1 from those before it, in nats [N - 1]. */
  tokenLoss: Float64Array;
  /** Entry i: entropy of that prediction, whatever comes next, in nats [N]. */
  tokenEntropy: Float64Array;
}

/**
 * A language model: what {@link loadModel} gives.
 *
 * @example
 * const model = await loadModel("llama-mini");
 * const text = "The tide came in over the flats, and the boats began to stir.";
 * const { tokens, loss, tokenLoss } = await model.run(text, { tokens: 8 });
 * tokens.pieces; // ["The", " t", "ide", " came", " in", " over", " the", " fl"]
 * [loss, tokenLoss.length]; // [5.5707, 7]
 */
export class Model {
  private readonly network: Network;
  private ownTokenizer?: TextTokenizer;

  /**
   * @param checkpoint where its settings and weights are
   * @param choice the backend that runs it
   * @param notice what a caption with its numbers has to say: a model in place of another, quantized weights; else empty
   * @param memory see {@link LoadModelOptions}
   */
  constructor(
    readonly checkpoint: Checkpoint,
    private readonly choice: BackendChoice,
    readonly notice: string,
    memory: number,
  ) {
    this.network = openNetwork(checkpoint, { memory });
  }

  /** For captions: the name of the folder or file, or on the hub. */
  get name(): string {
    return this.checkpoint.name;
  }

  /** Number of blocks L; there are L + 1 hidden states. */
  get layers(): number {
    return this.network.architecture.layers;
  }

  /** Number of coordinates of a hidden state. */
  get width(): number {
    return this.network.architecture.width;
  }

  get vocabularySize(): number {
    return this.network.architecture.vocabularySize;
  }

  /** One line: what computes, on which device. */
  get backend(): string {
    return describeBackend(this.choice);
  }

  /** @throws UserError if the checkpoint has none */
  get tokenizer(): TextTokenizer {
    this.ownTokenizer ??= loadTokenizer(this.checkpoint.path);
    return this.ownTokenizer;
  }

  /**
   * Runs a text through the model. Its weights are read when the first text is run.
   *
   * @param input the text, or its token ids
   * @throws UserError if there is no token, an id or an option makes no sense, the weights are damaged, or the prompt is longer
   *   than the model's positions
   */
  async run(input: string | readonly number[], options: RunOptions = {}): Promise<ModelRun> {
    const { tokens = PAPER_PROMPT_LENGTH, bos = false, shuffle, leaveOut = 0, hidden: isKept = true } = options;
    for (const [name, value, least] of [
      ["tokens", tokens, 1],
      ["leaveOut", leaveOut, 0],
    ] as const) {
      if (Number.isInteger(value) && value >= least) continue;
      throw new UserError(`${name} is ${value}: must be a whole number, ${least} or more`);
    }
    const written = (typeof input === "string" ? this.tokenizer.encode(input) : input).slice(0, tokens);
    if (leaveOut >= written.length) {
      throw new UserError(
        `the prompt has ${written.length} tokens, ${leaveOut} to be left out: nothing is left to run`,
      );
    }
    const front = bos ? [beginOfText(this.tokenizer, this.checkpoint.path)] : [];
    const places = [...written.keys()];
    const order = shuffle ? shuffleTokens(places, shuffle.index, promptSeed(shuffle.seed ?? "0", written)) : places;
    const ids = order.map((place) => written[place]);
    const pieces = this.piecesOf(written);
    const hidden: Cloud<Float32Array>[] = [];
    await chooseBackend(this.choice.name);
    const observer = isKept ? { onHiddenState: (cloud: Cloud<Float32Array>) => void hidden.push(cloud) } : {};
    const statistics = await runNetwork(this.network, [...front, ...ids], observer, front.length + leaveOut);
    const { loss, meanEntropy: entropy, tokenLoss, tokenEntropy } = statistics;
    const shown = { ids: ids.slice(leaveOut), pieces: order.slice(leaveOut).flatMap((place) => pieces[place] ?? []) };
    return { tokens: shown, hidden, loss, entropy, tokenLoss, tokenEntropy };
  }

  /** The text of each token; of a checkpoint without a tokenizer nothing. */
  private piecesOf(ids: readonly number[]): string[] {
    try {
      return this.tokenizer.pieces(ids);
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  }

  /** Frees the memory of the weights. Whoever runs it again has them read again. */
  dispose(): void {
    this.network.dispose();
  }
}

/**
 * Loads a language model: finds it, fetches it if need be, chooses what computes, and checks that all weights are there in
 * the right shapes. They are read when the first text is run.
 *
 * @param model a folder in Hugging Face layout, a .gguf file, a name of {@link NAMED_MODELS} ("smollm2-135m"), a model that
 *   comes with the project ("llama-mini"), a name on the Hugging Face hub ("EleutherAI/pythia-160m"), or an opened checkpoint
 * @throws UserError if it cannot be had (and no other is named in `orElse`), is not supported or damaged, or the backend
 *   does not work
 * @example
 * const model = await loadModel("llama-mini");
 * const { hidden } = await model.run("The tide came in over the flats.");
 * [model.layers, hidden.length, hidden[12].points, hidden[12].dimension]; // [12, 13, 10, 128]
 */
export async function loadModel(model: string | Checkpoint, options: LoadModelOptions = {}): Promise<Model> {
  const { backend, memory, progress = progressBar("download"), ...rest } = options;
  const found = typeof model === "string" ? await availableModel(model, { progress, ...rest }) : undefined;
  const checkpoint = found ? openCheckpoint(found.path) : (model as Checkpoint);
  const quantized = quantizedWeights(checkpoint);
  const notices = [found?.notice ?? "", quantized ? `Quantized weights (${quantized})` : ""];
  const choice = await chooseBackend(backend);
  const notice = notices.filter((part) => part !== "").join(". ");
  return new Model(checkpoint, choice, notice, memory ?? memoryBudget(choice.name) / 2);
}
