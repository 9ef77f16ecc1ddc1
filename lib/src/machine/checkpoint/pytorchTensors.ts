import { UserError } from "../support/errors";
import type { PickleGlobal } from "./pickle";
import type { StoredTensor } from "./storedTensor";

/** The run of numbers on disk that one or several tensors are views of. */
export interface TorchStorage {
  /** As safetensors spells it: "F32", "F16", .. */
  elementType: string;
  bytesPerValue: number;
  /** Number of values. */
  length: number;
  /** First byte in the file; in the older format known only after the tensors are. */
  begin: number;
}

/** A type by the name that safetensors has for it, and its bytes a value. */
type ValueType = [elementType: string, bytesPerValue: number];

/** A tensor as a pickle describes it: a view of a storage. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
    readonly type: ValueType,
  ) {}
}

/** The classes of storages. */
const STORAGE_TYPES: Record<string, ValueType> = {
  FloatStorage: ["F32", 4],
  HalfStorage: ["F16", 2],
  BFloat16Storage: ["BF16", 2],
  DoubleStorage: ["F64", 8],
  LongStorage: ["I64", 8],
  IntStorage: ["I32", 4],
  ShortStorage: ["I16", 2],
  CharStorage: ["I8", 1],
  ByteStorage: ["U8", 1],
  BoolStorage: ["BOOL", 1],
  ComplexFloatStorage: ["C64", 8],
  ComplexDoubleStorage: ["C128", 16],
};

/** Types without a class of storages, for which the tensor names its type. */
const LATER_TYPES: Record<string, ValueType> = {
  uint16: ["U16", 2],
  uint32: ["U32", 4],
  uint64: ["U64", 8],
  float8_e4m3fn: ["F8_E4M3", 1],
  float8_e5m2: ["F8_E5M2", 1],
  float8_e4m3fnuz: ["F8_E4M3FNUZ", 1],
  float8_e5m2fnuz: ["F8_E5M2FNUZ", 1],
  float8_e8m0fnu: ["F8_E8M0", 1],
};
const BYTES: ValueType = ["bytes", 1];

/** Tensors of more dimensions than this do not exist in language models. */
const MOST_DIMENSIONS = 16;
/** Storages are called "0", "1", .. or by an address. */
const LONGEST_KEY = 40;
/** Parts of a persistent id. One of many could be named as often as there are bytes in the file. */
const MOST_PARTS = 8;

/** Every name that a pickle of weights may ask for, and what stands in for it here. */
export function torchGlobals(path: string): Map<string, PickleGlobal> {
  const types = new Map<unknown, ValueType>();
  const laterTypes = Object.entries(LATER_TYPES).map(([name, type]): [string, PickleGlobal] => {
    const global = {};
    types.set(global, type);
    return [`torch ${name}`, global];
  });
  const rebuild: PickleGlobal = {
    call: ([storage, offset, shape, strides, , , metadata]) =>
      view(path, storage, offset, shape, strides, { metadata }),
  };
  const rebuildLater: PickleGlobal = {
    call: ([storage, offset, shape, strides, , , type, metadata]) =>
      view(path, storage, offset, shape, strides, { metadata, type: types.get(type) }),
  };
  const first: PickleGlobal = { call: ([value]) => value };
  const storages = Object.keys(STORAGE_TYPES).map((name): [string, PickleGlobal] => [`torch ${name}`, {}]);
  return new Map<string, PickleGlobal>([
    ["torch._utils _rebuild_tensor", rebuild],
    ["torch._utils _rebuild_tensor_v2", rebuild],
    ["torch._utils _rebuild_tensor_v3", rebuildLater],
    ["torch.storage UntypedStorage", {}],
    // (data, requires_grad, backward_hooks): only the data matters.
    ["torch._utils _rebuild_parameter", first],
    ["torch.nn.parameter Parameter", first],
    ["torch Size", first],
    ["collections OrderedDict", { call: ([pairs]) => orderedDict(path, pairs) }],
    ...storages,
    ...laterTypes,
  ]);
}

/**
 * Reads a persistent id, ("storage", class, key, location, length, ..).
 *
 * @returns the storage without its place in the file, its key, and what comes after the length
 */
export function torchStorage(
  path: string,
  globals: ReadonlyMap<string, PickleGlobal>,
  id: unknown,
): { storage: TorchStorage; key: string; rest: unknown[] } {
  const refuse = (): never => {
    throw new UserError(`${path}: its pickle refers to a storage in an unknown way; the file is damaged`);
  };
  if (!Array.isArray(id) || id.length < 5 || id.length > MOST_PARTS || id[0] !== "storage") return refuse();
  const [, type, key, , length, ...rest] = id;
  const name = Object.keys(STORAGE_TYPES).find((name) => globals.get(`torch ${name}`) === type);
  const valueType = name ? STORAGE_TYPES[name] : globals.get("torch.storage UntypedStorage") === type && BYTES;
  if (!valueType || typeof key !== "string" || key.length > LONGEST_KEY || !isCount(length)) return refuse();
  const [elementType, bytesPerValue] = valueType;
  return { storage: { elementType, bytesPerValue, length, begin: -1 }, key, rest };
}

/**
 * The tensors of a file, by name, with their places on disk. What is no tensor in it is left out.
 *
 * @param value what the file's pickle gave, once all storages have their place
 */
export function storedTensors(path: string, value: unknown): Map<string, StoredTensor> {
  if (!(value instanceof Map)) throw new UserError(`${path}: holds no dict of tensors`);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of value as Map<unknown, unknown>) {
    if (typeof name !== "string" || !(tensor instanceof TorchTensor)) continue;
    tensors.set(name, storedTensor(path, name, tensor));
  }
  return tensors;
}

/** Where a tensor lies on disk, once all storages have their place. */
export function storedTensor(path: string, name: string, tensor: TorchTensor): StoredTensor {
  const { storage, offset, shape, strides, type } = tensor;
  const [elementType, bytesPerValue] = type;
  const begin = storage.begin + offset * bytesPerValue;
  const end = begin + extent(shape, strides) * bytesPerValue;
  const entry: StoredTensor = { name, file: path, elementType, shape, begin, end };
  if (!isContiguous(shape, strides)) entry.strides = strides;
  return entry;
}

/** What `_rebuild_tensor_v2` and `_v3` get besides the place. */
interface ViewExtras {
  metadata: unknown;
  type?: ValueType;
}

function view(
  path: string,
  storage: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
  { metadata, type: ownType }: ViewExtras,
): TorchTensor {
  const refuse = (why: string): never => {
    throw new UserError(`${path}: a tensor ${why}; the file is damaged`);
  };
  const isCounts = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length <= MOST_DIMENSIONS && value.every(isCount);
  if (!isStorage(storage)) return refuse("has no storage");
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) {
    return refuse("has no valid shape, strides or offset");
  }
  if (metadata instanceof Map && (metadata.get("neg") === true || metadata.get("conj") === true)) {
    throw new UserError(`${path}: a tensor waits to be negated or conjugated; save x.resolve_conj().resolve_neg()`);
  }
  const type: ValueType = ownType ?? [storage.elementType, storage.bytesPerValue];
  const length = Math.floor((storage.length * storage.bytesPerValue) / type[1]);
  // Strides of 0 would let a small file claim a tensor of any size.
  if (size(shape) > length) {
    const why = `of shape [${shape}] has more values than its storage (${length})`;
    if (!strides.includes(0)) refuse(why);
    throw new UserError(`${path}: a tensor ${why}, as x.expand(..) makes it; save x.contiguous()`);
  }
  if (offset + extent(shape, strides) > length) {
    refuse(`of shape [${shape}], strides [${strides}] and offset ${offset} runs past its storage (${length} values)`);
  }
  return new TorchTensor(storage, offset, shape, strides, type);
}

function orderedDict(path: string, pairs: unknown): Map<unknown, unknown> {
  if (pairs === undefined) return new Map();
  if (Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) return new Map(pairs);
  throw new UserError(`${path}: its pickle builds an ordered dict from no list of pairs; the file is damaged`);
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === "object" && value !== null && "elementType" in value && "begin" in value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** How many values of a storage a view spans, from its first to its last. */
function extent(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((sum, dimension, i) => sum + (dimension - 1) * strides[i], 1);
}

/** Whether the values lie in C order without gaps. The stride of a dimension of one value says nothing. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return shape.includes(0);
    expected *= shape[i];
  }
  return true;
}
