import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { checkDisk } from "../../machine/packages/disk";
import { DownloadError, download } from "../../machine/packages/download";
import { type IndexFile, indexBases, listIndexFiles } from "../../machine/packages/packageIndex";
import { downloadWithPip, findPip } from "../../machine/packages/pip";
import { formatBytes } from "../../machine/packages/progressBar";
import { type Platform, parseWheelName, wheelMisfit } from "../../machine/packages/wheelName";
import { messageOf, UserError } from "../../machine/support/errors";
import { sha256Of } from "../../machine/support/hash";
import { KNOWN_WHEELS } from "./knownWheels";
import { compareVersions, isRelease, meetsSpecifier } from "./version";

/** A wheel on this machine, and against what its hash was checked. */
export interface FoundWheel {
  path: string;
  file: string;
  version: string;
  sha256: string;
  checkedAgainst: string;
}

/** What is looked for. */
export interface WheelRequest {
  /** Projects that will do, the best first. */
  projects: string[];
  /** "==2.21.0", "<13.0,>=12.5" */
  specifier: string;
  /** Where downloads are kept. */
  cache: string;
  platform: Platform;
  /** About how many bytes will be downloaded, if known: checked against the disk first. */
  bytes?: number;
  say(line: string): void;
}

/** @throws UserError if there is no file of that path */
export function requireWheelFile(path: string): void {
  if (!existsSync(path))
    throw new UserError(`${path}: no such file; --wheel takes the path of a downloaded wheel (.whl)`);
}

/**
 * Takes a wheel that was given by hand.
 * @param projects of which it may be
 * @throws UserError if there is no such file, it does not fit this machine, its hash is not the known one, or it is of another project
 */
export async function takeWheel(
  path: string,
  platform: Platform,
  projects: readonly string[] = ["tensorflow-cpu", "tensorflow"],
): Promise<FoundWheel> {
  requireWheelFile(path);
  const wheel = await describe(path, platform, undefined);
  if (!projects.includes(parseWheelName(basename(path)).project)) {
    throw new UserError(`${path}: is a wheel of another project; --wheel takes one of ${projects.join(" or ")}`);
  }
  return wheel;
}

/**
 * Finds a wheel: in the cache of earlier downloads, by pip if there is one, else straight from the package indexes.
 * @throws UserError that says what was tried and how to go on by hand
 */
export async function findWheel(request: WheelRequest): Promise<FoundWheel> {
  const cached = findCached(request);
  if (cached) return describe(cached, request.platform, undefined);
  mkdirSync(request.cache, { recursive: true });
  checkDisk(request.cache, request.bytes ?? 0);
  const tried: string[] = [];
  const pip = findPip();
  for (const project of pip ? request.projects : []) {
    request.say(`asking pip for ${project}${request.specifier}`);
    const answer = downloadWithPip(pip!, `${project}${request.specifier}`, request.cache, request.platform);
    if ("path" in answer) return describe(answer.path, request.platform, "the index that pip uses");
    tried.push(`pip: ${answer.why}`);
  }
  if (!pip) tried.push("pip: there is none");
  const bases = indexBases();
  if (bases.length === 0) tried.push("package index: PIP_INDEX_URL names none");
  for (const base of bases) {
    for (const project of request.projects) {
      try {
        const file = pickWheel(await listIndexFiles(base, project), request);
        const target = join(request.cache, file.fileName);
        request.say(`taking ${file.fileName}${file.size ? ` (${formatBytes(file.size)})` : ""} from ${base}`);
        await download(file, target);
        return await describe(target, request.platform, file.sha256 ? `the index ${base}` : undefined);
      } catch (error) {
        if (error instanceof DownloadError) throw error;
        tried.push(messageOf(error));
      }
    }
  }
  throw new UserError(
    `cannot get a wheel of ${request.projects[0]}${request.specifier} (${tried.join("; ")}): download one on any machine and give it with --wheel FILE`,
  );
}

/**
 * The newest release among an index's files that meets the request and fits the machine.
 * @throws UserError if there is none, with the reason that the nearest one does not do
 */
export function pickWheel(
  files: IndexFile[],
  request: Pick<WheelRequest, "projects" | "specifier" | "platform">,
): IndexFile {
  let misfit = `there is no version ${request.specifier.replace(/^==/, "")}`;
  let best: { file: IndexFile; version: string } | undefined;
  for (const file of files) {
    if (!file.fileName.endsWith(".whl")) continue;
    const wheel = parseWheelName(file.fileName);
    if (!isRelease(wheel.version) || !meetsSpecifier(wheel.version, request.specifier)) continue;
    const reason = wheelMisfit(wheel, request.platform);
    if (reason) misfit = `${file.fileName}: ${reason}`;
    else if (!best || compareVersions(wheel.version, best.version) > 0) best = { file, version: wheel.version };
  }
  if (!best) throw new UserError(`${request.projects[0]}: ${misfit}`);
  return best.file;
}

function findCached(request: WheelRequest): string | undefined {
  if (!existsSync(request.cache)) return undefined;
  const files = readdirSync(request.cache).map((fileName) => ({ fileName, url: "" }));
  for (const project of request.projects) {
    const own = files.filter(
      ({ fileName }) => fileName.endsWith(".whl") && parseWheelName(fileName).project === project,
    );
    try {
      return join(request.cache, pickWheel(own, request).fileName);
    } catch {
      // Nothing of this project that fits.
    }
  }
  return undefined;
}

async function describe(path: string, platform: Platform, checkedAgainst: string | undefined): Promise<FoundWheel> {
  const file = basename(path);
  const wheel = parseWheelName(file);
  const misfit = wheelMisfit(wheel, platform);
  if (misfit) throw new UserError(`${file} cannot be used here: ${misfit}`);
  const sha256 = await sha256Of(path);
  const known = KNOWN_WHEELS[file];
  if (known && known !== sha256) {
    throw new UserError(
      `${path} has SHA-256 ${sha256}, the wheel of that name is ${known}: delete it and download it again`,
    );
  }
  const table = known ? "the table of known wheels" : "the hashes inside the wheel only";
  return { path, file, version: wheel.version, sha256, checkedAgainst: checkedAgainst ?? table };
}
