import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../support/errors";
import { makeFolder } from "../support/files";
import {
  EXPIRY,
  HEARTBEAT,
  Heart,
  type Holder,
  hasEnded,
  LifeWatch,
  readHolder,
  removeHeld,
  thisHolder,
  tryRemove,
} from "../support/signsOfLife";

/** Locks that this program holds, or is about to take: one of its number on disk that is not here is left behind. */
const held = new Set<string>();

/** Tries to remove a lock that was left behind: others who do the same at once are in each other's way. */
const REMOVALS = 20;

/** A lock that this program has. */
export interface Lock {
  /** Whether it was taken from one that stood still, which may go on one day and write where it wrote. */
  takenOver: boolean;
  /** @throws UserError if another program has taken it over, because this one stood still */
  check(): void;
}

export interface LockOptions {
  /** Milliseconds between two looks. */
  pause?: number;
  /** Milliseconds between two signs of life. */
  every?: number;
  /** Milliseconds without a sign of life after which a lock counts as left behind. */
  expiry?: number;
  /** Is called once, if there is another one to wait for: "process 12 on node7", or "another program". */
  onWait?(whom: string): void;
  /** Is told of one who gave no sign of life, whose lock is taken over. */
  onTakeOver?(whom: string): void;
}

/**
 * Runs work while no other program does the same: two notebooks that want the same model download it once, instead of
 * writing into each other's file. Waits for the other, for hours if need be; a lock whose program has ended is taken over,
 * at once on this machine, after {@link EXPIRY} without a sign of life from another machine or container.
 *
 * @param path names the work; the lock is a file beside it
 * @throws UserError if a lock that was left behind cannot be removed
 */
export async function withLock<Result>(
  path: string,
  work: (lock: Lock) => Promise<Result>,
  { pause = 500, every = HEARTBEAT, expiry = EXPIRY, onWait = () => {}, onTakeOver = () => {} }: LockOptions = {},
): Promise<Result> {
  const file = `${path}.lock`;
  const watch = new LifeWatch(expiry);
  let [waits, takenOver, failures] = [false, false, 0];
  const wait = async (whom: string) => {
    if (!waits) onWait(whom);
    waits = true;
    await sleep(pause);
  };
  makeFolder(dirname(file));
  while (held.has(file)) await wait("another program");
  held.add(file);
  try {
    const content = JSON.stringify({ ...thisHolder(), mark: randomBytes(8).toString("hex") });
    while (!(await take(file, content))) {
      const found = look(file);
      if (!found) continue; // Gone meanwhile.
      const holder = readHolder(file);
      const isStill = watch.isStill(file, found.stamp);
      if (!isStill && !hasEnded(holder)) await wait(nameOf(holder));
      else if (!removeHeld(file, markOf(found), () => isSame(look(file), found))) {
        if (++failures === REMOVALS) throw new UserError(`${file} is left behind, and cannot be removed: remove it`);
        await sleep(pause);
      } else if (!hasEnded(holder)) {
        takenOver = true;
        onTakeOver(nameOf(holder));
      }
    }
    return await holding({ file, content, every, takenOver }, work);
  } finally {
    held.delete(file);
  }
}

/** Says in sentences who else fetches what is wanted here. */
export function tellOfOthers(what: string, tell: (sentence: string) => void): LockOptions {
  return {
    onWait: (whom) => tell(`waiting for ${whom} that fetches ${what}`),
    onTakeOver: (whom) => tell(`${whom} that fetched ${what} gives no sign of life: going on in its place`),
  };
}

async function holding<Result>(
  { file, content, every, takenOver }: { file: string; content: string; every: number; takenOver: boolean },
  work: (lock: Lock) => Promise<Result>,
): Promise<Result> {
  const heart = new Heart(file, every);
  const isMine = () => look(file)?.content === content;
  const check = () => {
    if (isMine()) return;
    throw new UserError("another program has taken this over, since this one stood still: run it again");
  };
  try {
    return await work({ takenOver, check });
  } finally {
    heart.stop();
    if (isMine()) tryRemove(file);
  }
}

async function take(lock: string, content: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** A lock as it was seen. Numbers of files are given again, so that they do not tell one from the next. */
interface SeenLock {
  content: string;
  stamp: bigint;
}

function look(file: string): SeenLock | undefined {
  let content = "";
  try {
    // First, since over a network the time may be an older one until the file is opened.
    content = readFileSync(file, "utf8");
  } catch {
    // Somebody else's, or a folder.
  }
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && { content, stamp: found.mtimeNs };
}

function isSame(one: SeenLock | undefined, other: SeenLock): boolean {
  return one?.content === other.content && one.stamp === other.stamp;
}

function markOf({ content, stamp }: SeenLock): string {
  return createHash("sha256").update(`${stamp} ${content}`).digest("hex").slice(0, 16);
}

function nameOf(holder: Holder | undefined): string {
  if (!holder) return "another program";
  return `process ${holder.process}${holder.host === hostname() ? "" : ` on ${holder.host}`}`;
}
