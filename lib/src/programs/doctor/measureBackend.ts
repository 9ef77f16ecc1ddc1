import * as tf from "@tensorflow/tfjs-core";
import { BACKENDS, chooseBackend } from "../../machine/backend/backend";
import { type BlasSearch, findBlas } from "../../machine/backend/blas";
import { messageOf, reportError } from "../../machine/support/errors";

/** What became of one backend. */
export interface BackendMeasurement {
  name: string;
  works: boolean;
  /** What it runs on, if it works. */
  device?: string;
  /** How many threads it takes, if that is known. */
  threads?: number;
  /** 10^9 multiplications and additions a second, of square float32 matrices. */
  gigaflops?: number;
  /** Rows of these matrices. */
  size?: number;
  /** Why it does not work. */
  why?: string;
}

/** For each size at least this long, then the next larger one if it was quick. */
const SECONDS = 0.3;
const SIZES = [64, 256, 1024, 2048];

/** Measures one backend in this process. */
export async function measureBackend(name: string): Promise<BackendMeasurement> {
  try {
    const { device, threads } = await chooseBackend(name);
    let best = { gigaflops: 0, size: 0 };
    for (const size of SIZES) {
      const { gigaflops, secondsEach } = await productRate(size);
      if (gigaflops > best.gigaflops) best = { gigaflops, size };
      if (secondsEach > SECONDS / 20) break;
    }
    return { name, works: true, device, threads, ...best };
  } catch (error) {
    const reason = messageOf(error).match(/^no backend works here \((?:\w+: )?(.*)\)$/)?.[1];
    return { name, works: false, why: reason ?? messageOf(error) };
  }
}

async function productRate(size: number): Promise<{ gigaflops: number; secondsEach: number }> {
  const left = tf.randomUniform([size, size]);
  const right = tf.randomUniform([size, size]);
  const once = async () => {
    const product = tf.matMul(left, right);
    const corner = tf.slice(product, [0, 0], [1, 1]);
    await corner.data(); // A GPU computes in the background; this waits for it without carrying the whole product over.
    tf.dispose([product, corner]);
  };
  await once();
  const start = performance.now();
  let count = 0;
  let elapsed = 0;
  for (; elapsed < SECONDS; elapsed = (performance.now() - start) / 1000, count++) await once();
  tf.dispose([left, right]);
  return { gigaflops: (2 * size ** 3 * count) / elapsed / 1e9, secondsEach: elapsed / count };
}

function answer(found: BackendMeasurement | BlasSearch): void {
  process.stdout.write(`\n${JSON.stringify(found)}\n`, () => process.exit(0));
}

// Run as a program of its own, so that a backend that ends its process takes nobody along.
if (require.main === module) {
  const name = process.argv[2];
  try {
    if (name === "blas") answer(findBlas());
    else if (BACKENDS.some((backend) => backend.name === name)) measureBackend(name).then(answer);
    else throw new Error(`no backend is called ${name}`);
  } catch (error) {
    reportError(error);
  }
}
