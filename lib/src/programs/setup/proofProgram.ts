/**
 * The program behind prove.ts, run as a process of its own: loads the addon of the package folder it is given, multiplies,
 * compares and times, and prints one line "PROOF {json}".
 */
import { spawnSync } from "node:child_process";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { prepareTensorflowRuntime } from "../../machine/backend/tensorflowRuntime";
import type { Proof } from "./prove";

interface AddonBackend {
  binding: { TF_Version: string; isUsingGpuDevice(): boolean };
}

async function main(packageFolder: string): Promise<void> {
  prepareTensorflowRuntime();
  tf.enableProdMode();
  require(packageFolder);
  const { binding } = tf.findBackend("tensorflow") as unknown as AddonBackend;
  const usesGpu = binding.isUsingGpuDevice();

  const left = tf.randomNormal<tf.Rank.R2>([300, 200], 0, 1, "float32", 1);
  const right = tf.randomNormal<tf.Rank.R2>([200, 250], 0, 1, "float32", 2);
  const [a, b] = [(await left.data()).slice(), (await right.data()).slice()];
  const product = await tf.matMul(left, right).data();
  await tf.setBackend("cpu");
  const expected = await tf
    .matMul(tf.tensor2d(a as Float32Array, [300, 200]), tf.tensor2d(b as Float32Array, [200, 250]))
    .data();
  let [deviation, largest] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    deviation = Math.max(deviation, Math.abs(product[index] - expected[index]));
    largest = Math.max(largest, Math.abs(expected[index]));
  }

  await tf.setBackend("tensorflow");
  const size = usesGpu ? 4096 : 1024;
  const square = tf.randomNormal<tf.Rank.R2>([size, size], 0, 1, "float32", 3);
  // The data of a single entry is fetched after every product, since a GPU answers before it has finished.
  const multiply = () => tf.tidy(() => tf.slice(tf.matMul(square, square), [0, 0], [1, 1]).dataSync());
  multiply();
  let [rounds, seconds] = [0, 0];
  const start = process.hrtime.bigint();
  while (seconds < 1) {
    multiply();
    rounds++;
    seconds = Number(process.hrtime.bigint() - start) / 1e9;
  }

  const proof: Proof = {
    version: binding.TF_Version,
    devices: usesGpu ? ["CPU", ...gpuNames()] : ["CPU"],
    usesGpu,
    largestDeviation: deviation / largest,
    gigaflops: (rounds * 2 * size ** 3) / seconds / 1e9,
  };
  process.stdout.write(`PROOF ${JSON.stringify(proof)}\n`);
}

function gpuNames(): string[] {
  const list = spawnSync("nvidia-smi", ["--query-gpu=name,compute_cap", "--format=csv,noheader"], { encoding: "utf8" });
  const names = list.status === 0 ? list.stdout.trim().split("\n") : [];
  return names.length > 0 ? names.map((name) => `GPU ${name.replace(", ", " (compute capability ")})`) : ["GPU"];
}

main(process.argv[2]);
