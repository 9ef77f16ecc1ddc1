import { join } from "node:path";
import { UserError } from "../support/errors";
import { readJsonObject, shown } from "../support/json";

/** A checkpoint's config.json, read field by field so that every error names the file and the field. */
export class CheckpointConfig {
  constructor(
    readonly fields: Readonly<Record<string, unknown>>,
    /** For messages. */
    readonly path: string,
  ) {}

  /** The same with further fields, or others. */
  with(fields: Record<string, unknown>): CheckpointConfig {
    return new CheckpointConfig({ ...this.fields, ...fields }, this.path);
  }

  get modelType(): string {
    return this.text("model_type");
  }

  /** A whole number above 0. Several spellings may be given; the first that is there counts. */
  count(...names: string[]): number {
    const value = this.first(names);
    if (!Number.isSafeInteger(value) || (value as number) <= 0) this.refuse(names, "a whole number above 0", value);
    return value as number;
  }

  /** The same for a field that may be missing or null: `fallback` then. */
  countOr(name: string, fallback: number): number {
    return this.has(name) ? this.count(name) : fallback;
  }

  /** A finite number; without `fallback` it has to be there. */
  number(name: string, fallback?: number): number {
    const value = this.fields[name] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) this.refuse([name], "a number", value);
    return value as number;
  }

  /** A list of `count` finite numbers. */
  numbers(name: string, count: number): number[] {
    const value = this.fields[name];
    const good = Array.isArray(value) && value.length === count && value.every((item) => Number.isFinite(item));
    if (!good) this.refuse([name], `a list of ${count} numbers`, value);
    return value as number[];
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.fields[name] ?? fallback;
    if (typeof value !== "boolean") this.refuse([name], "true or false", value);
    return value as boolean;
  }

  text(name: string, fallback?: string): string {
    const value = this.fields[name] ?? fallback;
    if (typeof value !== "string") this.refuse([name], "a text", value);
    return value as string;
  }

  /** An object of settings inside the config, or undefined where it is missing or null. */
  section(name: string): CheckpointConfig | undefined {
    const value = this.fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) this.refuse([name], "an object", value);
    return new CheckpointConfig(value as Record<string, unknown>, `${this.path}, ${name}`);
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  /** Refuses a setting that would change the numbers and is not built here. */
  unsupported(name: string, what = shown(this.fields[name])): never {
    throw new UserError(`${this.path}: ${name} = ${what} is not supported`);
  }

  /** Refuses those of some settings that are there and neither null nor false. */
  refuseAny(...names: string[]): void {
    const found = names.find((name) => this.has(name) && this.fields[name] !== false);
    if (found !== undefined) this.unsupported(found);
  }

  private first(names: string[]): unknown {
    return this.fields[names.find((name) => this.has(name)) ?? names[0]];
  }

  private refuse(names: string[], wanted: string, value: unknown): never {
    const found = value === undefined ? "is missing" : `is ${shown(value)}`;
    throw new UserError(`${this.path}: ${names.join(" or ")} ${found}; it must be ${wanted}`);
  }
}

/** Reads config.json of a model folder. @throws UserError if the folder or the file is not there or not readable */
export function readConfig(folder: string): CheckpointConfig {
  const path = join(folder, "config.json");
  return new CheckpointConfig(readJsonObject(path), path);
}
