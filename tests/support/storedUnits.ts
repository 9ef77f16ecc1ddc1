import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "./cli";

/** The names of the units of a store of which everything is there: files that only say which entries hold their results. */
export function storedUnits(store: string): string[] {
  const folder = join(store, "units");
  const names = existsSync(folder) ? filesBelow(folder).filter((name) => name.endsWith(".json")) : [];
  const isUnit = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")).result === undefined;
  return names.filter(isUnit).map((name) => name.slice(-69, -5));
}
