import { UserError } from "../support/errors";
import { shown } from "../support/json";
import type { GgufHeader, GgufValue, NumericArray } from "./header";

/** The metadata of a GGUF file, read key by key so that every error names the file and the key. */
export class GgufFields {
  constructor(private readonly header: Pick<GgufHeader, "path" | "metadata">) {}

  get path(): string {
    return this.header.path;
  }

  has(key: string): boolean {
    return this.header.metadata.has(key);
  }

  /** Without `fallback` it has to be there. */
  text(key: string, fallback?: string): string {
    const value = this.header.metadata.get(key) ?? fallback;
    return typeof value === "string" ? value : this.refuse(key, "a text", value);
  }

  /** A finite number, which may be whole or not; without `fallback` it has to be there. */
  number(key: string, fallback?: number): number {
    const value = this.header.metadata.get(key) ?? fallback;
    return typeof value === "number" && Number.isFinite(value) ? value : this.refuse(key, "a number", value);
  }

  /** A whole number above 0; without `fallback` it has to be there. */
  count(key: string, fallback?: number): number {
    const value = this.header.metadata.get(key) ?? fallback;
    const isCount = typeof value === "number" && Number.isSafeInteger(value) && value > 0;
    return isCount ? value : this.refuse(key, "a whole number above 0", value);
  }

  /** A whole number from 0 on, such as the id of a token; undefined if it is not there. */
  index(key: string): number | undefined {
    const value = this.header.metadata.get(key);
    const isIndex = value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0);
    return isIndex ? value : this.refuse(key, "a whole number from 0 on", value);
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.header.metadata.get(key) ?? fallback;
    return typeof value === "boolean" ? value : this.refuse(key, "true or false", value);
  }

  /** An array of texts. */
  texts(key: string): readonly string[] {
    const value = this.header.metadata.get(key);
    // An array is all of one type, see metadata.ts.
    const isTexts = Array.isArray(value) && typeof (value[0] ?? "") === "string";
    return isTexts ? (value as string[]) : this.refuse(key, "an array of texts", value);
  }

  /** An array of numbers of at most 32 bits, or of floats. */
  numbers(key: string): Exclude<NumericArray, BigInt64Array | BigUint64Array> {
    const value = this.header.metadata.get(key);
    const isNumbers =
      ArrayBuffer.isView(value) && !(value instanceof BigInt64Array) && !(value instanceof BigUint64Array);
    return isNumbers ? value : this.refuse(key, "an array of numbers", value);
  }

  /** Refuses a setting that would change the numbers and is not built here. */
  unsupported(key: string): never {
    throw new UserError(`${this.path}: ${key} = ${shownValue(this.header.metadata.get(key))} is not supported`);
  }

  private refuse(key: string, wanted: string, value: GgufValue | undefined): never {
    const found = value === undefined ? "is missing" : `is ${shownValue(value)}`;
    throw new UserError(`${this.path}: ${key} ${found}; it must be ${wanted}`);
  }
}

/** As a message shows a value: of an array its length. */
function shownValue(value: GgufValue | undefined): string {
  if (typeof value === "object") return `an array of ${value.length}`;
  return typeof value === "bigint" ? String(value) : shown(value);
}
