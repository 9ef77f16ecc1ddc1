/** Ways to damage a JSON file: it stays JSON, or nearly, so that the damage gets past the parser. */
import fc from "fast-check";
import { HOSTILE_NUMBERS, type Mutation } from "./byteMutations";

/** Stands in a value for text that goes into the file as it is; see {@link write}. */
const RAW = "\u0001raw:";
/** Stands in front of a key that is to be there twice or more. */
const AGAIN = /\\u0001again\d*:/g;

const raw = (text: string): string => `${RAW}${Buffer.from(text).toString("hex")}`;

const nested = (depth: number, open: string, inside: string, close: string): string =>
  raw(open.repeat(depth) + inside + close.repeat(depth));

const HOSTILE_KEYS: readonly string[] = [
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "length", "then", "toJSON"],
  ...["", "\0", "../x", "a/b", "a\nb", "\u001b[2J", "\ud800", "é", "0", "-1", "4294967295", "k".repeat(10_000)],
];

const HOSTILE_TEXTS: readonly string[] = [
  ...["", " ", "__proto__", "NaN", "null", "\0", "a\0b", "\ud800", "\u001b[31mred", "a\nb", "é".normalize("NFD")],
  ...[
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "C:\\secret",
    "..\\secret",
    "../outside.safetensors",
    "outside/../x",
  ],
  ...["(a+)+$", "(?:(?:a*)*)*b", "(", "[", "\\p{", "(?<=(a*)*)b", "(.*.*.*.*.*.*)x", "a{65535}{65535}", "", "$&$&$&$&"],
  ...["x".repeat(1000), "ab".repeat(50_000)],
];

const HOSTILE_VALUES: readonly unknown[] = [
  ...[null, true, false, {}, [], [[]], [{}], -1, 0, 0.5, 3, 1e300, 2 ** 31, 2 ** 53, 2 ** 40],
  ...HOSTILE_NUMBERS.filter((number) => number !== "").map(raw),
  ...[raw('{"__proto__":{"polluted":true}}'), { toString: 1, valueOf: 1 }, { length: 1e9 }, { toJSON: 1 }],
  ...[nested(50, "[", "", "]"), nested(100_000, "[", "", "]"), nested(20_000, '{"a":', "1", "}")],
  ...[Array.from({ length: 1000 }, (_, i) => i), Array(100_000).fill(0), [1e9, 1e9, 1e9], [-1, -1]],
];

const hostileValue = fc.oneof(
  fc.constantFrom(...HOSTILE_VALUES),
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ maxLength: 8, unit: "binary" }),
  fc.integer(),
  fc.double(),
);

/** A place in a JSON value: its holder, and its key there. */
interface Place {
  holder: Record<string, unknown> | unknown[];
  key: string | number;
}

function placesOf(root: unknown): Place[] {
  const places: Place[] = [];
  const open: unknown[] = [root];
  while (open.length > 0) {
    const holder = open.pop();
    if (typeof holder !== "object" || holder === null) continue;
    const keys = Array.isArray(holder) ? holder.keys() : Object.keys(holder);
    for (const key of keys) {
      const place = { holder, key } as Place;
      places.push(place);
      open.push(valueAt(place));
    }
  }
  return places;
}

const valueAt = ({ holder, key }: Place): unknown => (holder as Record<string | number, unknown>)[key];

/** As an own property, also where the key is `__proto__`. */
function put({ holder }: Place, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function drop({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(key as number, 1);
  else delete holder[key];
}

/** A change of a JSON value at one place. */
interface TreeChange {
  what: string;
  change(place: Place, others: readonly Place[]): void;
}

const treeChange: fc.Arbitrary<TreeChange> = fc.oneof(
  hostileValue.map(
    (value): TreeChange => ({
      what: `set to ${JSON.stringify(value)?.slice(0, 60)}`,
      change: (place) => put(place, place.key, value),
    }),
  ),
  fc.constant<TreeChange>({ what: "removed", change: drop }),
  fc.constantFrom(...HOSTILE_KEYS).map(
    (key): TreeChange => ({
      what: `renamed to ${JSON.stringify(key).slice(0, 60)}`,
      change(place) {
        const value = valueAt(place);
        drop(place);
        if (Array.isArray(place.holder)) put(place, place.key, { [key]: value });
        else put(place, key, value);
      },
    }),
  ),
  fc.tuple(fc.nat(9), hostileValue).map(
    ([number, value]): TreeChange => ({
      what: "there twice",
      change: (place) => put(place, `\u0001again${number}:${place.key}`, value),
    }),
  ),
  fc.nat().map(
    (which): TreeChange => ({
      what: "exchanged with another value",
      change(place, others) {
        const other = others[which % others.length];
        const [mine, theirs] = [valueAt(place), valueAt(other)];
        // A value inside of itself would have no end.
        if (contains(mine, other.holder) || contains(theirs, place.holder)) return;
        put(place, place.key, theirs);
        put(other, other.key, mine);
      },
    }),
  ),
  fc.constantFrom(-1, 1, 2, -2, 1000).map(
    (step): TreeChange => ({
      what: `changed by ${step}`,
      change(place) {
        const value = valueAt(place);
        if (typeof value === "number") put(place, place.key, Math.abs(step) === 1 ? value + step : value * step);
        if (typeof value === "string")
          put(place, place.key, step > 0 ? value.repeat(Math.min(step + 1, 300)) : value.slice(1));
        if (Array.isArray(value)) put(place, place.key, step > 0 ? [...value, ...value] : value.slice(1));
      },
    }),
  ),
);

function contains(value: unknown, part: unknown): boolean {
  return value === part || placesOf(value).some((place) => valueAt(place) === part);
}

/** JSON with what stands for raw text replaced by it. */
function write(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/"\\u0001raw:([0-9a-f]*)"/g, (_, hex) => Buffer.from(hex, "hex").toString())
    .replaceAll(AGAIN, "");
}

/** One change of a JSON file, or of the JSON lines of one. What is no JSON stays as it is. */
export const jsonMutation: fc.Arbitrary<Mutation> = fc.tuple(fc.nat(), treeChange).map(
  ([which, { what, change }]): Mutation => ({
    what: `JSON value ${which}: ${what}`,
    apply(bytes) {
      const text = bytes.toString();
      try {
        const root = { value: JSON.parse(text) };
        const places = placesOf(root);
        change(places[which % places.length], places);
        return Buffer.from(write(root.value ?? null));
      } catch {
        const lines = text.split("\n").filter((line) => line !== "");
        if (lines.length < 2) return bytes;
        const at = which % lines.length;
        lines[at] = this.apply(Buffer.from(lines[at]), bytes).toString();
        return Buffer.from(`${lines.join("\n")}\n`);
      }
    },
  }),
);
