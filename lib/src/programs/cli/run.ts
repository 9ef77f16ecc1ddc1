import type { Command } from "commander";
import { describeBackend } from "../../machine/backend/backend";
import { runExperiment } from "../../machine/experiment/experiment";
import { assignedShard, parseShard, type Shard } from "../../machine/experiment/shard";
import { progressBar } from "../../machine/support/progressDisplay";
import { type ExperimentArguments, experimentOptions, experimentSettings } from "./experimentOptions";
import { wholeNumber } from "./options";

interface RunOptions extends ExperimentArguments {
  shard?: string;
  helpOthers?: boolean;
  store?: string;
  json?: boolean;
  workers?: number;
}

/** `token-geometry run`: an experiment, or a part of it, into the store. */
export function runCommand(program: Command): void {
  const command = program
    .command("run")
    .description("Measure every layer for models x prompts x shuffle indices, and keep the results in the store.");
  experimentOptions(command)
    .option(
      "--shard <i/n>",
      "only this part of the work (default: what the task of a Slurm array job or the pod of a Kubernetes Indexed Job is, else everything)",
    )
    .option("--help-others", "when the shard is done, compute what is left of the others; they must share the store")
    .option("--store <folder>", "where results are kept (default: $TOKEN_GEOMETRY_STORE or store/ of the project)")
    .option(
      "--workers <number>",
      "units measured at once (default: $TOKEN_GEOMETRY_WORKERS or as many as pay)",
      wholeNumber(1),
    )
    .option("--json", "print all results as JSON")
    .action(async (options: RunOptions) => {
      const shard = chooseShard(options.shard);
      endOnSignals();
      const experiment = await runExperiment(experimentSettings(options), {
        store: options.store,
        backend: options.backend,
        progress: progressBar("prompts"),
        shard,
        helpOthers: options.helpOthers,
        workers: options.workers,
      });
      if (experiment.backend) process.stderr.write(`${describeBackend(experiment.backend)}\n`);
      const { results, computed, reused, recorded, helped, seconds, manifestPath, manifest } = experiment;
      const others = helped > 0 ? `, ${helped} for other shards` : "";
      const taken = recorded > 0 ? `, ${recorded} are recorded` : "";
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ manifest, results })}\n`
          : `${computed} units computed${others} in ${seconds.toFixed(1)} s, ${reused} were in the store${taken}; ${manifestPath}\n`,
      );
    });
}

function chooseShard(wish: string | undefined): Shard | undefined {
  if (wish !== undefined) return parseShard(wish);
  const shard = assignedShard();
  if (shard) {
    process.stderr.write(`${shard.by}: shard ${shard.index}/${shard.count} (--shard 0/1 computes everything)\n`);
  }
  return shard;
}

/** Ends the program the usual way when it is asked to stop, so that it gives back what it has claimed; see {@link UnitClaims}. */
function endOnSignals(): void {
  const codes: [NodeJS.Signals, number][] = [
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ];
  for (const [signal, code] of codes) {
    process.once(signal, () => {
      process.stderr.write(`\nstopped by ${signal}; finished units are kept: run again for the rest\n`);
      process.exit(code);
    });
  }
}
