import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { openCheckpoint } from "../../machine/checkpoint/checkpoint";
import { cachedModels, folderSize, hubCache } from "../../machine/hub/cache";
import { type ModelState, namedModelPath, stateOf } from "../../machine/hub/modelCache";
import { NAMED_MODELS, type NamedModel } from "../../machine/hub/namedModels";
import { recordedDate, termsAccepted } from "../../machine/hub/terms";
import { messageOf } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";
import { architectureOf, FAMILIES } from "../../model/families";
import { parameterCount } from "../../model/network";
import { checkModel } from "../../model/selfCheck";
import { BACKEND_HELP, MODEL_HELP } from "./options";

/** What can be told of a model without reading its weights. */
interface ModelSummary {
  name: string;
  folder: string;
  /** Of all files, in bytes. */
  bytes: number;
  family?: string;
  layers?: number;
  width?: number;
  parameters?: number;
  /** Why it cannot be used, if it cannot. */
  problem?: string;
}

/** `token-geometry models`: what can be run, and what of it is on this machine. */
export function modelsCommand(program: Command): void {
  program
    .command("models")
    .description(
      "List the model families that are known, the models by name, the embedded ones, and those in the Hugging Face cache.",
    )
    .option("--check <model>", `run a text through one, and say what was verified: ${MODEL_HELP}`)
    .option("--backend <name>", `of --check: ${BACKEND_HELP}`)
    .option("--json", "print JSON instead of a table")
    .action(async (options: ModelsOptions) => {
      if (options.check !== undefined) return check(options.check, options);
      const families = FAMILIES.map(({ modelType, title }) => ({ modelType, title }));
      const embedded = embeddedModels();
      const cached = cachedModels().map((model) => ({ ...summary(model.name, model.folder), commit: model.commit }));
      const list = { families, named: NAMED_MODELS.map(entry), embedded, cache: hubCache(), cached };
      process.stdout.write(options.json ? `${JSON.stringify(list)}\n` : asTable(list));
    });
}

interface ModelsOptions {
  check?: string;
  backend?: string;
  json?: boolean;
}

async function check(model: string, { backend, json }: ModelsOptions): Promise<void> {
  const verified = await checkModel(model, { backend });
  const lines = verified.map(({ what, how }) => `  ${`${what}:`.padEnd(10)} ${how}`);
  process.stdout.write(
    `${json ? JSON.stringify({ model, verified }) : [`${model}: as it should be`, ...lines].join("\n")}\n`,
  );
}

/** A model of the table, and how it stands on this machine. */
function entry(model: NamedModel) {
  const { name, title, bytes, license } = model;
  const terms = model.terms && { ...model.terms, accepted: termsAccepted(model), date: recordedDate(model) };
  return { name, title, bytes, license, path: namedModelPath(model), state: stateOf(model), terms };
}

function embeddedModels(): ModelSummary[] {
  const folder = join(PROJECT_ROOT, "data/models");
  const names = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return names
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => summary(name, join(folder, name)))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function summary(name: string, folder: string): ModelSummary {
  const known = { name, folder, bytes: folderSize(folder) };
  try {
    const checkpoint = openCheckpoint(folder);
    const architecture = architectureOf(checkpoint);
    const { layers, width } = architecture;
    const parameters = parameterCount(architecture);
    return { ...known, family: checkpoint.config.modelType, layers, width, parameters };
  } catch (error) {
    return { ...known, problem: messageOf(error) };
  }
}

interface ModelList {
  families: { modelType: string; title: string }[];
  named: ReturnType<typeof entry>[];
  embedded: ModelSummary[];
  cache: string;
  cached: (ModelSummary & { commit: string })[];
}

const STATES: Record<ModelState, string> = {
  missing: "not here",
  damaged: "damaged, will be fetched again",
  unchecked: "here, will be checked",
  whole: "here",
};

function entryLine({ name, title, bytes, license, path, state, terms }: ReturnType<typeof entry>): string {
  const accepted = terms?.accepted ? `accepted${terms.date ? ` ${terms.date.slice(0, 10)}` : ""}` : "not accepted yet";
  const condition = terms ? `, ${accepted}` : "";
  const place = state === "missing" ? "" : ` (${path})`;
  return `  ${name}: ${title}, ${Math.round(bytes / 1e6)} MB, ${license}${condition}; ${STATES[state]}${place}`;
}

function asTable({ families, named, embedded, cache, cached }: ModelList): string {
  const line = (model: ModelSummary) => {
    const size = `${(model.bytes / 1e6).toFixed(model.bytes < 1e8 ? 1 : 0)} MB`;
    if (model.problem) return `  ${model.name}: ${size}; ${model.problem}`;
    const parameters = `${(model.parameters! / 1e6).toFixed(model.parameters! < 1e8 ? 1 : 0)} M parameters`;
    return `  ${model.name}: ${model.family}, ${model.layers} layers of width ${model.width}, ${parameters}, ${size}`;
  };
  const lines = [
    "families (model_type in config.json):",
    ...families.map(({ modelType, title }) => `  ${modelType}: ${title}`),
    "by name (token-geometry fetch NAME brings them here ahead):",
    ...named.map(entryLine),
    "embedded (data/models):",
    ...embedded.map(line),
    `in the Hugging Face cache (${cache}):`,
    ...(cached.length > 0 ? cached.map((model) => `${line(model)}, commit ${model.commit.slice(0, 8)}`) : ["  none"]),
  ];
  return `${lines.join("\n")}\n`;
}
