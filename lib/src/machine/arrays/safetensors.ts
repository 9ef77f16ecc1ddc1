import { readSafetensorsHeader } from "../checkpoint/safetensors";
import { chooseArray, type NamedArray } from "./namedArray";
import { readStoredArray } from "./storedArray";

/** The tensor of that name of a .safetensors file, or the only one. */
export function readSafetensorsArray(path: string, wanted?: string): NamedArray {
  const tensors = [...readSafetensorsHeader(path)];
  const arrays = tensors.map(([name, tensor]) => ({
    name,
    describe: () => `[${tensor.shape}]`,
    read: () => readStoredArray({ ...tensor, name }),
  }));
  return chooseArray(path, arrays, wanted);
}
