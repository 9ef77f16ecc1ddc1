import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { messageOf, UserError } from "../support/errors";
import { parseNpy } from "../support/npy";
import { isThere } from "../support/pointerFile";
import { PROJECT_ROOT } from "../support/project";
import { metricNamed } from "./entries";
import { filesOf, type RecordedPart, readDescription, type StudyDescription } from "./recordedDescription";
import { readRecordedFile, readRows } from "./recordedTable";
import { metricWith, ResultOfRows } from "./tidyRows";
import { entryOf, resultOf, type StoredUnit, type UnitInputs, type UnitResult, unitKey } from "./unit";

/** The environment variable that names another folder of recorded studies; "0" is for none. */
export const RECORDED_VARIABLE = "TOKEN_GEOMETRY_RECORDED";

/** Where recorded studies lie: TOKEN_GEOMETRY_RECORDED, else data/recorded of the project; undefined if none are wanted. */
export function recordedFolder(): string | undefined {
  const named = process.env[RECORDED_VARIABLE];
  if (named === "0") return undefined;
  return named || join(PROJECT_ROOT, "data/recorded");
}

/** The recorded result of one prompt in one order. */
export interface RecordedUnit {
  prompt: string;
  shuffleIndex: number;
  /** What it depended on: its key is the one that it had in the store. */
  inputs: UnitInputs;
  /** The further metrics that were recorded, as units of their own. */
  further: { name: string; inputs: UnitInputs }[];
  part: RecordedPart;
}

/** Studies that were opened, by path and by the hash of their table: what was read once stays. */
const opened = new Map<string, RecordedStudy>();

/** Opens the study of that name. @throws UserError if its description is damaged; undefined if there is none */
export function openStudy(name: string, folder: string | undefined = recordedFolder()): RecordedStudy | undefined {
  if (folder === undefined || !/^[\w][\w.@-]*$/.test(name)) return undefined;
  const path = join(folder, `${name}.json`);
  if (!isThere(path)) return undefined;
  const description = readDescription(path);
  const id = `${path} ${JSON.stringify(description)}`;
  const study = opened.get(id) ?? new RecordedStudy(path, description);
  opened.set(id, study);
  return study;
}

/** The names of all recorded studies. */
export function recordedNames(folder: string | undefined = recordedFolder()): string[] {
  if (folder === undefined || !existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.map((name) => name.slice(0, -".json".length)).sort();
}

/** Recorded results of one model; they are read when they are asked for. */
export class RecordedStudy {
  readonly units: readonly RecordedUnit[];
  private readonly results = new Map<RecordedPart, Map<string, UnitResult>>();
  private readonly byKey = new Map<string, { unit: RecordedUnit; further?: string }>();

  /** @param path of the description */
  constructor(
    readonly path: string,
    readonly description: StudyDescription,
  ) {
    this.units = unitsOf(description);
    for (const unit of this.units) {
      this.byKey.set(unitKey(unit.inputs), { unit });
      for (const { name, inputs } of unit.further) this.byKey.set(unitKey(inputs), { unit, further: name });
    }
  }

  /** What files that use the study say of it: the table's path, from the project's folder on if it is inside, and its hash. */
  get source(): { file: string; sha256: string } {
    const { table } = filesOf(this.path, this.description);
    const inside = relative(PROJECT_ROOT, table);
    const file = inside.startsWith("..") || isAbsolute(inside) ? table : inside.replaceAll("\\", "/");
    return { file, sha256: this.description.table.sha256 };
  }

  /**
   * Reads the results of some units, as far as they have not been read.
   *
   * @throws UserError naming the file, if it is damaged or not the one that was recorded
   */
  async load(units: Iterable<RecordedUnit>): Promise<void> {
    const parts = [...new Set([...units].map(({ part }) => part))].filter((part) => !this.results.has(part));
    if (parts.length === 0) return;
    const files = filesOf(this.path, this.description);
    const bytes = readRecordedFile(files.table, this.description.table);
    for (const part of parts) this.results.set(part, await this.readPart(files.table, bytes, part));
  }

  /** The result of a unit that was read, with the further metrics that it lists, as far as they are recorded. */
  resultOf({ part, prompt, further }: RecordedUnit): UnitResult {
    const whole = this.results.get(part)!.get(prompt)!;
    const names = further.map(({ name }) => name).filter((name) => (part.metrics as string[]).includes(name));
    return this.only([...this.core, ...names], whole) as UnitResult;
  }

  /** What the study has under a name of the store, once it was read; see {@link load}. */
  read<Result = UnitResult>(key: string): StoredUnit<Result> | "missing" {
    const known = this.byKey.get(key);
    const whole = known && this.results.get(known.unit.part)?.get(known.unit.prompt);
    if (!known || !whole) return "missing";
    const { unit, further } = known;
    const inputs = further ? unit.further.find(({ name }) => name === further)!.inputs : unit.inputs;
    const result = this.only(further ? [further] : this.core, whole) as Result;
    return { inputs, result, provenance: { ...this.description.computedBy[0], recorded: this.source.file } };
  }

  /** The units of these names. */
  unitsWith(keys: Iterable<string>): RecordedUnit[] {
    return [...keys].flatMap((key) => this.byKey.get(key)?.unit ?? []);
  }

  /** What of a unit needs not be asked for, in its present version. */
  private get core(): string[] {
    const names = ["prediction", ...Object.keys(layerMetrics(this.description))];
    return names.filter((name) => isRecordedNow(this.description, name));
  }

  private only(names: readonly string[], whole: UnitResult): Partial<UnitResult> {
    return resultOf(Object.fromEntries(names.map((name) => [name, entryOf(whole, name)])));
  }

  private async readPart(table: string, bytes: Buffer, part: RecordedPart): Promise<Map<string, UnitResult>> {
    const { model, parts } = this.description;
    const metrics = [...this.core, ...part.metrics.filter((name) => isRecordedNow(this.description, name))];
    // Rows of metrics that have changed since may be others than these have now.
    const outdated = Object.keys(this.description.metrics).some((name) => !isRecordedNow(this.description, name));
    const builders = new Map(part.prompts.map((prompt) => [prompt, new ResultOfRows(model.layers, metrics)]));
    const before = parts.slice(0, parts.indexOf(part)).reduce((sum, { rows }) => sum + rows, 0);
    try {
      await readRows(table, bytes, before, before + part.rows, ({ prompt, ...row }) => {
        const builder = builders.get(prompt);
        if (!builder) throw new UserError(`a row of the prompt "${prompt}"`);
        if (!outdated || metrics.includes(metricWith(row.quantity))) builder.add(row);
      });
      const results = part.prompts.map((prompt) => builders.get(prompt)!.result());
      const vectors = part.metrics.includes("lastToken") ? this.lastTokens(part) : undefined;
      return new Map(
        part.prompts.map((prompt, i) => {
          const lastToken = vectors?.get(prompt);
          return [prompt, { ...results[i], ...(lastToken && { lastToken }) }];
        }),
      );
    } catch (error) {
      const { lastToken } = filesOf(this.path, this.description);
      if ([table, lastToken].some((file) => file !== undefined && messageOf(error).startsWith(file))) throw error;
      throw new UserError(`${table}: not the table that ${this.path} describes: ${messageOf(error)}`, { cause: error });
    }
  }

  private lastTokens({ prompts }: RecordedPart): Map<string, string[]> {
    const path = filesOf(this.path, this.description).lastToken;
    if (!path) throw new UserError("vectors of the last token are not there");
    const { shape, data } = parseNpy(readRecordedFile(path, this.description.lastToken!), path);
    const { layers } = this.description.model;
    const [, , width] = shape;
    if (shape.length !== 3 || shape[0] !== prompts.length || shape[1] !== layers || !(data instanceof Float32Array)) {
      throw new UserError(`${path}: has shape [${shape}] instead of [${prompts.length},${layers},width]`);
    }
    const vector = (row: number): string => {
      const values = data.slice(row * width, (row + 1) * width);
      return Buffer.from(values.buffer).toString("base64");
    };
    return new Map(
      prompts.map((name, i) => [name, Array.from({ length: layers }, (_, layer) => vector(i * layers + layer))]),
    );
  }
}

/** Whether a study has a metric in its present version. Of the prediction, which it does not name, there was one only. */
export function isRecordedNow({ metrics }: StudyDescription, name: string): boolean {
  const recorded = name === "prediction" ? 1 : metrics[name];
  return recorded !== undefined && metricNamed(name)?.version === recorded;
}

/** The metrics of the layers that every unit of a study has, with their versions: those that no part had to be asked for. */
function layerMetrics({ metrics, parts }: StudyDescription): Record<string, number> {
  const asked = new Set<string>(parts.flatMap((part) => part.metrics));
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !asked.has(name)));
}

function unitsOf(description: StudyDescription): RecordedUnit[] {
  const { model, settings, prompts, parts, metrics } = description;
  const checkpoint = Object.fromEntries(Object.entries(model.files).map(([name, { sha256 }]) => [name, sha256]));
  const ids = new Map(prompts.map((prompt) => [prompt.name, prompt.ids]));
  return parts.flatMap((part) =>
    part.prompts.map((prompt): RecordedUnit => {
      const { shuffleIndex, bos, leaveOut } = part;
      const inputs: UnitInputs = {
        checkpoint,
        ids: ids.get(prompt)![String(shuffleIndex)],
        tokens: settings.tokens,
        ...(bos && { bos: model.bos }),
        ...(leaveOut > 0 && { leaveOut }),
        metrics: layerMetrics(description),
        dtype: settings.dtype,
        backend: settings.backend,
      };
      const further = part.metrics.map((name) => ({ name, inputs: { ...inputs, metrics: { [name]: metrics[name] } } }));
      return { prompt, shuffleIndex, inputs, further, part };
    }),
  );
}
