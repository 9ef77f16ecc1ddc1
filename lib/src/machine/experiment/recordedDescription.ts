import { basename, dirname, join } from "node:path";
import { UserError } from "../support/errors";
import { readJsonObject } from "../support/json";
import type { AskedMetricName } from "./entries";

/** Of the recorded studies that this version writes and reads. */
export const STUDY_FORMAT = 1;

/** A file and how it is known to be whole. */
export interface RecordedFile {
  /** Beside the description. */
  file: string;
  sha256: string;
  bytes: number;
}

/** Results of one order of prompts, read in one way: one row group of the table. */
export interface RecordedPart {
  shuffleIndex: number;
  /** See {@link ExperimentSettings.bos} and {@link ExperimentSettings.leaveOut}. */
  bos: boolean;
  leaveOut: number;
  /** Names of the prompts. */
  prompts: string[];
  /** What was measured besides the geometry of the layers. */
  metrics: AskedMetricName[];
  rows: number;
}

/** What a recorded study says of itself: a model's results on the embedded prompts, and everything that they depend on. */
export interface StudyDescription {
  format: typeof STUDY_FORMAT;
  model: {
    /** By which the study is asked for. */
    name: string;
    /** As results are labelled. */
    checkpoint: string;
    /** Of the checkpoint, by name. */
    files: Record<string, { sha256: string; bytes: number }>;
    /** SHA-256 of the tokenizer's files, where they are files of their own. */
    tokenizer: Record<string, string>;
    /** How many tensors there are of each type. */
    weights: Record<string, number>;
    /** The types in words, if any are quantized: wherever numbers from it are shown, they are told. */
    quantized?: string;
    /** Number of hidden states, L + 1. */
    layers: number;
    /** Id of the beginning-of-text token, if it was put in front. */
    bos?: number;
  };
  settings: {
    prompts: "embedded";
    tokens: number;
    seed: string;
    captured: "float32";
    dtype: "float32";
    backend: string;
  };
  /** SHA-256 of each prompt's text, and of its tokens in the order of each shuffle index. */
  prompts: { name: string; text: string; ids: Record<string, string> }[];
  /** Version of each metric. */
  metrics: Record<string, number>;
  parts: RecordedPart[];
  /** Tidy rows as Parquet, a row group a part. */
  table: RecordedFile;
  /** Vectors of the last token as .npy [prompts, layers, width], of the prompts of the part that has the metric. */
  lastToken?: RecordedFile;
  /** By what it was computed: backend, device, versions. */
  computedBy: Record<string, unknown>[];
  command: string;
  date: string;
}

/** Which results a part holds, in words: "S = 5 with bos". */
export function partInWords({
  shuffleIndex,
  bos,
  leaveOut,
}: Pick<RecordedPart, "shuffleIndex" | "bos" | "leaveOut">): string {
  return [`S = ${shuffleIndex}`, bos ? " with bos" : "", leaveOut > 0 ? ` with leaveOut ${leaveOut}` : ""].join("");
}

/**
 * Reads the description of a recorded study.
 *
 * @throws UserError naming the file, if it is not there, damaged, or of a format that this version does not know
 */
export function readDescription(path: string): StudyDescription {
  const value = readJsonObject(path);
  if (value.format !== STUDY_FORMAT) {
    throw new UserError(
      `${path}: a recorded study of format ${JSON.stringify(value.format)}; this version knows ${STUDY_FORMAT}`,
    );
  }
  if (!isDescription(value)) throw new UserError(`${path}: damaged description of a recorded study`);
  return value;
}

/** Paths of a study's files. */
export function filesOf(path: string, { table, lastToken }: StudyDescription): { table: string; lastToken?: string } {
  const beside = (file: string): string => join(dirname(path), basename(file));
  return { table: beside(table.file), ...(lastToken && { lastToken: beside(lastToken.file) }) };
}

function isDescription(value: Record<string, unknown>): value is Record<string, unknown> & StudyDescription {
  const { model, settings, prompts, metrics, parts, table, lastToken, computedBy, command, date } = value;
  if (!isObject(model) || !isObject(settings) || !isObject(metrics)) return false;
  if (![model.name, model.checkpoint, settings.seed, settings.backend, command, date].every(isText)) return false;
  if (settings.prompts !== "embedded" || settings.captured !== "float32" || settings.dtype !== "float32") return false;
  if (!isCount(settings.tokens) || !isCount(model.layers) || model.layers > MOST_LAYERS) return false;
  if (!isObject(model.files) || !Object.values(model.files).every((file) => isObject(file) && isHash(file.sha256)))
    return false;
  if (!isObject(model.tokenizer) || !Object.values(model.tokenizer).every(isHash) || !isObject(model.weights))
    return false;
  if (model.bos !== undefined && !isCount(model.bos)) return false;
  if (model.quantized !== undefined && !isText(model.quantized)) return false;
  const versions = Object.values(metrics);
  if (!versions.every(isCount) || !Array.isArray(computedBy) || !computedBy.every(isObject)) return false;
  if (!Array.isArray(prompts) || !prompts.every(isPrompt) || !Array.isArray(parts)) return false;
  const hashes = new Map(prompts.map(({ name, ids }) => [name, ids]));
  return parts.every((part) => isPart(part, hashes)) && isFile(table) && (lastToken === undefined || isFile(lastToken));
}

/** Real models have up to some hundred. */
const MOST_LAYERS = 10_000;

function isPrompt(value: unknown): value is StudyDescription["prompts"][number] {
  return (
    isObject(value) &&
    isText(value.name) &&
    isHash(value.text) &&
    isObject(value.ids) &&
    Object.values(value.ids).every(isHash)
  );
}

function isPart(value: unknown, hashes: ReadonlyMap<string, Record<string, string>>): value is RecordedPart {
  if (!isObject(value) || ![value.shuffleIndex, value.leaveOut, value.rows].every(isCount)) return false;
  if (typeof value.bos !== "boolean" || !Array.isArray(value.prompts) || !Array.isArray(value.metrics)) return false;
  const order = String(value.shuffleIndex);
  return (
    value.prompts.every((name) => isText(name) && isHash(hashes.get(name)?.[order])) && value.metrics.every(isText)
  );
}

function isFile(value: unknown): value is RecordedFile {
  return isObject(value) && isText(value.file) && isHash(value.sha256) && isCount(value.bytes);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
