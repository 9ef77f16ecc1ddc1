import { describe, expect, test } from "vitest";
import {
  BINPERSID,
  BUILD,
  call,
  dict,
  EMPTY_DICT,
  EMPTY_LIST,
  EMPTY_TUPLE,
  get,
  global,
  integer,
  long,
  MARK,
  PROTO,
  pickle,
  put,
  REDUCE,
  STOP,
  TUPLE,
  text,
  tuple,
} from "../../../../tests/support/makePickle";
import { UserError } from "../support/errors";
import { unpickle } from "./pickle";

const host = { path: "weights.bin", globals: new Map([["collections OrderedDict", { call: () => new Map() }]]) };
const value = (...parts: Buffer[]) => unpickle(pickle(...parts), host).value;

/** Written by Python: `pickle.dumps(object, protocol)`, in hexadecimal. */
const PYTHON: [title: string, hex: string, expected: unknown][] = [
  [
    "protocol 2: {'a': (1, -2, 3.5), 'b': [True, False, None], 'c': 70000, 'd': 300}",
    "80027d71002858010000006171014b014afeffffff47400c00000000000087710258010000006271035d71042888894e65" +
      "58010000006371054a7011010058010000006471064d2c01752e",
    new Map<string, unknown>([
      ["a", [1, -2, 3.5]],
      ["b", [true, false, null]],
      ["c", 70000],
      ["d", 300],
    ]),
  ],
  [
    "protocol 4: ('é', OrderedDict())",
    "80049529000000000000008c02c3a9948c0b636f6c6c656374696f6e73948c0b4f7264657265644469637494939429529486942e",
    ["é", new Map()],
  ],
];

describe("unpickle", () => {
  test.each(PYTHON)("%s", (_title, hex, expected) => {
    expect(unpickle(Buffer.from(hex, "hex"), host).value).toEqual(expected);
  });

  test("numbers of any size: the magic number of the older format", () => {
    expect(value(long([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]))).toBe(0x1950a86a20f9469cfc6cn);
    expect(value(long([0xff]))).toBe(-1);
    expect(value(long([]))).toBe(0);
  });

  test("starts and ends where it is told, so that pickles can lie one behind the other", () => {
    const first = pickle(integer(1));
    expect(unpickle(Buffer.concat([first, pickle(integer(2)), Buffer.from("rest")]), host, first.length)).toEqual({
      value: 2,
      end: 2 * first.length,
    });
  });

  test("the same object twice", () => {
    const [one, two] = value(tuple(EMPTY_LIST, put(7), get(7))) as [unknown, unknown];
    expect(one).toBe(two);
  });

  test("attributes of a dict are passed over", () => {
    expect(value(call(global("collections", "OrderedDict")), dict({ _metadata: integer(1) }), BUILD)).toEqual(
      new Map(),
    );
  });

  test.each<[string, Buffer, RegExp]>([
    ["os.system", call(global("posix", "system"), text("touch here")), /asks for "posix\.system".*malicious/],
    ["eval", call(global("builtins", "eval"), text("1")), /asks for "builtins\.eval"/],
    ["a name inside an allowed module", global("collections", "OrderedDict.fromkeys"), /OrderedDict\.fromkeys/],
    ["JavaScript's own names", global("__proto__", "constructor"), /asks for "__proto__\.constructor"/],
    ["protocol 4 names", Buffer.concat([text("os"), text("system"), Buffer.from([0x93])]), /asks for "os\.system"/],
    ["a name that is no text", Buffer.concat([EMPTY_LIST, text("x"), Buffer.from([0x93])]), /a name that is no text/],
    ["INST", Buffer.concat([MARK, Buffer.from("iposix\nsystem\n")]), /instruction 0x69 \(byte 3\)/],
    ["OBJ", Buffer.concat([MARK, Buffer.from("o")]), /instruction 0x6f/],
    ["NEWOBJ", Buffer.concat([EMPTY_TUPLE, EMPTY_TUPLE, Buffer.from([0x81])]), /instruction 0x81/],
    ["EXT1", Buffer.from([0x82, 1]), /instruction 0x82/],
    ["PERSID", Buffer.from("P1\n"), /instruction 0x50/],
    ["a persistent id where there is none", Buffer.concat([text("x"), BINPERSID]), /refers to a storage/],
    ["a call of a text", call(text("x")), /calls something that is no function/],
    ["a call of a dict", call(EMPTY_DICT), /calls something that is no function/],
    ["arguments that are no tuple", Buffer.concat([global("collections", "OrderedDict"), text("x"), REDUCE]), /calls/],
    ["attributes of a tuple", Buffer.concat([EMPTY_TUPLE, EMPTY_DICT, BUILD]), /sets attributes/],
    ["too few values", REDUCE, /takes more values/],
    ["no mark", TUPLE, /closes what was never opened/],
    ["an unknown reference", get(3), /object 3/],
    ["two values", Buffer.concat([integer(1), integer(2)]), /ends in the middle/],
    ["an open mark", Buffer.concat([integer(1), MARK, integer(1)]), /ends in the middle/],
    ["a text longer than the file", Buffer.from([0x58, 0xff, 0xff, 0xff, 0x7f]), /cut short/],
    ["an integer of 200 bytes", long(Array(200).fill(1)), /integer of 200 bytes/],
    ["a name without end", Buffer.from(`c${"a".repeat(5000)}`), /a name has no end/],
    ["entries of a list", Buffer.concat([EMPTY_LIST, integer(1), integer(2), Buffer.from("s")]), /entries to no dict/],
    ["items of a dict", Buffer.concat([EMPTY_DICT, integer(1), Buffer.from("a")]), /items to no list/],
    ["endless nesting", Buffer.alloc(1_000_000, MARK), /nests deeper/],
    ["millions of objects", Buffer.alloc(5_000_000, EMPTY_LIST), /more than 2000000 objects/],
    ["nothing", Buffer.alloc(0), /takes more values/],
  ])("refuses %s", (_title, body, message) => {
    const run = () => value(body);
    expect(run).toThrow(UserError);
    expect(run).toThrow(message);
    expect(run).toThrow(/^weights\.bin: /);
  });

  test("refuses a pickle that stops anywhere before its end", () => {
    const whole = pickle(dict({ a: integer(1), b: text("two") }));
    for (let length = 0; length < whole.length; length++) {
      expect(() => unpickle(whole.subarray(0, length), host)).toThrow(UserError);
    }
    expect(unpickle(whole, host).end).toBe(whole.length);
    expect(PROTO.length + STOP.length).toBe(3);
  });
});
