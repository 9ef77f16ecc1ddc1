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

/**
 * A process that does as it is asked, a JSON request a line, and answers with a line of JSON. Several of them wait side by
 * side while one works: so they are compared under the same conditions, one after the other, again and again.
 */
class Contender {
  /** Starts the process; `started` resolves to its first answer, which it gives without being asked. */
  constructor(name, command, args) {
    this.name = name;
    this.waiting = [];
    this.process = spawn(command, args, {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2", ...ONE_THREAD },
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

/** Those that start; the others are named with what they said. */
async function thoseThatStart(contenders) {
  const answers = await Promise.allSettled(contenders.map(({ started }) => started));
  return contenders.filter((contender, i) => {
    const { value, reason } = answers[i];
    if (value) contender.description = value.ready;
    else console.error(`left out: ${reason.message.trim().split("\n").slice(0, 4).join(" | ")}`);
    return value !== undefined;
  });
}

/**
 * Asks all contenders the same, in turns; the first round only warms up.
 *
 * @returns of each its best and its median time, wall clock and processor, in milliseconds, and its last result
 */
async function compare(contenders, request, rounds) {
  const answers = contenders.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const answer = await contender.ask(request);
      if (round > 0 || rounds === 0) answers[i].push(answer);
    }
  }
  return contenders.map(({ name }, i) => ({
    name,
    milliseconds: Math.min(...answers[i].map(({ milliseconds }) => milliseconds)),
    median: median(answers[i].map(({ milliseconds }) => milliseconds)),
    processor: Math.min(...answers[i].map(({ processor }) => processor)),
    result: answers[i].at(-1).result,
  }));
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

module.exports = { Contender, compare, thoseThatStart };
