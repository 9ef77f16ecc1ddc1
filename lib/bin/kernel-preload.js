// Loaded ahead of tslab in the kernels that the notebook runner and `npm run lab` start; also in the Node processes that
// these fork.
const { Worker, isMainThread } = require("node:worker_threads");

// Ends the kernel when the program that started it is gone (killed, crashed), so that none is left computing for nobody.
// In a thread of its own because the main thread may be busy for minutes.
function watchParent() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return;
    try {
      process.kill(-process.pid, "SIGKILL"); // the whole group: the kernel's own helpers too
    } catch {
      process.kill(process.pid, "SIGKILL"); // not the leader of a group (Windows has none)
    }
  }, 500);

  function isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return error.code !== "ESRCH";
    }
  }
}

// tslab sends outputs without waiting for one another. After 512 in one go the socket refuses more until the event loop
// has turned (EBUSY), and beyond 1000 waiting ones it drops them: a cell that prints some hundred lines in a loop would
// lose the rest, and with it the message that it is done. This publisher keeps them instead.
function keepAllOutputs() {
  const zeromq = require(require.resolve("zeromq", { paths: [require.resolve("tslab/package.json")] }));
  zeromq.Publisher = class extends zeromq.Publisher {
    #waiting = [];
    #sending = Promise.resolve();

    constructor(options) {
      super({ sendHighWaterMark: 0, ...options });
    }

    send(message) {
      if (this.#waiting.length === 0) {
        try {
          this.#sending = super.send(message);
          return this.#sending;
        } catch (error) {
          if (error.code !== "EBUSY") throw error;
        }
      }
      this.#waiting.push(message);
      if (this.#waiting.length === 1) this.#sendWaiting();
      return Promise.resolve();
    }

    async #sendWaiting() {
      await this.#sending;
      while (this.#waiting.length > 0) {
        try {
          await super.send(this.#waiting[0]);
          this.#waiting.shift();
        } catch (error) {
          if (error.code !== "EBUSY") throw error;
          await new Promise((resolve) => setTimeout(resolve, 5)); // It is still being bound to its port.
        }
      }
    }
  };
}

// tslab shows what a cell throws with all of the kernel's own frames, and with an excerpt of the compiled code above the
// message. Here the message comes first, then the frames of the library and of the user's own modules. DEBUG=1 shows all.
function shortenErrors() {
  const { inspect } = require("node:util");
  const { join, sep } = require("node:path");
  const project = join(__dirname, "..", "..") + sep;
  const excerpt = /^[^\n]*:\d+\n(?:[^\n]*\n){0,3}?\s*\^+\s*\n/;
  const foreign = /^\s+at .*(?:[\\/]node_modules[\\/]tslab[\\/]|\bnode:)/;
  const stopped = (error) =>
    error.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED" || error.message === "Interrupted asynchronously";
  const shorten = (error) => {
    if (stopped(error)) return "Interrupted; what earlier cells made is still there.";
    const kept = [];
    for (const line of inspect(error).replace(excerpt, "").trimStart().split("\n")) {
      // Lines and columns there are those of the compiled cell.
      const own = line.replace(/\bevalmachine\.<anonymous>:\d+:\d+/, "cell").replaceAll(project, "");
      if (foreign.test(line))
        kept.push(kept.pop() + (line.endsWith(" {") ? " {" : "")); // properties follow
      else if (own !== kept.at(-1)) kept.push(own);
    }
    return kept.join("\n");
  };
  const print = console.error;
  console.error = (...what) => print(...what.map((one) => (one instanceof Error ? shorten(one) : one)));
}

// Kernels that the notebook runner starts have it compile their cells, through the file descriptor that it names.
function askForCompiling() {
  const { join } = require("node:path");
  const descriptor = process.env.TOKEN_GEOMETRY_COMPILER;
  delete process.env.TOKEN_GEOMETRY_COMPILER; // not for processes that this one starts
  if (!descriptor) return;
  const { compileThroughRunner } = require("../dist/programs/runner/kernelCompiler.js");
  compileThroughRunner(join(__dirname, "..", ".."), Number(descriptor));
}

if (isMainThread) {
  new Worker(`(${watchParent})()`, { eval: true, execArgv: [] }).unref();
  if (process.argv.includes("--config-path")) {
    keepAllOutputs();
    if (!process.env.DEBUG) shortenErrors();
    askForCompiling();
  }
}
