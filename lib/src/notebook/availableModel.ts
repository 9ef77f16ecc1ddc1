import { existsSync } from "node:fs";
import { type ResolveOptions, resolveModel } from "../hub/models";
import { messageOf, UserError } from "../support/errors";
import { Stopped } from "../support/progress";
import { progressBar } from "./progress";

/** The model that notebooks fall back on: it comes with the project. */
export const FALLBACK_MODEL = "data/models/llama-mini";

export interface AvailableModelOptions extends ResolveOptions {
  /** What to take if the model cannot be had; data/models/llama-mini without it. */
  fallback?: string;
}

/** A model that can be used, and whether it is the one that was asked for. */
export interface AvailableModel {
  /** What to give to whatever takes a model: the name that was asked for, or the fallback. */
  model: string;
  /** Where it is: a folder or a .gguf file. */
  path: string;
  isFallback: boolean;
  /** One sentence for captions, on why it is the fallback; empty if it is not. */
  notice: string;
}

/**
 * Gives a model if it can be had, and fetches it if need be; else a small one that comes with the project, so that a
 * notebook runs without a network, too. Why is said on stderr (or to `notice`), and stands in the result for captions.
 *
 * @param name as {@link resolveModel} takes it
 * @throws UserError if the name is a path at which nothing is, or a person stops the download
 *
 * @example
 * const { model, isFallback, notice } = await availableModel("smollm2-135m");
 */
export async function availableModel(name: string, options: AvailableModelOptions = {}): Promise<AvailableModel> {
  const { fallback = FALLBACK_MODEL, progress = progressBar("download"), ...rest } = options;
  try {
    const path = await resolveModel(name, { progress, ...rest });
    if (!existsSync(path)) throw new MissingPath(`there is no model ${name}, nor a folder or file of that name`);
    return { model: name, path, isFallback: false, notice: "" };
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof Stopped || error instanceof MissingPath) throw error;
    const notice = `${fallback} in place of ${name}: ${messageOf(error)}`;
    if (options.notice) options.notice(notice);
    else process.stderr.write(`${notice}\n`);
    return { model: fallback, path: await resolveModel(fallback, rest), isFallback: true, notice };
  }
}

/** A misspelled path is a mistake, which another model would hide. */
class MissingPath extends UserError {}
