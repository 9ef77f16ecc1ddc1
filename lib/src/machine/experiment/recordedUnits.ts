import { UserError } from "../support/errors";
import { openStudy, type RecordedStudy, type RecordedUnit, recordedNames } from "./recordedStudy";
import { keysOf, type ListedModel, type ListedUnit } from "./storedExperiment";
import { type StoredUnit, type UnitResult, unitKey } from "./unit";

/** Something that has units by the names that they have in a store: a store, or recorded studies. */
export interface UnitSource {
  /** Where it is; for messages. */
  folder: string;
  read<Result = UnitResult>(key: string): StoredUnit<Result> | "missing" | "damaged";
}

/** What the first of two has, and what only the second has. */
export function eitherSource(first: UnitSource, second: UnitSource): UnitSource {
  return {
    folder: [first, second].map(({ folder }) => folder).join(", "),
    read<Result>(key: string) {
      const found = first.read<Result>(key);
      return found === "missing" ? second.read<Result>(key) : found;
    },
  };
}

/** The study whose table a file names by its hash; undefined if it is not here. */
export function studyWith({ sha256 }: { sha256: string }): RecordedStudy | undefined {
  for (const name of recordedNames()) {
    try {
      const study = openStudy(name);
      if (study?.description.table.sha256 === sha256) return study;
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // A damaged description is not the one that is looked for.
    }
  }
  return undefined;
}

/**
 * The recorded results of models as a store would have them. A model whose study is not here, or is damaged, has none.
 *
 * @param models as a manifest lists them; all units of a study where none are listed
 */
export async function recordedUnits(
  models: readonly (Pick<ListedModel, "recorded"> & { units?: readonly ListedUnit[] })[],
): Promise<UnitSource> {
  const studies: RecordedStudy[] = [];
  const damaged = new Set<string>();
  for (const { recorded, units } of models) {
    const study = recorded && studyWith(recorded);
    if (!study) continue;
    const wanted = units ? study.unitsWith(units.flatMap(keysOf)) : study.units;
    try {
      await study.load(wanted);
      studies.push(study);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const key of wanted.flatMap(keysOfRecorded)) damaged.add(key);
    }
  }
  return {
    folder: studies.map(({ source }) => source.file).join(", "),
    read<Result>(key: string) {
      if (damaged.has(key)) return "damaged";
      const found = studies.map((study) => study.read<Result>(key));
      return found.find((unit): unit is StoredUnit<Result> => unit !== "missing") ?? "missing";
    },
  };
}

function keysOfRecorded({ inputs, further }: RecordedUnit): string[] {
  return [inputs, ...further.map((part) => part.inputs)].map(unitKey);
}
