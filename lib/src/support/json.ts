import { readFileSync } from "node:fs";
import { messageOf, UserError } from "./errors";

/** Reads a JSON file that must hold an object. @throws UserError naming the file */
export function readJsonObject(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "no such file" : `cannot be read (${messageOf(error)})`;
    throw new UserError(`${path}: ${why}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`${path}: must hold a JSON object`);
  }
  return value as Record<string, unknown>;
}
