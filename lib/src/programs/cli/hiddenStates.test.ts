import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { readSafetensorsHeader } from "../../machine/checkpoint/safetensors";
import { fromFloat16 } from "../../machine/support/float16";
import { readNpy } from "../../machine/support/npy";
import { chosenLayers, type HiddenState, layerList, stacked, stateFormat, writeStates } from "./hiddenStates";

const state = (layer: number, ...values: number[]): HiddenState => {
  return { layer, values: Float32Array.from(values), points: 1, dimension: values.length };
};
const of = (...together: HiddenState[]) => ({ together });
const metadata = () => ({ model: "a", tokens: "[1]" });
const half = { type: "float16", metadata } as const;

describe("layers", () => {
  test("are counted from either end, and come in the order in which they are named", () => {
    expect(chosenLayers(layerList(" 0, 5,-1"), 30)).toEqual([0, 5, 30]);
    expect(chosenLayers([-31, 30, 29], 30)).toEqual([0, 30, 29]);
    expect(chosenLayers(undefined, 2)).toEqual([0, 1, 2]);
  });

  test("that are none are refused", () => {
    for (const text of ["", "1,", "a", "1.5", "-0", "1-3", "0x1"])
      expect(() => layerList(text), text).toThrow("-1 for the last");
    const range = "it has 0 to 30, or -31 to -1 from the end";
    for (const layer of [31, -32, 1e20]) expect(() => chosenLayers([0, layer], 30)).toThrow(range);
    expect(() => chosenLayers([30, -1], 30)).toThrow("layer 30 is named twice");
  });
});

describe("half precision", () => {
  // Of 1 and 1 + 2^-10 the number between is as near to both, and so is the next one: ties go to the even last digit.
  const given = [1 + 2 ** -11, 1 + 3 * 2 ** -11, -65519.99, 2 ** -25, 2 ** -24 * 1.5, Number.NaN, 0.1];
  const rounded = [1, 1 + 2 ** -9, -65504, 0, 2 ** -23, Number.NaN, 0.0999755859375];

  test.each(["npy", "safetensors"] as const)("%s: rounded to nearest, ties to even", (format) => {
    const out = join(temporaryFolder(), "states");
    writeStates(out, of(state(3, ...given)), { ...half, format });
    if (format === "npy") {
      expect(readNpy(out)).toEqual({ shape: [1, 1, 7], data: Float32Array.from(rounded) });
      expect(readFileSync(out, "latin1")).toContain("'descr': '<f2'");
      return;
    }
    const tensor = readSafetensorsHeader(out).get("hidden_states.3")!;
    expect(tensor).toMatchObject({ elementType: "F16", shape: [1, 7] });
    const bytes = new Uint8Array(readFileSync(out).subarray(tensor.begin, tensor.end));
    expect(fromFloat16(new Uint16Array(bytes.buffer))).toEqual(Float32Array.from(rounded));
  });

  test.each([65520, -1e5, Number.POSITIVE_INFINITY])("%d is refused before anything is written", (large) => {
    const folder = temporaryFolder();
    for (const format of ["npy", "safetensors"] as const) {
      const write = () =>
        writeStates(
          join(folder, "out"),
          { ...of(state(0, 1, 2), state(7, 0, large)), apart: state(8, 1) },
          { ...half, format },
        );
      expect(write).toThrow(`layer 7 holds ${large}, and float16 ends at ±65504`);
      const last = () =>
        writeStates(join(folder, "out"), { ...of(state(0, 1, 2)), apart: state(8, large) }, { ...half, format });
      expect(last).toThrow(`layer 8 holds ${large}`);
    }
    expect(filesBelow(folder)).toEqual([]);
  });
});

describe("files", () => {
  test("a safetensors file has a tensor a layer, in their order, and says where they are from", () => {
    const out = join(temporaryFolder(), "new", "states.safetensors");
    const states = stacked([state(2, 9), state(0, 1, 2), state(1, 3, 4)], 2);
    expect(writeStates(out, states, { format: "safetensors", type: "float32", metadata })).toBe(out);
    const tensors = readSafetensorsHeader(out);
    expect([...tensors.keys()]).toEqual(["hidden_states.0", "hidden_states.1", "hidden_states.2"]);
    const bytes = readFileSync(out);
    const valuesOf = (name: string) => {
      const { begin, end } = tensors.get(name)!;
      return new Float32Array(new Uint8Array(bytes.subarray(begin, end)).buffer);
    };
    expect([...tensors.keys()].flatMap((name) => [...valuesOf(name)])).toEqual([1, 2, 3, 4, 9]);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString("utf8", 8, 8 + length)).__metadata__).toEqual(metadata());
  });

  test("of two that belong together neither is left where one cannot be written", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "states.npy"));
    const states = stacked([state(0, 1, 2), state(1, 9)], 1);
    const write = (name: string) =>
      writeStates(join(folder, name), states, { format: "npy", type: "float32", metadata });
    expect(() => write("states.npy")).toThrow("there is a folder of that name");
    expect(filesBelow(folder)).toEqual([]);
    expect(write("others.npy")).toBe(join(folder, "others-last.npy"));
    expect(filesBelow(folder)).toEqual(["others-last.npy", "others.npy"]);
  });

  test("the last state is apart only where others are of another width", () => {
    const [first, narrow] = [state(0, 1, 2), state(3, 9)];
    expect(stacked([first, narrow], 3)).toEqual({ together: [first], apart: narrow });
    expect(stacked([narrow], 3)).toEqual({ together: [narrow], apart: undefined });
  });

  test("are .npy unless they are named otherwise", () => {
    expect(["a.npy", "a.SafeTensors", "a", "-"].map((out) => stateFormat(out))).toEqual([
      "npy",
      "safetensors",
      "npy",
      "npy",
    ]);
    expect(stateFormat("a.npy", "safetensors")).toBe("safetensors");
  });
});
