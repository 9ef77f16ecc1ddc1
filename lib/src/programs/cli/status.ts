import type { Command } from "commander";
import { type ExperimentStatus, experimentStatus, type Progress } from "../../machine/experiment/status";
import { Store } from "../../machine/experiment/store";
import {
  experimentsOf,
  plannedExperiment,
  readManifest,
  type StoredExperiment,
} from "../../machine/experiment/storedExperiment";
import { UserError } from "../../machine/support/errors";
import { defaultStore } from "../../machine/support/project";
import { type ExperimentArguments, experimentOptions, experimentSettings } from "./experimentOptions";
import { wholeNumber } from "./options";

interface StatusOptions extends ExperimentArguments {
  store?: string;
  manifest?: string[];
  shards?: number;
  quick?: boolean;
  json?: boolean;
}

/** `token-geometry status`: how far experiments have come. */
export function statusCommand(program: Command): void {
  const command = program
    .command("status")
    .description(
      "How far the experiments of a store have come: done, running, missing, time left. All of them, or those of --manifest, or the one that the options of run describe.",
    );
  experimentOptions(command)
    .option("--manifest <files...>", "manifests of experiments (in the store's folder experiments/)")
    .option("--store <folder>", "where results are kept (default: $TOKEN_GEOMETRY_STORE or store/ of the project)")
    .option("--shards <number>", "how far each of so many shards is (default: as it was cut last)", wholeNumber(1))
    .option("--quick", "only look whether results are there, without reading and checking them")
    .option("--json", "print everything as JSON: every unit and its key, hashes, versions, seed, backend, command")
    .action(async (options: StatusOptions) => {
      const folder = options.store ?? defaultStore();
      const experiments = await chosenExperiments([folder], options);
      const statuses = experiments.map((experiment) => experimentStatus(new Store(folder), experiment, options));
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ store: folder, experiments: statuses })}\n`
          : statuses.map((status) => `${describe(status)}\n`).join(""),
      );
    });
}

/**
 * The experiments that the options of a command name: manifests, or settings, or all that the stores know.
 *
 * @throws UserError if there are none
 */
export async function chosenExperiments(
  stores: readonly string[],
  options: ExperimentArguments & { manifest?: string[] },
): Promise<StoredExperiment[]> {
  if (options.manifest) return options.manifest.map(readManifest);
  if (options.model) return [await plannedExperiment(experimentSettings(options), { backend: options.backend })];
  const found = stores.flatMap(experimentsOf);
  if (found.length === 0) throw new UserError(`${stores.join(", ")}: no experiment was begun there`);
  return found;
}

function describe(status: ExperimentStatus): string {
  const { name, facts, models, workers, shards } = status;
  const hosts = new Set(workers.map(({ host }) => host)).size;
  const people =
    workers.length > 0
      ? ` by ${count(workers.length, "worker")} on ${count(hosts, "machine")}`
      : " (nobody is at work)";
  return [
    `${name}: ${progressOf(status, status.done < status.total ? people : "")}`,
    `  ${models.map((model) => `${model.name} (${count(model.units, "unit")})`).join(", ")}; ${facts.backend === undefined ? "recorded" : `${facts.backend}, ${facts.device}`}`,
    ...(typeof facts.command === "string" ? [`  ${facts.command}`] : []),
    ...shards.map((shard, index) => `  shard ${index}/${shards.length}: ${progressOf(shard)}`),
  ].join("\n");
}

function progressOf({ total, done, running, missing, damaged, secondsLeft }: Progress, people = ""): string {
  if (total === 0) return "nothing to do";
  const percent = Math.floor((100 * done) / total);
  const again = damaged > 0 ? `, ${damaged} damaged` : "";
  const left = done < total && secondsLeft !== null ? `, about ${duration(secondsLeft)} left` : "";
  return `${done} of ${total} done (${percent} %), ${running} running${people}, ${missing} missing${again}${left}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
