import { statSync } from "node:fs";
import { readTorchValue } from "../checkpoint/pytorchBin";
import { storedTensor, TorchTensor } from "../checkpoint/pytorchTensors";
import type { StoredTensor } from "../checkpoint/storedTensor";
import { UserError } from "../support/errors";
import { chooseArray, type ListedArray, type NamedArray } from "./namedArray";
import { readStoredArray } from "./storedArray";

const REMEDY =
  "torch.save a tensor, or a dict, list or tuple of tensors: output.hidden_states, torch.from_numpy(x), x.to_dense()";

/** Lists can hold each other, and themselves, many times over. */
const DEEPEST_NESTING = 8;
const MOST_VALUES = 1_000_000;

/**
 * The tensor of that name in a file of torch.save, or the only one. What is inside a dict, list or tuple is called by key or number,
 * with points between them; a list or tuple of tensors of one shape, such as `output.hidden_states`, is also one array, as
 * `torch.stack` makes it.
 */
export function readTorchArray(path: string, wanted?: string): NamedArray {
  const arrays = new Collection(path).of(readTorchValue(path, REMEDY));
  // Of the whole file, a list of layers is what is meant; its parts have names as well.
  const whole = arrays.find(({ name }) => name === "");
  return whole && wanted === undefined ? whole.read() : chooseArray(path, named(arrays, wanted), wanted);
}

/** The arrays to choose from: parts of lists that are one array count only where one of them is asked for. */
function named(arrays: readonly ListedArray[], wanted: string | undefined): readonly ListedArray[] {
  if (arrays.some(({ name }) => name === wanted)) return arrays;
  const lists = arrays.filter((array) => array instanceof Stack).map(({ name }) => (name === "" ? "" : `${name}.`));
  const isPart = (name: string) => lists.some((list) => name !== list.slice(0, -1) && name.startsWith(list));
  return arrays.filter(({ name }) => !isPart(name));
}

/** A list of tensors of one shape. */
class Stack implements ListedArray {
  private readonly shape: readonly number[];

  constructor(
    readonly name: string,
    private readonly path: string,
    private readonly tensors: readonly StoredTensor[],
  ) {
    this.shape = [tensors.length, ...tensors[0].shape];
  }

  describe(): string {
    return `[${this.shape}]`;
  }

  read(): NamedArray {
    const values = this.shape.reduce((product, dimension) => product * dimension, 1);
    // Views of the same values again and again would let a small file claim any number of layers.
    if (values > statSync(this.path).size)
      throw new UserError(`${this.path}: the tensors of its list share their values; save torch.stack of them`);
    const parts = this.tensors.map(readStoredArray);
    const isDouble = parts.some(({ data }) => data instanceof Float64Array);
    const size = parts[0].data.length;
    const data = new (isDouble ? Float64Array : Float32Array)(size * parts.length);
    parts.forEach((part, i) => void data.set(part.data, i * size));
    return { name: this.name, shape: [...this.shape], data };
  }
}

/** What is found in the value of a pickle. */
class Collection {
  private readonly found: ListedArray[] = [];
  private seen = 0;

  constructor(private readonly path: string) {}

  of(value: unknown): ListedArray[] {
    this.add(value, "", 0);
    return this.found;
  }

  private add(value: unknown, name: string, depth: number): void {
    if (depth > DEEPEST_NESTING || ++this.seen > MOST_VALUES)
      throw new UserError(
        `${this.path}: holds lists in lists without end; save a tensor, or a dict or list of tensors`,
      );
    if (value instanceof TorchTensor) {
      const tensor = storedTensor(this.path, name, value);
      this.found.push({ name, describe: () => `[${tensor.shape}]`, read: () => readStoredArray(tensor) });
      return;
    }
    const nameOf = (key: string | number) => (name === "" ? String(key) : `${name}.${key}`);
    if (Array.isArray(value) && isStack(value)) {
      const tensors = value.map((tensor, i) => storedTensor(this.path, nameOf(i), tensor));
      this.found.push(new Stack(name, this.path, tensors));
    }
    const entries = value instanceof Map ? value : Array.isArray(value) ? value.entries() : [];
    for (const [key, inner] of entries) {
      if (typeof key === "string" || typeof key === "number") this.add(inner, nameOf(key), depth + 1);
    }
  }
}

/** Whether they are tensors of one shape. */
function isStack(values: readonly unknown[]): values is TorchTensor[] {
  const [first] = values;
  if (!(first instanceof TorchTensor)) return false;
  return values.every((value) => value instanceof TorchTensor && String(value.shape) === String(first.shape));
}
