import { closeSync, readSync } from "node:fs";
import { messageOf, UserError } from "../support/errors";
import { openToRead } from "../support/files";
import { ZipArchive } from "../support/zip";
import { type PickleHost, unpickle } from "./pickle";
import { storedTensors, type TorchStorage, torchGlobals, torchStorage } from "./pytorchTensors";
import type { StoredTensor } from "./storedTensor";

/** The pickles only name the tensors; the 10,000 tensors of a very large model need about 2 MB. */
const LARGEST_PICKLE = 16 * 2 ** 20;
/** The number in front of a file of torch.save before version 1.6. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/**
 * Reads what a file of torch.save (pytorch_model.bin) holds: a zip archive, or the older row of pickles. Nothing of the
 * file is run: its pickle can only build tensors, see {@link unpickle}.
 * Layouts: pytorch/pytorch, torch/serialization.py (`_save` and `_legacy_save`).
 *
 * @param path the file
 * @returns its tensors by name; their values are still on disk
 * @throws UserError naming the file if it is damaged, cut short, or asks for anything that weights do not need
 */
export function readTorchFile(path: string): Map<string, StoredTensor> {
  return storedTensors(path, readTorchValue(path));
}

/**
 * As {@link readTorchFile}, whatever the file holds: a {@link TorchTensor}, or dicts (maps), lists and tuples (arrays) of them, which
 * may hold themselves.
 *
 * @param remedy what to do if it holds something else and is one's own, for the message
 */
export function readTorchValue(path: string, remedy?: string): unknown {
  const head = readHead(path, 4);
  return head.toString("latin1", 0, 2) === "PK" ? readZip(path, remedy) : readLegacy(path, remedy);
}

function readZip(path: string, remedy?: string): unknown {
  const archive = new ZipArchive(path);
  try {
    const pickle = [...archive.entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
    if (!pickle) throw new UserError(`${path}: a zip archive, but not one of torch.save (it has no data.pkl)`);
    const folder = pickle.slice(0, -"data.pkl".length);
    if (archive.entries.has(`${folder}byteorder`)) {
      const order = archive.read(`${folder}byteorder`, 16).toString("latin1").trim();
      if (order !== "little")
        throw new UserError(`${path}: its numbers are ${order}-endian; little-endian is supported`);
    }
    const globals = torchGlobals(path);
    const known = new Map<string, TorchStorage>();
    const host: PickleHost = {
      path,
      globals,
      remedy,
      persistent(id) {
        const { storage, key } = torchStorage(path, globals, id);
        const earlier = known.get(key);
        if (earlier) return sameStorage(path, key, earlier, storage);
        const entry = archive.entry(`${folder}data/${key}`);
        if (entry.method !== 0) {
          throw new UserError(`${path}: ${entry.name} is compressed; save the weights again with torch.save`);
        }
        if (entry.size < storage.length * storage.bytesPerValue) {
          const needed = `${storage.length} values of ${storage.elementType}`;
          throw new UserError(`${path}: ${entry.name} has ${entry.size} bytes, too few for ${needed}`);
        }
        storage.begin = archive.dataOffset(entry);
        known.set(key, storage);
        return storage;
      },
    };
    return unpickle(archive.read(pickle, LARGEST_PICKLE), host).value;
  } finally {
    archive.close();
  }
}

/** The older format: magic number, protocol, machine, tensors, keys of the storages, then the storages one by one. */
function readLegacy(path: string, remedy?: string): unknown {
  const bytes = readHead(path, LARGEST_PICKLE);
  const plain: PickleHost = { path, globals: new Map() };
  let at = 0;
  const next = (host: PickleHost): unknown => {
    const { value, end } = unpickle(bytes, host, at);
    at = end;
    return value;
  };
  if (bytes[0] !== 0x80 || next(plain) !== LEGACY_MAGIC || next(plain) !== LEGACY_PROTOCOL) {
    throw new UserError(`${path}: not a file of torch.save, or damaged`);
  }
  const machine = next(plain);
  if (!(machine instanceof Map) || machine.get("little_endian") !== true) {
    throw new UserError(`${path}: its numbers are not little-endian, which is not supported`);
  }
  const globals = torchGlobals(path);
  const known = new Map<string, TorchStorage>();
  const value = next({
    path,
    globals,
    remedy,
    persistent(id) {
      const { storage, key, rest } = torchStorage(path, globals, id);
      if (rest.some((part) => part !== null)) {
        throw new UserError(`${path}: holds views of storages in the form of 2017, which is not supported`);
      }
      const earlier = known.get(key);
      if (earlier) return sameStorage(path, key, earlier, storage);
      known.set(key, storage);
      return storage;
    },
  });
  placeStorages(path, next(plain), at, known);
  return value;
}

/** Each storage is its number of values in 8 bytes, then the values. */
function placeStorages(path: string, keys: unknown, start: number, known: Map<string, TorchStorage>): void {
  const { file, size: fileSize } = openToRead(path);
  try {
    const prefix = Buffer.alloc(8);
    let at = start;
    const missing = new Set(known.keys());
    for (const key of Array.isArray(keys) ? keys : []) {
      const storage = known.get(key);
      if (!storage || !missing.delete(key))
        throw new UserError(`${path}: lists an unknown storage; the file is damaged`);
      if (readSync(file, prefix, 0, 8, at) !== 8) throw new UserError(`${path}: is cut short, get it again`);
      if (prefix.readBigInt64LE() !== BigInt(storage.length)) {
        throw new UserError(`${path}: a storage has another length than its tensors say; the file is damaged`);
      }
      storage.begin = at + 8;
      at = storage.begin + storage.length * storage.bytesPerValue;
      if (at > fileSize)
        throw new UserError(`${path}: is cut short (needs ${at} bytes, has ${fileSize}), get it again`);
    }
    if (missing.size > 0) throw new UserError(`${path}: ${missing.size} storages are missing; the file is damaged`);
  } finally {
    closeSync(file);
  }
}

/** A storage may be named many times, but always as the same. */
function sameStorage(path: string, key: string, earlier: TorchStorage, now: TorchStorage): TorchStorage {
  if (earlier.elementType !== now.elementType || earlier.length !== now.length) {
    throw new UserError(`${path}: contradicts itself on storage ${JSON.stringify(key)}; the file is damaged`);
  }
  return earlier;
}

/** The first bytes of a file, at most `count`. */
function readHead(path: string, count: number): Buffer {
  const { file, size } = openToRead(path);
  try {
    const bytes = Buffer.alloc(Math.min(count, size));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
}
