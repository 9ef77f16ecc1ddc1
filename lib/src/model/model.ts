import { type BackendChoice, chooseBackend, describeBackend } from "../machine/backend/backend";
import { type Checkpoint, hashCheckpoint, openCheckpoint, quantizedWeights } from "../machine/checkpoint/checkpoint";
import { namedInProcess } from "../machine/checkpoint/modelNames";
import { type AvailableModelOptions, availableModel } from "../machine/hub/availableModel";
import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { stampOf } from "../machine/support/files";
import { memoryBudget } from "../machine/support/memory";
import { progressBar } from "../machine/support/progressDisplay";
import { libraryVersion } from "../machine/support/project";
import { shuffleTokens } from "../prompts/shuffle";
import type { TextTokenizer } from "../tokens/textTokenizer";
import { PAPER_PROMPT_LENGTH, promptSeed } from "../tokens/tokenizedPrompts";
import { beginOfText, loadTokenizer } from "../tokens/tokenizer";
import { type PassObserver, runNetwork } from "./forward";
import { type GeneratedText, type GenerateOptions, generateTokens } from "./generate";
import { type KeptRun, KeptRuns } from "./keptRuns";
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
  /** false: no hidden states are handed out, for their memory. */
  hidden?: boolean;
  /** true: the logits are handed out, too; they are large, and never kept. */
  logits?: boolean;
  /**
   * false: computed, whatever is on disk, and not written there. Without it hidden states are kept in the store (the latest 512 MB,
   * or as many as TOKEN_GEOMETRY_HIDDEN says), and read from there when the same is asked for again.
   */
  keep?: boolean;
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
  /** If they were asked for: row i has the scores of all tokens to come after token i [N, vocabulary]. */
  logits?: Cloud<Float32Array>;
  /** Mean of `tokenLoss`, in nats. */
  loss: number;
  /** Mean of `tokenEntropy`, in nats: the paper's contextual entropy. */
  entropy: number;
  /** Entry i: cross-entropy of the prediction of token i + 1 from those before it, in nats [N - 1]. */
  tokenLoss: Float64Array;
  /** Entry i: entropy of that prediction, whatever comes next, in nats [N]. */
  tokenEntropy: Float64Array;
}

/** What goes through the network: the ids as they are read, and how many first ones are not shown. */
interface Pass {
  ids: number[];
  leaveOut: number;
}

/** By what they were opened with: a cell that loads its model again finds the weights in memory. */
const opened = new Map<string, WeakRef<Network>>();

/**
 * A language model: what {@link loadModel} gives.
 *
 * @example
 * const model = await loadModel("llama-mini");
 * const text = "The tide came in over the flats, and the boats began to stir.";
 * const { tokens, loss, tokenLoss } = await model.run(text, { tokens: 8 });
 * tokens.pieces; // ["The", " t", "ide", " came", " in", " over", " the", " fl"]
 * [loss, tokenLoss.length]; // [5.5707, 7]
 * (await model.generate("The tide came in over the flats, and the boats", { tokens: 4 })).text; // " of the bes"
 */
export class Model {
  private readonly network: Network;
  /** State of the checkpoint's files, and what was in them: weights that are in memory came from there. */
  private readonly stamps: string;
  private hashes?: Record<string, string>;
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
    this.stamps = stampsOf(checkpoint);
    const key = JSON.stringify([checkpoint.path, checkpoint.variant, this.stamps, choice.name, memory]);
    this.network = opened.get(key)?.deref() ?? openNetwork(checkpoint, { memory });
    opened.set(key, new WeakRef(this.network));
  }

  /** For captions: the name of the folder or file, or on the hub; longer if another model of this process has that. */
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

  /** What is to be said of weights without an output head, whose loss and entropy are NaN; undefined of all others. */
  get withoutHead(): string | undefined {
    return this.network.withoutHead;
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
    const {
      tokens = PAPER_PROMPT_LENGTH,
      bos = false,
      shuffle,
      leaveOut = 0,
      hidden: hiddenWanted = true,
      logits: logitsWanted = false,
      keep = true,
    } = options;
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
    await chooseBackend(this.choice.name);
    const pass = { ids: [...front, ...ids], leaveOut: front.length + leaveOut };
    if (logitsWanted && this.withoutHead) throw new UserError(this.withoutHead);
    const logits = logitsWanted ? this.emptyLogits(ids.length - leaveOut) : undefined;
    const isKept = hiddenWanted && keep && !logits;
    const result = isKept ? await this.keptRun(pass) : await this.compute(pass, hiddenWanted, logits);
    const { hidden, loss, meanEntropy: entropy, tokenLoss, tokenEntropy } = result;
    const shown = { ids: ids.slice(leaveOut), pieces: order.slice(leaveOut).flatMap((place) => pieces[place] ?? []) };
    return { tokens: shown, hidden, ...(logits && { logits }), loss, entropy, tokenLoss, tokenEntropy };
  }

  /**
   * Goes on with a text. What the model has written is measured as any other: `run(ids, { leaveOut: promptTokens })`.
   *
   * @param prompt the text, or its token ids
   * @throws UserError if there is no token, an option makes no sense, the weights have no output head or are damaged, or prompt and
   *   new tokens are more than the model's positions
   */
  async generate(prompt: string | readonly number[], options: GenerateOptions = {}): Promise<GeneratedText> {
    const given = typeof prompt === "string" ? this.tokenizer.encode(prompt) : [...prompt];
    const front = options.bos ? [beginOfText(this.tokenizer, this.checkpoint.path)] : [];
    await chooseBackend(this.choice.name);
    const { ids: written, logProbabilities } = await generateTokens(this.network, [...front, ...given], options);
    const ids = [...given, ...written];
    const text = this.piecesOf(ids).slice(given.length).join("");
    return { ids, promptTokens: given.length, text, logProbabilities };
  }

  private emptyLogits(points: number): Cloud<Float32Array> {
    return { values: new Float32Array(points * this.vocabularySize), points, dimension: this.vocabularySize };
  }

  /** @param logits where they go, if they are wanted */
  private async compute({ ids, leaveOut }: Pass, hiddenWanted: boolean, logits?: Cloud): Promise<KeptRun> {
    const hidden: Cloud<Float32Array>[] = [];
    const observer: PassObserver = {
      ...(hiddenWanted && { onHiddenState: (cloud) => void hidden.push(cloud) }),
      ...(logits && { onLogits: (values, { first, count }) => placeColumns(values, count, logits, first) }),
    };
    return { ...(await runNetwork(this.network, ids, observer, leaveOut)), hidden };
  }

  /** As {@link compute}, or from the store. */
  private async keptRun(pass: Pass): Promise<KeptRun> {
    const runs = new KeptRuns();
    const isUnchanged = () => stampsOf(this.checkpoint) === this.stamps;
    if (!runs.areKept || !isUnchanged()) return this.compute(pass, true);
    this.hashes ??= hashCheckpoint(this.checkpoint);
    const { name, device } = this.choice;
    const { variant } = this.checkpoint;
    const key = runs.keyOf({
      ...pass,
      checkpoint: this.hashes,
      ...(variant !== undefined && { variant }),
      backend: [name, device],
      library: libraryVersion(),
    });
    const found = runs.find(key);
    if (found) return found;
    const result = await this.compute(pass, true);
    if (isUnchanged()) runs.keep(key, result);
    return result;
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

  /** Frees the memory of the weights, also for models loaded of the same files. Whoever runs one again has them read again. */
  dispose(): void {
    this.network.dispose();
  }
}

/** The state of a checkpoint's files: it is another once one of them has changed. */
function stampsOf({ files }: Checkpoint): string {
  return files.map(stampOf).join();
}

/** Puts a matrix [points, count] into the columns of a cloud from `first` on. */
function placeColumns(matrix: Float32Array, count: number, { values, points, dimension }: Cloud, first: number): void {
  for (let row = 0; row < points; row++) {
    values.set(matrix.subarray(row * count, (row + 1) * count), row * dimension + first);
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
  const checkpoint = namedInProcess(found ? openCheckpoint(found.path) : (model as Checkpoint));
  const quantized = quantizedWeights(checkpoint);
  const notices = [found?.notice ?? "", quantized ? `Quantized weights (${quantized})` : ""];
  const choice = await chooseBackend(backend);
  const notice = notices.filter((part) => part !== "").join(". ");
  return new Model(checkpoint, choice, notice, memory ?? memoryBudget(choice.name) / 2);
}
