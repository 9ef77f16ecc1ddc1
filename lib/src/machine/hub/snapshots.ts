import { messageOf, UserError } from "../support/errors";
import { hubCache, type Repository, rememberCommit } from "./cache";
import { cachedSnapshot, type HubOptions, openSnapshot, type Snapshot, teller } from "./snapshot";
import { unreachable } from "./unreachable";

/** See {@link openSnapshot}. */
export type OpenSnapshot = (revision: string, folders?: boolean) => Promise<Snapshot>;

/**
 * Works with snapshots of a repository. If files of the latest one cannot be had (the hub is lost on the way, or the cache
 * may not be written), the work is done once more with what the cache has in full of an earlier one, and this is said. Where
 * a branch stands is noted when the work is done, so that the note always leads to something that is there.
 *
 * @throws what the work throws
 */
export async function withSnapshots<Result>(
  repository: Repository,
  options: HubOptions,
  work: (open: OpenSnapshot) => Promise<Result>,
): Promise<Result> {
  const commits = new Map<string, string>();
  try {
    const result = await work(async (revision, folders = options.folders) => {
      const snapshot = await openSnapshot(repository, revision, { ...options, folders });
      commits.set(revision, snapshot.commit);
      return snapshot;
    });
    for (const [revision, commit] of commits) note(repository, revision, commit);
    return result;
  } catch (error) {
    const why = reasonForCache(error);
    if (why === undefined) throw error;
    let commit = "";
    const fromCache = async (revision: string) => {
      const snapshot = cachedSnapshot(repository, revision, why);
      commit ||= snapshot.commit;
      return snapshot;
    };
    // What the cache lacks is no news: the first error says what stands in the way.
    const result = await work(fromCache).catch(() => Promise.reject(error));
    teller(options)(`${why}: using ${repository.name} as it is in the cache (commit ${commit.slice(0, 8)})`);
    return result;
  }
}

/** A cache that is shared may be for reading alone: the hub is asked again the next time. */
function note(repository: Repository, revision: string, commit: string): void {
  try {
    rememberCommit(repository, revision, commit);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
  }
}

/** Why an earlier snapshot would serve; undefined for errors of another kind. */
function reasonForCache(error: unknown): string | undefined {
  if (!(error instanceof UserError)) return undefined;
  const lost = unreachable(error);
  if (lost) return `the hub cannot be reached (${messageOf(lost)})`;
  return isUnwritable(error) ? `the cache ${hubCache()} cannot be written` : undefined;
}

function isUnwritable(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: unknown };
  if (["EACCES", "EPERM", "EROFS"].includes(code ?? "")) return true;
  return cause !== undefined && isUnwritable(cause);
}
