import { basename, extname } from "node:path";
import type { Command } from "commander";
import { Store } from "../../machine/experiment/store";
import { type TracedExperiment, type TraceState, traceExperiment, traceMerged } from "../../machine/experiment/trace";
import { type ProvenanceLine, provenanceLines } from "../../machine/render/provenanceLines";
import { readProvenance, TRACEABLE } from "../../machine/render/readMetadata";
import { UserError } from "../../machine/support/errors";
import { isThere } from "../../machine/support/pointerFile";
import { defaultStore } from "../../machine/support/project";
import { figureOf, provenanceByFigure } from "../report/records";
import { readNotebook } from "../runner/notebook";

interface TraceOptions {
  store?: string;
  json?: boolean;
}

/** What one file says of itself, held against the store. */
interface Trace {
  file: string;
  /** Of a file with several figures. */
  figure?: string;
  experiments: TracedExperiment[];
  /** Everything that the file says, for people. */
  lines: ProvenanceLine[];
}

/** `token-geometry trace`: from an exported file back to the results it was made of. */
export function traceCommand(program: Command): void {
  program
    .command("trace")
    .description(
      `Say which experiments and units of the store a file was made of, and whether the store still has them, unchanged (else: exit code 1). Files: figures and tables (${TRACEABLE.join(", ")}), executed notebooks (.ipynb), collected results of merge (.json).`,
    )
    .argument("<files...>", "exported files")
    .option("--store <folder>", "where results are kept (default: $TOKEN_GEOMETRY_STORE or store/ of the project)")
    .option("--json", "print everything as JSON: every unit and its key, hashes, versions, seed, backend, command")
    .action(async (files: string[], options: TraceOptions) => {
      const folder = options.store ?? defaultStore();
      const store = new Store(folder);
      const traces: Trace[] = [];
      for (const file of files) traces.push(...(await traceFile(store, file)));
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ store: folder, files: traces.map(({ lines, ...trace }) => trace) })}\n`
          : traces.map((trace) => `${describe(trace, folder)}\n`).join(""),
      );
      const whole = traces.every(({ experiments }) => experiments.every(({ state }) => state === "unchanged"));
      if (!whole) process.exitCode = 1;
    });
}

async function traceFile(store: Store, file: string): Promise<Trace[]> {
  if (!isThere(file)) throw new UserError(`${file}: no such file`);
  const ending = extname(file).toLowerCase();
  if (ending === ".json") {
    const merged = await traceMerged(store, file);
    return [{ file, experiments: [merged], lines: provenanceLines({ experiments: [merged.record] }) }];
  }
  if (ending !== ".ipynb") return traceProvenance(store, file, readProvenance(file));
  const outputs = readNotebook(file).cells.flatMap((cell) => cell.outputs ?? []);
  const figures = provenanceByFigure(
    outputs.flatMap((output) => {
      const figure = figureOf(output);
      return figure ? { ...figure, notebook: basename(file, ".ipynb") } : [];
    }),
  );
  if (Object.keys(figures).length === 0) {
    throw new UserError(`${file}: no figures with provenance; an executed notebook in out/notebooks has them`);
  }
  return traceProvenance(store, file, { figures });
}

/** One trace a file, or one a figure if it holds several (a notebook, a report). */
async function traceProvenance(store: Store, file: string, provenance: Record<string, unknown>): Promise<Trace[]> {
  if (isObject(provenance.figures)) {
    const traces: Trace[] = [];
    for (const [figure, own] of Object.entries(provenance.figures)) {
      const found = await traceProvenance(store, file, isObject(own) ? own : {});
      traces.push(...found.map((trace) => ({ ...trace, figure })));
    }
    return traces;
  }
  const records = Array.isArray(provenance.experiments) ? provenance.experiments.filter(isObject) : [];
  const experiments: TracedExperiment[] = [];
  for (const record of records) experiments.push(await traceExperiment(store, record));
  return [{ file, experiments, lines: provenanceLines(provenance) }];
}

const VERDICTS: Record<TraceState, string> = {
  unchanged: "all are there, unchanged",
  changed: "all are there, but with other numbers than the file's: it was computed again since",
  incomplete: "not all are there",
  gone: "this store does not know the experiment",
  unnamed: "the file does not name its manifest (it comes from an older version)",
};

function describe({ file, figure, experiments, lines }: Trace, store: string): string {
  const verdicts = experiments.map(({ state, record, manifest, units }) => {
    const name = typeof record.manifest === "string" ? `experiment ${record.manifest}` : "experiment";
    const count = (wanted: string) => units.filter((unit) => unit.state === wanted).length;
    const lost = (["missing", "damaged", "changed"] as const).filter((wanted) => count(wanted) > 0);
    const lists = lost.map((wanted) => `${count(wanted)} ${wanted}`).join(", ");
    const files = recordedFiles(record);
    const where = [manifest ?? (files.length > 0 ? undefined : store), ...files].filter((place) => place !== undefined);
    const total = units.length > 0 ? `${units.length} units in ${where.join(", ")}, ` : `${store}: `;
    return `  ${name}: ${total}${VERDICTS[state]}${lists === "" ? "" : ` (${lists})`}`;
  });
  return [
    `${file}${figure ? `, ${figure}` : ""}`,
    ...(experiments.length > 0 ? verdicts : ["  no experiment: its numbers are not this project's own"]),
    ...lines.map(([label, text]) => `  ${label}: ${text}`),
  ].join("\n");
}

/** Where the results of an experiment are recorded, as far as they are. */
function recordedFiles({ models }: Record<string, unknown>): string[] {
  const recorded = (Array.isArray(models) ? models : []).map((model) => isObject(model) && model.recorded);
  return recorded.flatMap((place) => (isObject(place) ? [`recorded in ${place.file}`] : []));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
