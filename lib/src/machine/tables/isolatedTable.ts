import { statSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { messageOf, UserError } from "../support/errors";
import { checkReadable } from "../support/files";
import { IsolatedModule } from "../support/isolated";
import { PROJECT_ROOT } from "../support/project";

/** Of the process that reads, in MiB: a row group with all its values has to go in. */
const HEAP = Math.floor(Math.min(2048, totalmem() / 4 / 2 ** 20));

/**
 * The packages that read these formats trust the numbers in a file, down to loops without end; so they do that elsewhere. As
 * JavaScript also where this file is run as TypeScript: a child process knows nothing of that.
 */
const reader = (file: string) => new IsolatedModule(join(PROJECT_ROOT, "lib/dist/machine/tables", file), HEAP);
const READERS = {
  Parquet: { module: reader("parquetProcess.js"), article: "a" },
  Arrow: { module: reader("arrowProcess.js"), article: "an" },
};

/** For the footer, or a row group of nothing; of a whole file of Pile-10k (33 MB) the reading takes a few seconds. */
const LONGEST_TIME = 30;
const LONGEST_TIME_PER_MEGABYTE = 2;

/** Calls a function of the process that reads a file. @throws UserError naming the file if it cannot be read */
export type AskTable = <Value>(name: string, ...args: unknown[]) => Promise<Value>;

/**
 * A file of a table that another process reads.
 *
 * @param longest seconds that a call may take, but for what the file's size adds
 * @throws UserError if there is no such file, or it may not be read
 */
export function isolatedTable(format: keyof typeof READERS, path: string, longest: number = LONGEST_TIME): AskTable {
  const { module, article } = READERS[format];
  const problem = `${path}: not ${article} ${format} file that can be read`;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) checkReadable(path);
  if (!found) throw new UserError(`${path}: no such file`);
  if (!found.isFile()) throw new UserError(`${problem} (it is no regular file)`);
  const seconds = longest + (LONGEST_TIME_PER_MEGABYTE * found.size) / 1e6;
  return async <Value>(name: string, ...args: unknown[]): Promise<Value> => {
    try {
      return await module.call<Value>(name, [path, ...args], seconds);
    } catch (error) {
      throw new UserError(`${problem} (${messageOf(error)})`, { cause: error });
    }
  };
}
