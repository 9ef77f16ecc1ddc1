// The program `token-geometry` in a process that goes on: commands come in messages, what they say and their exit code go back.
// See cli.ts.

const { join } = require("node:path");

const { main } = require(join(__dirname, "../../lib/dist/programs/cli/main.js"));

/** Keeps what is written to a stream instead. Returns how to end that, and get it. */
function keepOutput(stream) {
  const { write } = stream;
  const chunks = [];
  stream.write = (chunk, encoding, done = encoding) => {
    chunks.push(Buffer.from(chunk, typeof encoding === "string" ? encoding : "utf8"));
    if (typeof done === "function") process.nextTick(done);
    return true;
  };
  return () => {
    stream.write = write;
    return Buffer.concat(chunks).toString("utf8");
  };
}

process.on("message", async ({ id, args }) => {
  const environment = { ...process.env };
  const [stdout, stderr] = [keepOutput(process.stdout), keepOutput(process.stderr)];
  process.exitCode = undefined;
  await main([process.execPath, "token-geometry", ...args]);
  const status = Number(process.exitCode ?? 0);
  // What a command leaves to the end of its process.
  process.stdout.removeAllListeners("error");
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
  process.exitCode = undefined;
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.send({ id, result: { status, stdout: stdout(), stderr: stderr() } });
});
process.on("disconnect", () => process.exit());
