import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { writeFileAtomically } from "../support/files";

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

/** Tells how many shards there are where the cluster tells only which one this is (Kubernetes). */
export const SHARDS_VARIABLE = "TOKEN_GEOMETRY_SHARDS";

/** A shard, and who said so; for messages. */
export interface AssignedShard extends Shard {
  by: string;
}

/**
 * The shard that a cluster has assigned to this process: its place among the tasks of a Slurm array job, whatever number
 * the array starts at, or among the pods of a Kubernetes Indexed Job.
 *
 * @returns undefined outside of both
 * @throws UserError if the place or the number of places cannot be told
 */
export function assignedShard(environment: NodeJS.ProcessEnv = process.env): AssignedShard | undefined {
  return slurmShard(environment) ?? kubernetesShard(environment);
}

function slurmShard(environment: NodeJS.ProcessEnv): AssignedShard | undefined {
  const read = (name: string): number | undefined => wholeNumber(environment[`SLURM_ARRAY_TASK_${name}`]);
  const [id, count, first, step] = [read("ID"), read("COUNT"), read("MIN"), read("STEP") ?? 1];
  if (id === undefined || count === undefined || first === undefined) return undefined;
  const index = (id - first) / step;
  if (!isShard(index, count)) {
    throw new UserError(
      `SLURM_ARRAY_TASK_ID is ${id}, but the array has ${count} tasks from ${first} on in steps of ${step}: number them without gaps, or say --shard i/n`,
    );
  }
  return { index, count, by: `task ${id} of a Slurm array of ${count}` };
}

function kubernetesShard(environment: NodeJS.ProcessEnv): AssignedShard | undefined {
  const index = wholeNumber(environment.JOB_COMPLETION_INDEX);
  if (index === undefined) return undefined;
  const count = wholeNumber(environment[SHARDS_VARIABLE]);
  if (count === undefined || !isShard(index, count)) {
    throw new UserError(
      `JOB_COMPLETION_INDEX is ${index}, and ${SHARDS_VARIABLE} is ${count ?? "not set"}: set it to the Job's completions, or say --shard i/n`,
    );
  }
  return { index, count, by: `pod ${index} of a Kubernetes Job of ${count}` };
}

/** A variable as a number, NaN if it is something else; undefined if it is not set. */
function wholeNumber(text: string | undefined): number | undefined {
  return text === undefined || text === "" ? undefined : Number(text);
}

function isShard(index: number, count: number): boolean {
  return Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count;
}

/** The units of a shard. The order of the units decides, which is the same for everyone who plans the same experiment. */
export function unitsOfShard<Unit>(units: readonly Unit[], shard: Shard | undefined): Unit[] {
  return units.filter((_, place) => !shard || shardOf(place, shard.count) === shard.index);
}

/** Which of `count` shards the unit at a place belongs to: neighbors go to different ones, so that all have alike work. */
export function shardOf(place: number, count: number): number {
  return place % count;
}

/**
 * Notes beside an experiment's manifest into how many shards it is cut, for `status`. The last one to begin is right.
 *
 * @throws UserError if the store cannot be written
 */
export function noteShards(store: string, experiment: string, { count }: Shard): void {
  if (notedShards(store, experiment) !== count) writeFileAtomically(noteOf(store, experiment), `${count}\n`);
}

/** Into how many shards an experiment was cut last; undefined if it never was. */
export function notedShards(store: string, experiment: string): number | undefined {
  try {
    const count = Number(readFileSync(noteOf(store, experiment), "utf8"));
    return isShard(0, count) ? count : undefined;
  } catch {
    return undefined;
  }
}

const noteOf = (store: string, experiment: string): string => join(store, "experiments", `${experiment}.shards`);
