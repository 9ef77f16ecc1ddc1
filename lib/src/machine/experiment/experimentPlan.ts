import { type BackendChoice, chooseBackend } from "../backend/backend";
import { UserError } from "../support/errors";
import type { ProgressReporter } from "../support/progress";
import type { Entry } from "./entries";
import { describeExperiment } from "./manifest";
import { type FullSettings, type ModelPlan, planModel } from "./plan";
import { PlannedModels } from "./plannedModels";
import { describeRecorded, planRecorded, type RecordedPlan } from "./recordedPlan";
import type { UnitInputs } from "./unit";

/** What an experiment consists of. */
export interface ExperimentPlan {
  /** By which it is computed; undefined if all of it is recorded. */
  backend?: BackendChoice;
  models: (ModelPlan | RecordedPlan)[];
  /** With each model named once. */
  settings: FullSettings;
  /** Everything that its numbers depend on. */
  manifest: Record<string, unknown>;
}

/**
 * Lists the units of all models of an experiment: model by model, recorded ones where the prompts that are asked for are
 * recorded, and what is not recorded of them. A backend is only looked for if something is to be computed.
 *
 * @param wish see {@link chooseBackend}
 * @throws UserError as {@link planModel}
 */
export async function planExperiment(
  settings: FullSettings,
  wish?: string,
  progress?: ProgressReporter,
): Promise<ExperimentPlan> {
  let backend: BackendChoice | undefined;
  const planned = new PlannedModels<ModelPlan | RecordedPlan>();
  for (const model of settings.models) {
    const recorded = await planRecorded(model, settings);
    if (recorded && recorded.lacking.length === 0) planned.add(model, recorded);
    else {
      backend ??= await chooseBackend(wish);
      const plan = await planComputed(model, settings, backend, progress);
      planned.add(model, (recorded && withRest(recorded, plan)) ?? plan);
    }
  }
  const [models, once] = [planned.named(), { ...settings, models: planned.written() }];
  return { backend, models, settings: once, manifest: describeExperiment(once, backend, models) };
}

/** A recorded model with what is to be computed besides; undefined if the model is another than the recorded one. */
function withRest(recorded: RecordedPlan, plan: ModelPlan): RecordedPlan | undefined {
  const idsOf = ({ units }: { units: readonly { inputs: UnitInputs }[] }) => units.map(({ inputs }) => inputs.ids);
  const hashesOf = ({ hashes }: Pick<ModelPlan, "hashes">) => Object.values(hashes).sort();
  if (String(hashesOf(recorded)) !== String(hashesOf(plan)) || String(idsOf(recorded)) !== String(idsOf(plan))) return;
  const lacking = ({ name }: Entry) => recorded.lacking.includes(name);
  const rest = plan.units.map((unit) => ({ ...unit, entries: unit.entries.filter(lacking) }));
  const units = recorded.units.map((unit, i) => ({ ...unit, further: [...unit.further, ...rest[i].entries] }));
  return { ...recorded, units, rest: { ...plan, units: rest } };
}

/** Whether a plan's results are recorded. */
export function isRecorded(plan: ModelPlan | RecordedPlan): plan is RecordedPlan {
  return "recorded" in plan;
}

async function planComputed(
  model: string,
  settings: FullSettings,
  backend: BackendChoice,
  progress?: ProgressReporter,
): Promise<ModelPlan> {
  try {
    return await planModel(model, settings, backend.name, progress);
  } catch (error) {
    // Whoever cannot have the model wants to know what there is without it.
    const recorded = error instanceof UserError ? await describeRecorded(model, settings) : "";
    if (recorded === "") throw error;
    throw new UserError(`${(error as UserError).message}${recorded}`, { cause: error });
  }
}
