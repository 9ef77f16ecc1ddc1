import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { messageOf, reportError, UserError } from "./errors";
import { readJsonObject } from "./json";
import { randomGenerator } from "./random";
import { readShardIndex } from "./shardIndex";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

describe("reportError", () => {
  const reported = (error: unknown) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    reportError(error);
    return write.mock.calls.map(([text]) => text).join("");
  };

  test("one line, exit code 1, also for messages of several lines", () => {
    vi.stubEnv("DEBUG", "");
    expect(reported(new UserError("file.npy: is\n  damaged"))).toBe("error: file.npy: is damaged\n");
    expect(process.exitCode).toBe(1);
  });

  test("whatever was thrown", () => {
    vi.stubEnv("DEBUG", "");
    expect(reported("a text")).toBe("error: a text\n");
    expect(messageOf({ toString: () => "an object" })).toBe("an object");
  });

  test("shown by a notebook: its message alone", () => {
    vi.stubEnv("DEBUG", "");
    expect(inspect(new UserError("no luck"))).toBe("UserError: no luck");
    vi.stubEnv("DEBUG", "1");
    expect(inspect(new UserError("no luck"))).toMatch(/^UserError: no luck\n {4}at /);
  });

  test("the stack trace with DEBUG", () => {
    vi.stubEnv("DEBUG", "1");
    expect(reported(new UserError("no luck"))).toMatch(/^UserError: no luck\n {4}at /);
  });
});

describe("UserError", () => {
  test("what a file says cannot speak to the terminal", () => {
    const { message } = new UserError("a\u001b[2J\u009b31m\u202egnp.\u0000 b\n\tc");
    expect(message).toBe("a\\u001b[2J\\u009b31m\\u202egnp.\\u0000 b\n\tc");
  });

  test("messages have an end", () => {
    expect(new UserError("m".repeat(1e6)).message).toBe(`${"m".repeat(4000)} ..`);
  });

  test("keeps its cause", () => {
    const cause = new Error("first");
    expect(new UserError("second", { cause })).toMatchObject({ name: "UserError", message: "second", cause });
  });
});

describe("readJsonObject", () => {
  const read = (content?: string | Buffer) => {
    const path = join(temporaryFolder(), "some.json");
    if (content !== undefined) writeFileSync(path, content);
    return () => readJsonObject(path);
  };

  test("an object", () => {
    expect(read('{"a": [1, null]}')()).toEqual({ a: [1, null] });
  });

  test.each([
    ["no file", undefined, "some.json: no such file"],
    ["no JSON", "{", "some.json: cannot be read"],
    ["an empty file", "", "some.json: cannot be read"],
    ["a list", "[]", "some.json: must hold a JSON object"],
    ["null", "null", "some.json: must hold a JSON object"],
    ["a number", "7", "some.json: must hold a JSON object"],
    ["what is nested without end", `{"a":${"[".repeat(201)}${"]".repeat(201)}}`, "it is nested deeper than 200 levels"],
    ["bytes that are no text", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), "it is not UTF-8 text"],
    ["more than there can be", Buffer.alloc(2 ** 26 + 1, "{"), "some.json: has 67108865 bytes, more than"],
  ])("refuses %s", (_, content, message) => {
    expect(read(content)).toThrow(UserError);
    expect(read(content)).toThrow(message);
  });

  test("brackets in texts are no nesting, and deep is not too deep", () => {
    expect(read(`{"a": "${"[".repeat(300)}\\"${"{".repeat(300)}"}`)()).toEqual({
      a: `${"[".repeat(300)}"${"{".repeat(300)}`,
    });
    expect(read(`{"a":${"[".repeat(199)}${"]".repeat(199)}}`)()).toHaveProperty("a");
  });

  test("a byte order mark is passed over; __proto__ is a key like any other", () => {
    const entries = Object.entries(read('\ufeff{"__proto__": {"polluted": true}}')());
    expect(entries).toEqual([["__proto__", { polluted: true }]]);
    expect({}).not.toHaveProperty("polluted");
  });

  test("refuses a folder", () => {
    const path = join(temporaryFolder(), "folder.json");
    mkdirSync(path);
    expect(() => readJsonObject(path)).toThrow("folder.json: cannot be read");
  });
});

describe("readShardIndex", () => {
  const index = (map: unknown) => {
    const path = join(temporaryFolder(), "model.safetensors.index.json");
    writeFileSync(path, JSON.stringify({ weight_map: map }));
    return () => readShardIndex(path);
  };

  test("tensors by name, files once and sorted", () => {
    const { shardOf, names } = index({ a: "2.safetensors", b: "1.safetensors", c: "2.safetensors" })();
    expect(shardOf.get("c")).toBe("2.safetensors");
    expect(names).toEqual(["1.safetensors", "2.safetensors"]);
  });

  test.each([
    "../a",
    "a/b",
    "/a",
    "a\\b",
    "..\\a",
    "C:\\a",
    "a\0",
    "a".repeat(300),
    ".",
    "..",
    ".hidden",
    "",
    7,
    null,
    ["a"],
  ])("refuses %j as a file name", (name) => {
    expect(index({ tensor: name })).toThrow(/index\.json: .* is not a file name in this folder/);
  });

  test.each([undefined, null, {}, "a"])("refuses %j as a map", (map) => {
    expect(index(map)).toThrow(/index\.json: has no weight_map, or an empty one/);
  });
});

describe("randomGenerator", () => {
  const draw = (seed: string, count: number) => Array.from({ length: count }, randomGenerator(seed));

  test("the same seed gives the same numbers, any other gives others", () => {
    expect(draw("a", 5)).toEqual(draw("a", 5));
    expect(new Set([...draw("a", 100), ...draw("b", 100), ...draw("", 100)]).size).toBe(300);
  });

  test("uniform in [0, 1): mean, variance, and no memory of the number before", () => {
    const count = 100_000;
    const values = draw("uniform", count);
    expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values.slice(0, 50_000))).toBeLessThan(1);
    const centered = values.map((value) => value - 0.5);
    const mean = (products: number[]) => products.reduce((sum, value) => sum + value, 0) / products.length;
    // Four standard errors each.
    expect(Math.abs(mean(centered))).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(mean(centered.map((value) => value ** 2)) - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / count));
    const lagged = centered.slice(1).map((value, i) => value * centered[i]);
    expect(Math.abs(mean(lagged))).toBeLessThan((4 * (1 / 12)) / Math.sqrt(count));
  });

  test("the numbers of sfc32, worked out in whole numbers of any size", () => {
    const state = Buffer.from("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", "hex"); // SHA-256 of "a"
    let [a, b, c, counter] = [0, 4, 8, 12].map((offset) => BigInt(state.readUInt32LE(offset)));
    const word = (value: bigint) => value & 0xffffffffn;
    const expected = Array.from({ length: 20 }, () => {
      const sum = word(a + b + counter);
      counter = word(counter + 1n);
      a = b ^ (b >> 9n);
      b = word(c + (c << 3n));
      c = word((word(c << 21n) | (c >> 11n)) + sum);
      return Number(sum) / 2 ** 32;
    });
    expect(draw("a", 20)).toEqual(expected);
  });
});

test("messages show no name and password of an address", () => {
  const shown = "cannot reach https://***@index.org/simple, nor https:/***@hub.org/x";
  const secret = "cannot reach https://me:s3cret@index.org/simple, nor https:/t0ken@hub.org/x";
  expect(new UserError(secret).message).toBe(shown);
  for (const plain of ["https://hub.org/@me", "git@hub.org", "owner/name@main", "C:/a@b", "https://hub.org/?a=b@c"]) {
    expect(new UserError(plain).message).toBe(plain);
  }
});
