import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { writeFileAtomically } from "../support/files";
import { readJsonObject } from "../support/json";
import { namedModelFolder } from "./modelCache";
import type { NamedModel } from "./namedModels";

/** Names of models, with commas between them, whose terms the person accepts. */
const VARIABLE = "TOKEN_GEOMETRY_ACCEPT_TERMS";

/** Whether a model may be used: it has no terms, or they were accepted, in an earlier run or by the environment. */
export function termsAccepted(model: NamedModel): boolean {
  return model.terms === undefined || acceptedByEnvironment(model) || recordedDate(model) !== undefined;
}

/** When the terms of a model were accepted, as the record in the cache has it. */
export function recordedDate(model: NamedModel): string | undefined {
  try {
    const { terms, accepted } = readJsonObject(recordPath(model));
    return terms === model.terms?.address && typeof accepted === "string" ? accepted : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Notes that the person accepts the terms of a model, with the date. Nothing happens if that is noted already.
 *
 * @throws UserError if the cache cannot be written
 */
export function acceptTerms(model: NamedModel, now: Date = new Date()): void {
  if (!model.terms || recordedDate(model) !== undefined) return;
  const { title, address } = model.terms;
  const record = { model: model.name, title, terms: address, accepted: now.toISOString() };
  writeFileAtomically(recordPath(model), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * Lets nobody pass who has not accepted a model's terms. An acceptance by the environment is noted, too, if that can be.
 *
 * @throws UserError that names the terms, where their text is, and how they are accepted
 */
export function requireTerms(model: NamedModel): void {
  if (!model.terms) return;
  if (acceptedByEnvironment(model)) {
    try {
      acceptTerms(model);
    } catch {
      // The cache cannot be written; the environment says it each time.
    }
    return;
  }
  if (termsAccepted(model)) return;
  const { title, address } = model.terms;
  const text = termsPath(model);
  const where = text && existsSync(text) ? `${text} or ${address}` : address;
  throw new UserError(
    `${model.name} is under the ${title}: read them (${where}), then run npx token-geometry fetch ${model.name} --accept-terms ` +
      `(or set ${VARIABLE}=${model.name}); until then it is neither fetched nor used`,
  );
}

/** Where the text of a model's terms is once it is there; undefined if it has none. */
export function termsPath(model: NamedModel): string | undefined {
  return model.terms && join(namedModelFolder(model), model.terms.file);
}

function acceptedByEnvironment({ name }: NamedModel): boolean {
  const names = (process.env[VARIABLE] ?? "").split(",").map((part) => part.trim());
  return names.includes(name);
}

function recordPath(model: NamedModel): string {
  return join(namedModelFolder(model), "accepted-terms.json");
}
