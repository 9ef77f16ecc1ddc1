import * as tf from "@tensorflow/tfjs-core";
import { valueCopying } from "../machine/backend/backend";
import { type Checkpoint, readTensor, readTensorRows, readTransposedRows } from "../machine/checkpoint/checkpoint";
import { readMxfp4 } from "../machine/checkpoint/mxfp4";
import { checkType, partOf } from "../machine/checkpoint/storedTensor";
import { UserError } from "../machine/support/errors";
import type { Architecture, WeightRequest, WeightRequests, Weights } from "./architecture";
import { architectureOf } from "./families";

/** Rows of the unembedding that are in memory at a time: 2^24 values are 64 MiB. */
const HEAD_TILE_VALUES = 2 ** 24;

/** A part of the unembedding: the weights for the tokens `first` to `first + count - 1`. */
export interface HeadTile {
  first: number;
  count: number;
}

/** Frees the weights of a network that nobody has any more; their memory is not JavaScript's. */
const forgotten = new FinalizationRegistry<Map<string, Weights>>((kept) => tf.dispose([...kept.values()]));

/**
 * A checkpoint ready to run. Its weights are handed out part by part: a resident model keeps every part it has read, any
 * other reads a part when it is asked for and frees it after use, so that one block at a time is in memory.
 */
export class Network {
  private readonly kept = new Map<string, Weights>();

  constructor(
    readonly checkpoint: Checkpoint,
    readonly architecture: Architecture,
    readonly resident: boolean,
  ) {
    forgotten.register(this, this.kept);
  }

  /** Hidden state 0 of some tokens [T, width]. Only the rows of the table that they need are read. */
  embed(ids: readonly number[]): tf.Tensor2D {
    const { embedding, ...others } = this.architecture.embeddingWeights;
    return tf.tidy(() => {
      const loaded = Object.entries(others).map(([key, request]) => {
        return [key, request.byToken ? this.rowsOf(ids, request) : loadWeight(this.checkpoint, request)];
      });
      return this.architecture.embed(Object.fromEntries(loaded), this.rowsOf(ids, embedding));
    });
  }

  /** The rows of some tokens [T, columns], each of which is read once. */
  private rowsOf(ids: readonly number[], { name, shape }: WeightRequest): tf.Tensor2D {
    const width = shape[1];
    const distinct = [...new Set(ids)].sort((a, b) => a - b);
    const rowOf = new Map(distinct.map((id, row) => [id, row]));
    const rows = readTensorRows(this.checkpoint, name, shape, distinct);
    const values = new Float32Array(ids.length * width);
    for (const [position, id] of ids.entries()) {
      const row = rowOf.get(id)!;
      values.set(rows.subarray(row * width, (row + 1) * width), position * width);
    }
    return tf.tensor2d(values, [ids.length, width]);
  }

  /** Said where loss, entropy or logits would have been: the weights are those of a base model. Undefined where there is a head. */
  get withoutHead(): string | undefined {
    if (this.architecture.headWeights.unembedding) return undefined;
    return `${this.checkpoint.name}: its weights have no output head: loss and entropy are unknown`;
  }

  /** Lends the weights of a block. */
  withBlock<Result>(layer: number, use: (weights: Weights) => Promise<Result>): Promise<Result> {
    return this.lend(`block ${layer}`, () => loadWeights(this.checkpoint, this.architecture.blockWeights(layer)), use);
  }

  /**
   * The weights of one expert of a block: kept by a resident model, else read now. They are freed by the tidy around the
   * call, so that a model that is not resident has as many experts in memory as are in use at a time.
   */
  expert(layer: number, expert: number): Weights {
    const part = `block ${layer} expert ${expert}`;
    const known = this.kept.get(part);
    if (known) return known;
    const weights = loadWeights(this.checkpoint, this.architecture.expertWeights?.(layer, expert) ?? {});
    if (!this.resident) return weights;
    for (const tensor of Object.values(weights)) tf.keep(tensor);
    this.kept.set(part, weights);
    return weights;
  }

  /** Lends the weights of the final norm. */
  withFinal<Result>(use: (weights: Weights) => Promise<Result>): Promise<Result> {
    return this.lend("final", () => loadWeights(this.checkpoint, this.architecture.finalWeights), use);
  }

  /** How the unembedding is cut: a vocabulary of 128,000 times 4096 features does not fit beside everything else. */
  headTiles(): HeadTile[] {
    if (!this.architecture.headWeights.unembedding) return [];
    const [vocabulary, width] = this.architecture.headWeights.unembedding.shape;
    const rows = Math.max(1, Math.floor(HEAD_TILE_VALUES / width));
    return Array.from({ length: Math.ceil(vocabulary / rows) }, (_, tile) => ({
      first: tile * rows,
      count: Math.min(rows, vocabulary - tile * rows),
    }));
  }

  /** Lends a part of the unembedding. */
  withHead<Result>({ first, count }: HeadTile, use: (weights: Weights) => Promise<Result>): Promise<Result> {
    const { unembedding, bias } = this.architecture.headWeights;
    const load = (): Weights => ({
      unembedding: loadTransposed(this.checkpoint, unembedding.name, unembedding.shape, first, count),
      ...(bias && { bias: tf.tidy(() => tf.slice(loadWeight(this.checkpoint, bias), first, count)) }),
    });
    return this.lend(`head ${first}`, load, use);
  }

  /** Frees all weights. The model cannot be used after that. */
  dispose(): void {
    for (const weights of this.kept.values()) tf.dispose(weights);
    this.kept.clear();
  }

  private async lend<Result>(
    part: string,
    load: () => Weights,
    use: (weights: Weights) => Promise<Result>,
  ): Promise<Result> {
    const weights = this.kept.get(part) ?? load();
    if (this.resident) {
      this.kept.set(part, weights);
      return use(weights);
    }
    try {
      return await use(weights);
    } finally {
      tf.dispose(weights);
    }
  }
}

export interface LoadOptions {
  /**
   * Bytes that the weights may take up while they are not in use; a model that needs more reads each block anew whenever
   * it gets there. Without it there is no limit.
   */
  memory?: number;
}

/**
 * Prepares a checkpoint to be run. That every tensor is there and has the right shape is checked now; weights are read when
 * the first pass gets to them.
 *
 * @throws UserError naming the file, and the tensor or setting that is missing, of another shape or not supported
 */
export function openNetwork(checkpoint: Checkpoint, { memory = Infinity }: LoadOptions = {}): Network {
  const architecture = architectureOf(checkpoint);
  for (const requests of modelParts(architecture)) checkWeights(checkpoint, requests);
  return new Network(checkpoint, architecture, weightBytes(architecture) <= memory);
}

/**
 * As {@link openNetwork}; the weights of a network that stays in memory are read now, onto the current backend.
 *
 * @throws UserError as {@link openNetwork}, and if a tensor is damaged
 */
export async function loadNetwork(checkpoint: Checkpoint, options: LoadOptions = {}): Promise<Network> {
  const network = openNetwork(checkpoint, options);
  if (!network.resident) return network;
  const { architecture } = network;
  try {
    const nothing = async () => {};
    for (let layer = 0; layer < architecture.layers; layer++) {
      await network.withBlock(layer, nothing);
      const count = architecture.mixture?.(layer)?.count ?? 0;
      for (let expert = 0; expert < count; expert++) network.expert(layer, expert);
    }
    await network.withFinal(nothing);
    for (const tile of network.headTiles()) await network.withHead(tile, nothing);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

function modelParts(architecture: Architecture): WeightRequests[] {
  const { layers, embeddingWeights, finalWeights, headWeights, mixture, expertWeights } = architecture;
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const experts = Array.from({ length: mixture?.(layer)?.count ?? 0 }, (_, expert) => expertWeights!(layer, expert));
    return [architecture.blockWeights(layer), ...experts];
  });
  return [embeddingWeights, ...blocks.flat(), finalWeights, headWeights];
}

/** Bytes of all weights as float32, apart from the embedding, of which only rows are read. */
export function weightBytes(architecture: Architecture): number {
  const [, ...parts] = modelParts(architecture);
  const sizes = parts.flatMap((requests) =>
    Object.values(requests).map((one) => (4 * valuesOf(one)) / (one.part === undefined ? 1 : one.shape[0])),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Number of weights of a model; a tied unembedding is counted once. */
export function parameterCount(architecture: Architecture): number {
  const sizes = new Map<string, number>();
  for (const requests of modelParts(architecture)) {
    for (const request of Object.values(requests)) sizes.set(request.name, valuesOf(request));
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** How many values a tensor holds of which something is asked for; in MXFP4 there are two in a byte. */
function valuesOf({ shape, scales }: WeightRequest): number {
  return product(shape) * (scales ? 2 : 1);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Checks that the checkpoint holds the tensors, in the shapes that are asked for and types that can be read. @throws UserError */
function checkWeights(checkpoint: Checkpoint, requests: WeightRequests): void {
  const all = Object.values(requests);
  // Those with scales are bytes.
  const bytes = all.flatMap((request) => (request.scales ? [request, request.scales] : []));
  for (const { name, shape } of new Set([...all, ...bytes])) {
    const tensor = checkpoint.tensors.get(name);
    if (!tensor) throw new UserError(`${checkpoint.path}: tensor "${name}" is missing from the weights`);
    if (tensor.shape.join() !== shape.join()) {
      throw new UserError(
        `${tensor.file}: tensor "${name}" has shape [${tensor.shape}], the config asks for [${shape}]`,
      );
    }
    if (!bytes.some((request) => request.name === name)) checkType(tensor);
  }
}

/** Reads the weights of one part of a model. The caller disposes of them. */
function loadWeights(checkpoint: Checkpoint, requests: WeightRequests): Weights {
  const weights: Weights = {};
  try {
    for (const [key, request] of Object.entries(requests)) weights[key] = loadWeight(checkpoint, request);
  } catch (error) {
    tf.dispose(weights);
    throw error;
  }
  return weights;
}

function loadWeight(checkpoint: Checkpoint, request: WeightRequest): tf.Tensor {
  const { name, shape, transposed, part, scales } = request;
  if (scales) return loadMxfp4(checkpoint, request, scales.name);
  if (part !== undefined) {
    const found = partOf(checkpoint.tensors.get(name)!, part);
    const tensors = new Map([[name, found]]);
    return loadWeight({ ...checkpoint, tensors }, { name, shape: found.shape, transposed });
  }
  if (transposed) return loadTransposed(checkpoint, name, shape, 0, shape[0]);
  return tf.tensor(readTensor(checkpoint, name, shape), shape);
}

/** A matrix in MXFP4, of one expert: as a tensor [columns, rows]. */
function loadMxfp4({ tensors }: Checkpoint, { name, part = 0, shape }: WeightRequest, scales: string): tf.Tensor2D {
  const values = readMxfp4(partOf(tensors.get(name)!, part), partOf(tensors.get(scales)!, part));
  return tf.tidy(() => tf.transpose(tf.tensor2d(values, [shape[1], values.length / shape[1]])));
}

/** Rows of a matrix as a tensor [columns, count]. */
function loadTransposed(
  checkpoint: Checkpoint,
  name: string,
  shape: readonly number[],
  first: number,
  count: number,
): tf.Tensor2D {
  const size = shape[1] * count;
  const copying = valueCopying();
  const room = copying && roomFor(size, copying.offset);
  const matrix = tf.tensor2d(readTransposedRows(checkpoint, name, shape, first, count, room), [shape[1], count]);
  copying?.copy(matrix);
  return matrix;
}

/** Where matrices are turned, one after the other; until somebody else needs the memory. */
let turned: WeakRef<Float32Array> | undefined;

/** Memory for so many values, the same each time: new memory costs as much as filling it. */
function roomFor(size: number, offset: number): Float32Array {
  let room = turned?.deref();
  if (!room || room.length < size + offset) {
    room = new Float32Array(size + offset);
    turned = new WeakRef(room);
  }
  return room.subarray(offset, offset + size);
}
