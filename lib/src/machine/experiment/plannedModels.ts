import { modelNames } from "../checkpoint/modelNames";
import { placeOf } from "../support/place";
import type { ModelPlan } from "./plan";
import type { RecordedPlan } from "./recordedPlan";

/** The models of an experiment: each once, in whatever ways it was written, and each under a name of its own. */
export class PlannedModels<Plan extends ModelPlan | RecordedPlan> {
  private readonly byPlace = new Map<string, { model: string; plan: Plan }>();

  /** @param model as a person wrote it */
  add(model: string, plan: Plan): void {
    const place = placeOf(plan.path);
    const known = this.byPlace.get(place);
    if (!known) this.byPlace.set(place, { model, plan });
    else process.stderr.write(`${model} is the same model as ${known.model}: it counts once\n`);
  }

  /** The models that differ, as they were written first. */
  written(): string[] {
    return [...this.byPlace.values()].map(({ model }) => model);
  }

  /** Their plans, under names that differ. */
  named(): Plan[] {
    const plans = [...this.byPlace.values()].map(({ plan }) => plan);
    const names = modelNames(plans);
    return plans.map((plan, i) => named(plan, names[i]));
  }
}

/** A plan under another name, with what is to be computed besides what is recorded. */
function named<Plan extends ModelPlan | RecordedPlan>(plan: Plan, name: string): Plan {
  return {
    ...plan,
    name,
    ...("checkpoint" in plan && { checkpoint: { ...plan.checkpoint, name } }),
    ...("rest" in plan && plan.rest && { rest: named(plan.rest, name) }),
  };
}
