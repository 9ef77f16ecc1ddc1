/** Pieces of pickles for tests, by the names that Python's pickletools gives the instructions. */
const code = (byte: number, ...rest: (string | number[] | Buffer)[]): Buffer =>
  Buffer.concat([Buffer.from([byte]), ...rest.map((part) => Buffer.from(part as string))]);

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

export const PROTO: Buffer = code(0x80, [2]);
export const STOP: Buffer = code(0x2e);
export const MARK: Buffer = code(0x28);
export const TUPLE: Buffer = code(0x74);
export const REDUCE: Buffer = code(0x52);
export const BINPERSID: Buffer = code(0x51);
export const EMPTY_DICT: Buffer = code(0x7d);
export const EMPTY_LIST: Buffer = code(0x5d);
export const EMPTY_TUPLE: Buffer = code(0x29);
export const SETITEM: Buffer = code(0x73);
export const BUILD: Buffer = code(0x62);

export const text = (value: string): Buffer => code(0x58, int32(Buffer.byteLength(value)), value);
export const integer = (value: number): Buffer => code(0x4a, int32(value));
export const global = (module: string, name: string): Buffer => code(0x63, `${module}\n${name}\n`);
export const long = (bytes: number[]): Buffer => code(0x8a, [bytes.length], bytes);
export const put = (index: number): Buffer => code(0x71, [index]);
export const get = (index: number): Buffer => code(0x68, [index]);
export const tuple = (...items: Buffer[]): Buffer => Buffer.concat([MARK, ...items, TUPLE]);
export const call = (callee: Buffer, ...args: Buffer[]): Buffer => Buffer.concat([callee, tuple(...args), REDUCE]);
export const pickle = (...parts: Buffer[]): Buffer => Buffer.concat([PROTO, ...parts, STOP]);

/** A view of storage `key`, as torch.save writes it. */
export function tensor(view: {
  key?: string;
  storage?: string;
  length: number;
  offset?: number;
  shape: number[];
  strides: number[];
}): Buffer {
  const { key = "0", storage = "FloatStorage", length, offset = 0, shape, strides } = view;
  const id = tuple(text("storage"), global("torch", storage), text(key), text("cpu"), integer(length));
  return call(
    global("torch._utils", "_rebuild_tensor_v2"),
    Buffer.concat([id, BINPERSID]),
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
  );
}

/** A dict of tensors or anything else. */
export const dict = (entries: Record<string, Buffer>): Buffer =>
  Buffer.concat([EMPTY_DICT, ...Object.entries(entries).flatMap(([name, value]) => [text(name), value, SETITEM])]);
