import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, UserError } from "../support/errors";
import { withRetries } from "../support/retry";
import { failureOf, fetchFromIndex, passingFailure, shownAddress } from "./indexRequest";
import { normalizeProject } from "./wheelName";

/** A file that a Python package index offers. */
export interface IndexFile {
  fileName: string;
  url: string;
  /** 64 hexadecimal digits, if the index names it. */
  sha256?: string;
  size?: number;
}

/**
 * The bases of the package indexes to ask, in order: those that the environment names in the variables that pip honors.
 * Without them there is none: which index to trust is for the user to say.
 */
export function indexBases(environment: NodeJS.ProcessEnv = process.env): string[] {
  if (environment.PIP_NO_INDEX) return [];
  const named = `${environment.PIP_INDEX_URL ?? ""} ${environment.PIP_EXTRA_INDEX_URL ?? ""}`;
  const bases = named.split(/\s+/).filter((base) => base !== "");
  return bases.map((base) => base.replace(/\/+$/, ""));
}

/**
 * The files of a project on an index, by the "simple repository API": JSON where the index speaks it, else HTML. An index
 * may also be a folder (file: URL).
 * Source: the Python packaging specifications, "Simple repository API".
 *
 * @throws UserError if the index cannot be reached or does not have the project
 */
export async function listIndexFiles(base: string, project: string, timeout: number = 30_000): Promise<IndexFile[]> {
  const page = `${base}/${normalizeProject(project)}/`;
  if (base.startsWith("file:")) {
    try {
      const file = join(fileURLToPath(page), "index.html");
      return parseHtml(readFileSync(file, "utf8"), pathToFileURL(file).href);
    } catch (error) {
      throw new UserError(`${page}: ${messageOf(error)}`, { cause: error });
    }
  }
  const ask = async () => {
    const response = await fetchFromIndex(page, {
      headers: { Accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5" },
      signal: AbortSignal.timeout(timeout),
    });
    return { response, text: await response.text() };
  };
  try {
    const { response, text } = await withRetries(ask, (error) => passingFailure(error, page));
    const isJson = response.headers.get("content-type")?.includes("json");
    const files = isJson ? parseJson(text, response.url) : parseHtml(text, response.url);
    return files.map((file) => ({ ...file, url: withLogin(file.url, page) }));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot reach ${shownAddress(page)} (${failureOf(error, page)})`, { cause: error });
  }
}

/** Files on the index's own server are for the same people as the index. */
function withLogin(address: string, page: string): string {
  const [url, { origin, username, password }] = [new URL(address), new URL(page)];
  if (url.origin === origin) Object.assign(url, { username, password });
  return url.href;
}

function parseJson(text: string, address: string): IndexFile[] {
  try {
    const { files } = JSON.parse(text) as {
      files: {
        filename: string;
        url: string;
        hashes?: { sha256?: string };
        size?: number;
        yanked?: boolean | string;
      }[];
    };
    return files
      .filter((file) => !file.yanked)
      .map((file) => ({
        fileName: file.filename,
        url: new URL(file.url, address).href,
        sha256: file.hashes?.sha256,
        size: file.size,
      }));
  } catch (error) {
    throw new UserError(`${address} does not answer as a package index (${messageOf(error)})`, { cause: error });
  }
}

function parseHtml(text: string, address: string): IndexFile[] {
  const files: IndexFile[] = [];
  for (const [anchor] of text.matchAll(/<a\s[^>]*>/gi)) {
    const link = /href\s*=\s*["']([^"']+)["']/i.exec(anchor)?.[1];
    if (!link || /\sdata-yanked/i.test(anchor)) continue;
    const url = new URL(link.replaceAll("&amp;", "&"), address);
    const sha256 = /^#sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1].toLowerCase();
    url.hash = "";
    files.push({ fileName: decodeURIComponent(url.pathname.split("/").at(-1) ?? ""), url: url.href, sha256 });
  }
  return files;
}
