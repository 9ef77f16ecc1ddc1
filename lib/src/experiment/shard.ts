import { UserError } from "../support/errors";

/** A part of an experiment: of its units in their order, every `count`-th one. */
export interface Shard {
  /** 0..count-1. */
  index: number;
  count: number;
}

/**
 * Reads "i/n". Counting may start at 0 or at 1: what counts is i modulo n, so that 0/4..3/4 and 1/4..4/4 are both all
 * of an experiment.
 *
 * @throws UserError if it is something else
 */
export function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text.trim()) ?? []).map(Number);
  if (!(count >= 1) || index > count) {
    throw new UserError(`shard "${text}": must be i/n with whole numbers, i from 0 to n, like 2/4`);
  }
  return { index: index % count, count };
}

/**
 * The shard that a task of a Slurm array job is: its place among the tasks, whatever number the array starts at.
 *
 * @returns undefined outside array jobs
 * @throws UserError if the array's numbers are not evenly spaced, so that the task's place cannot be told
 */
export function slurmShard(environment: NodeJS.ProcessEnv = process.env): Shard | undefined {
  const read = (name: string): number | undefined => {
    const text = environment[`SLURM_ARRAY_TASK_${name}`];
    return text === undefined || text === "" ? undefined : Number(text);
  };
  const [id, count, first, step] = [read("ID"), read("COUNT"), read("MIN"), read("STEP") ?? 1];
  if (id === undefined || count === undefined || first === undefined) return undefined;
  const index = (id - first) / step;
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 0 || index >= count) {
    throw new UserError(
      `SLURM_ARRAY_TASK_ID is ${id}, but the array has ${count} tasks from ${first} on in steps of ${step}: number them without gaps, or say --shard i/n`,
    );
  }
  return { index, count };
}

/** The units of a shard. The order of the units decides, which is the same for everyone who plans the same experiment. */
export function unitsOfShard<Unit>(units: readonly Unit[], shard: Shard | undefined): Unit[] {
  return units.filter((_, place) => !shard || place % shard.count === shard.index);
}
