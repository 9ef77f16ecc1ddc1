import { Command, CommanderError } from "commander";
import { messageOf, reportError } from "../../machine/support/errors";
import { checkBackends, checkBlas, checkGpu } from "./computeChecks";
import type { Check, Finding, FindingState } from "./finding";
import { checkBuild, checkNode, checkPackages } from "./installation";
import { checkJupyter, checkKernel, checkKernelSpecs } from "./jupyterChecks";
import { checkDefaultModel, checkDisk, checkHub, checkMemory } from "./machineChecks";
import { checkBinaries, checkTokenizers } from "./nativeChecks";
import { checkProxies } from "./proxyChecks";

/** Everything that the doctor looks at, in the order of its report. To add a check: one function, one entry. */
export const CHECKS: readonly Check[] = [
  { name: "Node", run: () => checkNode() },
  { name: "npm packages", run: () => checkPackages() },
  { name: "binary packages", run: () => checkBinaries() },
  { name: "tokenizers", run: () => checkTokenizers() },
  { name: "built library", run: () => checkBuild() },
  { name: "tslab kernel", run: checkKernel },
  { name: "Jupyter", run: checkJupyter },
  { name: "kernel spec", run: checkKernelSpecs },
  { name: "backends", run: checkBackends },
  { name: "BLAS", run: checkBlas },
  { name: "GPU", run: checkGpu },
  { name: "default model", run: checkDefaultModel },
  { name: "hub cache", run: checkHub },
  { name: "proxies", run: () => checkProxies() },
  { name: "disk", run: checkDisk },
  { name: "memory", run: checkMemory },
];

const MARKS: Record<FindingState, string> = { ok: "ok     ", note: "note   ", gap: "gap    ", broken: "BROKEN " };

/** Runs checks one after the other, and tells of each finding as it comes. */
export async function examine(
  checks: readonly Check[],
  tell: (finding: Finding) => void = () => {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, run } of checks) {
    let found: Finding[];
    try {
      found = await run();
    } catch (error) {
      const todo = "run it again with DEBUG=1 and report what it prints";
      found = [{ name, state: "broken", found: `the check failed: ${messageOf(error)}`, todo }];
      if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    }
    for (const finding of found) tell(finding);
    findings.push(...found);
  }
  return findings;
}

/** One finding as a line, with what to do in a second one. */
export function describeFinding({ name, state, found, todo }: Finding): string {
  const line = `${MARKS[state]} ${name.padEnd(18)} ${found.replaceAll(/\s*\n\s*/g, " ")}`;
  return todo ? `${line}\n        ${" ".repeat(18)} → ${todo}` : line;
}

/** The command `npm run doctor`: exit code 0 unless something needed is broken. Sets the exit code, throws nothing. */
export async function main(args: string[] = process.argv.slice(2)): Promise<void> {
  const command = new Command("npm run doctor --")
    .description(
      "Says what is found on this machine (Node, packages, kernel, Jupyter, backends with their speed, disk, memory) and what to do about each gap.",
    )
    .option("--json", "prints JSON instead of lines: { ok, findings: [{ name, state, found, todo, facts }] }")
    .addHelpText("after", "\nExit code 0 unless something needed is broken; gaps are about things that are optional.")
    .allowExcessArguments(false)
    .exitOverride();
  // Nobody reads on (`| head`): what is left to be examined is of no use.
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => void (code === "EPIPE" && process.exit()));
  try {
    command.parse(args, { from: "user" });
    const { json } = command.opts<{ json?: boolean }>();
    const print = (finding: Finding) => process.stdout.write(`${describeFinding(finding)}\n`);
    const findings = await examine(CHECKS, json ? undefined : print);
    const broken = findings.filter(({ state }) => state === "broken");
    if (json) process.stdout.write(`${JSON.stringify({ ok: broken.length === 0, findings }, undefined, 2)}\n`);
    else if (broken.length === 0) process.stdout.write("\nEverything needed works.\n");
    else process.stdout.write(`\nBroken: ${broken.map(({ name }) => name).join(", ")}.\n`);
    if (broken.length > 0) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof CommanderError)) reportError(error);
    else if (error.exitCode !== 0) process.exitCode = 1; // commander has printed it
  }
}
