import { existsSync } from "node:fs";
import { messageOf, UserError } from "../support/errors";
import { Stopped } from "../support/progress";
import { type ResolveOptions, resolveModel } from "./models";

export interface AvailableModelOptions extends ResolveOptions {
  /** What to take if the model cannot be had, like "llama-mini", which comes with the project; without it that is an error. */
  orElse?: string;
}

/** A model that can be used. */
export interface AvailableModel {
  /** Where it is: a folder or a .gguf file. */
  path: string;
  /** One sentence for captions, on why it is another one than was asked for; empty if it is not. */
  notice: string;
}

/**
 * Gives a model if it can be had, and fetches it if need be; else another one, if one is named, so that a notebook runs
 * without a network, too. Why is said on stderr (or to `notice`), and stands in the result for captions.
 *
 * @param name as {@link resolveModel} takes it
 * @throws UserError if the name is a path at which nothing is, a person stops the download, or there is no other model
 */
export async function availableModel(name: string, options: AvailableModelOptions = {}): Promise<AvailableModel> {
  const { orElse, ...rest } = options;
  try {
    const path = await resolveModel(name, rest);
    if (!existsSync(path)) throw new MissingPath(`${name}: no such model folder or file`);
    return { path, notice: "" };
  } catch (error) {
    const isFinal = !(error instanceof UserError) || error instanceof Stopped || error instanceof MissingPath;
    if (isFinal || orElse === undefined) throw error;
    const notice = `${orElse} in place of ${name}: ${messageOf(error)}`;
    if (options.notice) options.notice(notice);
    else process.stderr.write(`${notice}\n`);
    return { path: await resolveModel(orElse, rest), notice };
  }
}

/** A misspelled path is a mistake, which another model would hide. */
class MissingPath extends UserError {}
