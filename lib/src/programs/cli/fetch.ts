import { existsSync } from "node:fs";
import type { Command } from "commander";
import { fetchTexts } from "../../machine/hub/fetchModel";
import { resolveModel } from "../../machine/hub/models";
import { NAMED_MODELS, type NamedModel, namedModel } from "../../machine/hub/namedModels";
import { offlineReason } from "../../machine/hub/offline";
import { acceptTerms, requireTerms, termsAccepted } from "../../machine/hub/terms";
import { UserError } from "../../machine/support/errors";
import { progressBar } from "../../machine/support/progressDisplay";

/** `token-geometry fetch`: models onto this machine, ahead of the time when they are needed. */
export function fetchCommand(program: Command): void {
  const names = NAMED_MODELS.map(({ name }) => name).join(", ");
  program
    .command("fetch")
    .description("Download models into the user's cache, check them, and print where they are.")
    .argument("<models...>", `${names}, or owner/name[@revision] or owner/name/FILE.gguf[@revision] on the hub`)
    .option("--accept-terms", "accept the terms of the models that have some; that is noted with the date")
    .action(async (models: string[], options: { acceptTerms?: boolean }) => {
      for (const name of models) {
        const model = namedModel(name);
        if (model) await settleTerms(model, options.acceptTerms ?? false);
        const path = await resolveModel(name, { progress: progressBar("download") });
        if (!existsSync(path))
          throw new UserError(`there is no model ${name} (npx token-geometry models lists those by name)`);
        process.stdout.write(`${path}\n`);
      }
    });
}

/** Has the text of a model's terms brought before they are asked for, so that they can be read. */
async function settleTerms(model: NamedModel, accept: boolean): Promise<void> {
  if (termsAccepted(model)) return;
  if (accept) {
    acceptTerms(model);
    return;
  }
  if (!offlineReason()) {
    await fetchTexts(model).catch((error: unknown) => {
      // Without it their address is named.
      if (!(error instanceof UserError)) throw error;
    });
  }
  requireTerms(model);
}
