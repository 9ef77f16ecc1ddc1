/**
 * How a thing stands: `ok`; `note`: works, and could be better; `gap`: something optional is missing; `broken`: something that is
 * needed does not work.
 */
export type FindingState = "ok" | "note" | "gap" | "broken";

/** One thing that the doctor looked at. */
export interface Finding {
  /** What was looked at, in a word or two: "Node". */
  name: string;
  state: FindingState;
  /** What was found, in one line. */
  found: string;
  /** What to do about it, in one line; there for everything that is not ok. */
  todo?: string;
  /** The same as data, for programs. */
  facts?: Record<string, unknown>;
}

/** One check. It answers with one finding or several; what it throws becomes a finding that is broken. */
export interface Check {
  name: string;
  run(): Finding[] | Promise<Finding[]>;
}

/** Bytes as people write them: "512 MB", "1.5 GB". */
export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
