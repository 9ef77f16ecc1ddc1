const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");

/** However a program splits its work: one thread, so that programs are compared and not numbers of cores. */
const ONE_THREAD = Object.fromEntries(
  [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
  ].map((name) => [name, "1"]),
);

/** The library's backends as they are measured: which one, and with what in the environment. */
const BACKENDS = {
  tensorflow: { backend: "tensorflow", env: {} },
  "wasm+blas": { backend: "wasm", env: {} },
  wasm: { backend: "wasm", env: { TOKEN_GEOMETRY_BLAS: "off" } },
};

/**
 * A process that does as it is asked, a JSON request a line, and answers with a line of JSON. Several of them wait side by
 * side while one works: so they are compared under the same conditions, one after the other, again and again.
 */
class Contender {
  /** Starts the process; `started` resolves to its first answer, which it gives without being asked. */
  constructor(name, command, args, env = {}) {
    this.name = name;
    this.waiting = [];
    this.process = spawn(command, args, {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2", ...ONE_THREAD, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let complaints = "";
    this.process.stderr.on("data", (text) => {
      complaints = (complaints + text).slice(-4000);
    });
    createInterface({ input: this.process.stdout }).on("line", (line) =>
      this.waiting.shift()?.resolve(JSON.parse(line)),
    );
    const fail = (why) => {
      this.failure = new Error(`${name}: ${why}\n${complaints}`);
      for (const { reject } of this.waiting.splice(0)) reject(this.failure);
    };
    this.process.on("error", (error) => fail(error.message));
    this.process.on("close", (code) => fail(`ended with code ${code}`));
    this.process.stdin.on("error", () => {}); // "close" tells.
    this.started = this.answer();
  }

  answer() {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** @returns the answer to a request */
  ask(request) {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  end() {
    this.process.stdin.end();
  }
}

/** Those that start, and are what they are called; of the others is said why they are left out. */
async function thoseThatStart(contenders) {
  const answers = await Promise.allSettled(contenders.map(({ started }) => started));
  return contenders.filter((contender, i) => {
    const { value, reason } = answers[i];
    contender.description = value?.ready;
    const why = reason?.message ?? whyLeftOut(contender.name, value.ready);
    if (!why) return true;
    console.error(`left out: ${why.trim().split("\n").slice(0, 4).join(" | ")}`);
    contender.end();
    return false;
  });
}

/** Says why a backend is not what it is called; nothing if it is. */
function whyLeftOut(name, description) {
  const isPlain = name.startsWith("wasm+blas") && !description.includes("products by");
  return isPlain ? `${name}: no BLAS library is used` : undefined;
}

/**
 * Asks all contenders the same, in turns; the first round only warms up.
 *
 * @returns of each its best and its median time in milliseconds, of processor and wall clock, and its last result
 */
async function compare(contenders, request, rounds) {
  const answers = contenders.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const answer = await contender.ask(request);
      if (round > 0 || rounds === 0) answers[i].push(answer);
    }
  }
  return contenders.map(({ name }, i) => {
    const [processor, wall] = ["processor", "wall"].map((clock) => answers[i].map((answer) => answer[clock]));
    return {
      name,
      processor: Math.min(...processor),
      processorMedian: median(processor),
      wall: Math.min(...wall),
      wallMedian: median(wall),
      result: answers[i].at(-1).result,
    };
  });
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

module.exports = { BACKENDS, Contender, ONE_THREAD, compare, median, thoseThatStart, whyLeftOut };
