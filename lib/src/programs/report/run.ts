import { execFileSync } from "node:child_process";
import { libraryVersion, PROJECT_ROOT } from "../../machine/support/project";
import type { Notebook } from "../runner/notebook";

/** How a notebook was executed; kept in its metadata as `token_geometry`. */
export interface RunRecord {
  /** When it was done: ISO 8601, UTC. */
  date: string;
  seconds: number;
  /** What was typed. */
  command: string;
  /** Parameters that were set besides the defaults. */
  parameters: Record<string, string>;
  /** Of this library, of Node, and the kind of machine. */
  version: string;
  node: string;
  platform: string;
  /** Commit of the project if it is a git checkout, with "+ changes" if files differ from it. */
  commit?: string;
}

/** Writes into an executed notebook how it was executed. */
export function withRunRecord(notebook: Notebook, record: RunRecord): Notebook {
  return { ...notebook, metadata: { ...notebook.metadata, token_geometry: record } };
}

/** How a notebook was executed; undefined if it was not, or not by this runner, or did not come to its end. */
export function runRecordOf(notebook: Notebook): RunRecord | undefined {
  const record = notebook.metadata.token_geometry as Partial<RunRecord> | undefined;
  return typeof record?.date === "string" && typeof record.command === "string" ? (record as RunRecord) : undefined;
}

/** The part of a run's record that is the same for all its notebooks. */
export function describeRun(
  args: readonly string[],
): Pick<RunRecord, "command" | "version" | "node" | "platform" | "commit"> {
  const quoted = args.map((word) => (/^[\w./=,:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  const commit = currentCommit();
  return {
    command: ["npm run figures", ...(quoted.length > 0 ? ["--", ...quoted] : [])].join(" "),
    version: libraryVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    ...(commit && { commit }),
  };
}

/** Undefined without git, or outside a checkout. */
function currentCommit(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: PROJECT_ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const commit = git("rev-parse", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit} + changes`;
  } catch {
    return undefined;
  }
}

/** A run's record for readers. */
export function runLines(run: RunRecord): [label: string, text: string][] {
  return [
    ["command", run.command],
    ["executed", `${run.date}, ${run.seconds.toFixed(1)} s`],
    [
      "versions",
      `token-geometry ${run.version}${run.commit ? `, commit ${run.commit}` : ""}, Node ${run.node}, ${run.platform}`,
    ],
  ];
}
