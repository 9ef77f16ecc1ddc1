import { randomBytes } from "node:crypto";
import { linkSync, readdirSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFileAtomically } from "../support/files";
import {
  EXPIRY,
  Heart,
  type Holder,
  hasEnded,
  LifeWatch,
  readHolder,
  removeHeld,
  thisHolder,
  tryRemove,
} from "../support/signsOfLife";

/** What a worker of another machine left is removed after so many milliseconds. */
const FORGOTTEN = 24 * 3600 * 1000;

/** What a claim says of itself. */
export interface Claim {
  key: string;
  worker: Holder;
  /** Of the worker's last sign of life, milliseconds since 1970 by the clock of the worker. */
  lastSign: number;
}

const CLAIM = /^[0-9a-f]{64}$/;
/** Says that a claim is being taken away from a worker that has gone. */
const ASIDE = /^[0-9a-f]{64}\.[0-9a-f]+\.old$/;
const WORKER = /^worker\..*\.json$/;

/** What a file system answers that has no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/**
 * Says which units this process is computing, so that others take different ones. Claims only save work: a result is right
 * and kept whoever computes it, and if two processes ever take the same unit, it is computed twice and saved twice.
 *
 * A claim is a hard link to a file of its worker, named by the unit: made in one step or not at all, also on network file
 * systems, and one time stamp is the sign of life of all of them. Clocks of machines are never compared: a claim has
 * expired if its time stamp stood still for {@link EXPIRY}, by a clock of the one who looks that nobody sets.
 */
export class UnitClaims {
  /** Units that were taken over from workers that have gone. */
  readonly abandoned = new Set<string>();
  private readonly folder: string;
  private readonly file: string;
  private readonly held = new Set<string>();
  private readonly watch = new LifeWatch();
  private heart: Heart | undefined;
  /** Some file systems have no hard links: everybody computes everything there, in the order of the units. */
  private canLink = true;

  /** @throws UserError if the store cannot be written */
  constructor(store: string) {
    this.folder = claimFolder(store);
    this.file = join(this.folder, `worker.${hostname()}.${process.pid}.${randomBytes(4).toString("hex")}.json`);
    this.announce();
    this.heart = new Heart(this.file);
    process.on("exit", this.close);
  }

  /** Takes a unit, unless somebody else who is alive has it. */
  take(key: string): boolean {
    if (this.held.has(key)) return true;
    if (this.canLink && !this.link(key)) {
      const claim = this.abandonedClaim(key);
      if (claim === undefined) return false;
      if (claim !== "none") {
        if (!removeClaim(this.path(key), claim)) return false;
        this.abandoned.add(key);
      }
      if (!this.link(key)) return false;
    }
    this.watch.forget(key);
    this.held.add(key);
    return true;
  }

  /** Gives a unit back, computed or not. */
  release(key: string): void {
    // Taken over by somebody who thought this process dead: then the claim is theirs.
    if (this.held.delete(key) && this.canLink && this.isMine(key)) tryRemove(this.path(key));
  }

  /** Gives everything back. */
  readonly close = (): void => {
    process.off("exit", this.close);
    for (const key of [...this.held]) this.release(key);
    this.heart?.stop();
    this.heart = undefined;
    tryRemove(this.file);
  };

  private path(key: string): string {
    return join(this.folder, key);
  }

  private announce(): void {
    writeFileAtomically(this.file, `${JSON.stringify(thisHolder())}\n`);
  }

  /** Whether the claim is made; also if it cannot be made at all: the unit is still worth computing. */
  private link(key: string, again = false): boolean {
    try {
      linkSync(this.file, this.path(key));
      return true;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code === "EEXIST") return this.isMine(key);
      if (NO_LINKS.has(code)) this.canLink = false;
      // Somebody has tidied the store.
      if (code !== "ENOENT" || again) return true;
      this.announce();
      return this.link(key, true);
    }
  }

  /** Over NFS a link may have been made although its answer was lost and it was tried again. */
  private isMine(key: string): boolean {
    const claim = inodeOf(this.path(key));
    return claim !== undefined && claim === inodeOf(this.file);
  }

  /** The claim of a worker that has gone: its inode, or "none" if it is not there any more; undefined if it is alive. */
  private abandonedClaim(key: string): bigint | "none" | undefined {
    const found = statSync(this.path(key), { bigint: true, throwIfNoEntry: false });
    if (!found) return "none";
    const isGone = this.watch.isStill(key, found.mtimeNs) || hasEnded(readHolder(this.path(key)));
    return isGone ? found.ino : undefined;
  }
}

/**
 * Removes the claims of workers that have gone: those of this machine at once, those of others after a day (before that,
 * whoever wants the unit takes it over).
 *
 * @param now milliseconds since 1970
 * @returns the units that they had begun
 */
export function removeLeftClaims(store: string, now: number = Date.now()): Set<string> {
  const folder = claimFolder(store);
  const units = new Set<string>();
  for (const name of namesIn(folder)) {
    if (!CLAIM.test(name) && !ASIDE.test(name) && !WORKER.test(name)) continue;
    const path = join(folder, name);
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!found || !(now - Number(found.mtimeMs) > FORGOTTEN || hasEnded(readHolder(path)))) continue;
    if (!CLAIM.test(name)) tryRemove(path);
    else if (removeClaim(path, found.ino)) units.add(name);
  }
  return units;
}

/** A claim is known by the file of its worker, which keeps its number for as long as it has one. */
function removeClaim(path: string, inode: bigint): boolean {
  return removeHeld(path, inode.toString(16), () => inodeOf(path) === inode);
}

/** All claims in a store whose workers seem alive, for people: by clocks of several machines, which may differ. */
export function livingClaims(store: string, now: number = Date.now()): Claim[] {
  const claims: Claim[] = [];
  for (const key of namesIn(claimFolder(store)).filter((name) => CLAIM.test(name))) {
    const path = join(claimFolder(store), key);
    const worker = readHolder(path);
    const lastSign = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (!worker || lastSign === undefined || hasEnded(worker) || now - lastSign > EXPIRY) continue;
    claims.push({ key, worker, lastSign });
  }
  return claims;
}

const claimFolder = (store: string): string => join(store, "claims");

/** None where there is no such folder: no claim was ever made. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}
