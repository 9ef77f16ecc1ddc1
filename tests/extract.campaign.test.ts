/** Hidden states in the hands of Python: NumPy and safetensors. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { askProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { hasReaders, runPython } from "./support/pythonReaders";
import { MODEL_FIXTURES } from "./support/tinyModel";

const PROGRAM = `
import json, sys
import numpy
from safetensors import safe_open
array = numpy.load(sys.argv[1])
with safe_open(sys.argv[2], "numpy") as file:
    layers = json.loads(file.metadata()["provenance"])["layers"]
    assert list(file.keys()) == sorted(f"hidden_states.{layer}" for layer in layers)
    for place, layer in enumerate(layers):
        tensor = file.get_tensor(f"hidden_states.{layer}")
        assert tensor.dtype == array.dtype and numpy.array_equal(tensor, array[place])
    print(array.dtype, array.shape, layers, file.metadata()["tokens"])
`;

test.skipIf(!hasReaders("numpy", "safetensors")).each(["float16", "float32"])(
  "%s: both files say the same",
  async (dtype) => {
    const [array, tensors] = ["hidden.npy", "hidden.safetensors"].map((name) => join(temporaryFolder(), name));
    const args = ["extract", "--model", join(MODEL_FIXTURES, "llama-gqa"), "--ids", "5,6,7", "--layers", "3,0,-3"];
    for (const out of [array, tensors])
      expect((await askProgram([...args, "--dtype", dtype, "--out", out])).status).toBe(0);
    const { stdout, stderr } = runPython("-c", PROGRAM, array, tensors);
    expect({ stdout, stderr }).toEqual({ stdout: `${dtype} (3, 3, 32) [3, 0, 1] [5,6,7]\n`, stderr: "" });
  },
);
