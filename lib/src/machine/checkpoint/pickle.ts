import { UserError } from "../support/errors";

/** A name that a pickle asks for, resolved to something harmless: REDUCE can call it, nothing else can be done with it. */
export interface PickleGlobal {
  /** What REDUCE puts in place of the call; without it a call is refused. */
  call?(args: readonly unknown[]): unknown;
}

/** What a pickle may reach outside itself. */
export interface PickleHost {
  /** The file, for messages. */
  path: string;
  /** Every name that may be asked for, as "module name". Nothing else is ever resolved. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /** What to do about a name that may not be asked for, if the file is one's own. */
  remedy?: string;
  /** Resolves a persistent id (where a tensor's storage is). */
  persistent?(id: unknown): unknown;
}

/** Real files nest a handful of levels and keep a few thousand objects; these bounds stop a hostile one early. */
const DEEPEST_NESTING = 200;
const MOST_OBJECTS = 2_000_000;
const LARGEST_INTEGER_BYTES = 16;
/** The functions that weights need take six arguments at most. */
const MOST_ARGUMENTS = 16;

/**
 * Runs one pickle with a machine that knows only the instructions with which torch.save writes weights, and can build only
 * numbers, texts, tuples and lists (arrays), dicts (maps) and what `host.globals` allows. It never runs code from the file.
 * Memory and time are linear in the bytes that are read.
 * Source: the comments of CPython's Lib/pickletools.py, which define the instructions.
 *
 * @param bytes the pickle, and perhaps more behind it
 * @param start where it begins
 * @returns its value, and the position behind its last byte
 * @throws UserError naming the file if the pickle is damaged, asks for a name that is not allowed, or uses an instruction
 *   that a file of weights does not need
 */
export function unpickle(bytes: Buffer, host: PickleHost, start: number = 0): { value: unknown; end: number } {
  return new Unpickler(bytes, host, start).run();
}

class Unpickler {
  private stack: unknown[] = [];
  /** The stacks outside the marks that are open. */
  private readonly outer: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  private objects = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly host: PickleHost,
    private at: number,
  ) {}

  run(): { value: unknown; end: number } {
    for (;;) {
      const position = this.at;
      const opcode = this.take(1)[0];
      if (opcode === STOP) {
        const value = this.pop();
        if (this.stack.length > 0 || this.outer.length > 0) this.refuse("its pickle ends in the middle of an object");
        return { value, end: this.at };
      }
      const instruction = INSTRUCTIONS.get(opcode);
      if (!instruction) {
        const code = `0x${opcode.toString(16).padStart(2, "0")}`;
        this.refuse(
          `its pickle uses instruction ${code} (byte ${position}), which files of weights do not need; it may be malicious or damaged`,
        );
      }
      instruction(this);
    }
  }

  /** The next `count` bytes. */
  take(count: number): Buffer {
    if (this.at + count > this.bytes.length) this.refuse("its pickle is cut short");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** A text that ends with a line feed. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    // A module's or class's name: a longer one is none.
    if (end < 0 || end - this.at > 1000) this.refuse("its pickle is damaged: a name has no end");
    const text = this.bytes.toString("utf8", this.at, end);
    this.at = end + 1;
    return text;
  }

  /** A little-endian two's complement integer of `size` bytes. */
  integer(size: number): number | bigint {
    if (size > LARGEST_INTEGER_BYTES) this.refuse(`its pickle holds an integer of ${size} bytes`);
    let value = 0n;
    for (const byte of [...this.take(size)].reverse()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(size * 8, value);
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  push(value: unknown): void {
    this.count(1);
    this.stack.push(value);
  }

  private count(objects: number): void {
    this.objects += objects;
    if (this.objects > MOST_OBJECTS) this.refuse(`its pickle holds more than ${MOST_OBJECTS} objects`);
  }

  pop(): unknown {
    if (this.stack.length === 0) this.refuse("its pickle is damaged: it takes more values than it made");
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0) this.refuse("its pickle is damaged: it takes more values than it made");
    return this.stack[this.stack.length - 1];
  }

  mark(): void {
    if (this.outer.length >= DEEPEST_NESTING) this.refuse(`its pickle nests deeper than ${DEEPEST_NESTING} levels`);
    this.outer.push(this.stack);
    this.stack = [];
  }

  /** All values since the last mark. */
  popMark(): unknown[] {
    const values = this.stack;
    this.stack = this.outer.pop() ?? this.refuse("its pickle is damaged: it closes what was never opened");
    return values;
  }

  remember(index: number = this.memo.size): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) this.refuse(`its pickle is damaged: it refers to object ${index}, which is not there`);
    this.push(this.memo.get(index));
  }

  global(module: unknown, name: unknown): void {
    // Turning anything else into a text could take forever: lists can hold themselves many times over.
    if (typeof module !== "string" || typeof name !== "string")
      this.refuse("its pickle asks for a name that is no text");
    const wanted = `${module} ${name}`;
    const found = this.host.globals.get(wanted);
    if (!found) {
      const shown = JSON.stringify(wanted.replace(" ", ".").slice(0, 120));
      const remedy = this.host.remedy === undefined ? "" : `; if it is yours, ${this.host.remedy}`;
      this.refuse(
        `it asks for ${shown}, which weights do not need: it may be malicious, do not open it with other programs${remedy}`,
      );
    }
    this.push(found);
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop() as PickleGlobal;
    const isKnown = [...this.host.globals.values()].includes(callee);
    if (!isKnown || !callee.call || !Array.isArray(args) || args.length > MOST_ARGUMENTS) {
      this.refuse("its pickle calls something that is no function");
    }
    // A call may copy what it is given, and a few bytes can give it the same long list again and again.
    for (const given of args) if (Array.isArray(given)) this.count(given.length);
    this.push(callee.call(args));
  }

  persistent(): void {
    if (!this.host.persistent) this.refuse("its pickle refers to a storage where there can be none");
    this.push(this.host.persistent(this.pop()));
  }

  setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || items.length % 2) this.refuse("its pickle is damaged: it adds entries to no dict");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) this.refuse("its pickle is damaged: it adds items to no list");
    for (const item of items) list.push(item);
  }

  /** Attributes of an object. Only dicts have some in files of weights (a module's versions), and nobody needs them. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Map)) this.refuse("its pickle sets attributes of something that is no dict");
  }

  refuse(why: string): never {
    throw new UserError(`${this.host.path}: ${why}`);
  }
}

type Instruction = (machine: Unpickler) => void;

const STOP = 0x2e;

function tuple(machine: Unpickler, size: number): void {
  const values = Array.from({ length: size }, () => machine.pop());
  machine.push(values.reverse());
}

function text(machine: Unpickler, length: number, encoding: "utf8" | "latin1" = "utf8"): void {
  machine.push(machine.take(length).toString(encoding));
}

/** By opcode, with the names that pickletools gives them. */
const INSTRUCTIONS: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [0x80, (m) => void m.take(1)], // PROTO
  [0x95, (m) => void m.take(8)], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.take(4).readInt32LE())], // BININT
  [0x4b, (m) => m.push(m.take(1)[0])], // BININT1
  [0x4d, (m) => m.push(m.take(2).readUInt16LE())], // BININT2
  [0x8a, (m) => m.push(m.integer(m.take(1)[0]))], // LONG1
  [0x47, (m) => m.push(m.take(8).readDoubleBE())], // BINFLOAT
  [0x58, (m) => text(m, m.take(4).readUInt32LE())], // BINUNICODE
  [0x8c, (m) => text(m, m.take(1)[0])], // SHORT_BINUNICODE
  [0x54, (m) => text(m, m.take(4).readUInt32LE(), "latin1")], // BINSTRING
  [0x55, (m) => text(m, m.take(1)[0], "latin1")], // SHORT_BINSTRING
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x85, (m) => tuple(m, 1)], // TUPLE1
  [0x86, (m) => tuple(m, 2)], // TUPLE2
  [0x87, (m) => tuple(m, 3)], // TUPLE3
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x73, (m) => m.setItems([m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x71, (m) => m.remember(m.take(1)[0])], // BINPUT
  [0x72, (m) => m.remember(m.take(4).readUInt32LE())], // LONG_BINPUT
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x68, (m) => m.recall(m.take(1)[0])], // BINGET
  [0x6a, (m) => m.recall(m.take(4).readUInt32LE())], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.global(...([m.pop(), m.pop()].reverse() as [unknown, unknown]))], // STACK_GLOBAL
  [0x52, (m) => m.reduce()], // REDUCE
  [0x51, (m) => m.persistent()], // BINPERSID
  [0x62, (m) => m.build()], // BUILD
]);
