import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { messageOf, UserError } from "../support/errors";
import { refuseEmptyLink, refusePointer } from "../support/pointerFile";
import { unescapeXml } from "../support/xml";
import { PROVENANCE_ELEMENT, PROVENANCE_KEY, tableIdentifier, tableMetadataPath } from "./exportMetadata";
import { fromArrow, fromParquet } from "./readTableMetadata";

type Json = Record<string, unknown>;

/** The provenance in a file's bytes, as JSON text; undefined if there is none. */
type Reader = (bytes: Buffer) => string | undefined;

/** By the ending of the file's name. */
const READERS: Record<string, Reader> = {
  ".svg": fromSvg,
  ".png": fromPng,
  ".pdf": fromPdf,
  ".html": fromHtml,
  ".parquet": fromParquet,
  ".arrow": fromArrow,
};

/** Tables whose metadata lie beside them. */
const TABLES: readonly string[] = [".csv", ".jsonl"];

/** Endings of files whose metadata {@link readProvenance} finds. */
export const TRACEABLE: readonly string[] = [...Object.keys(READERS), ...TABLES];

/**
 * The provenance that an exported figure or table carries: SVG, PNG, PDF, HTML, Parquet and Arrow inside, CSV and lines of JSON in
 * the file beside it.
 *
 * @throws UserError if the file cannot be read or carries none; for a table also if it is not the one that was described
 */
export function readProvenance(path: string): Json {
  const ending = extname(path).toLowerCase();
  if (TABLES.includes(ending)) return readTableProvenance(path);
  if (!Object.hasOwn(READERS, ending)) {
    throw new UserError(`${path}: not a kind of file that carries provenance (${TRACEABLE.join(", ")})`);
  }
  const text = READERS[ending](readBytes(path));
  if (text === undefined) throw new UserError(`${path}: carries no provenance; was it exported by token-geometry?`);
  return parsed(path, text);
}

function readTableProvenance(path: string): Json {
  const bytes = readBytes(path);
  const beside = tableMetadataPath(path);
  const metadata = parsed(beside, readBytes(beside).toString("utf8"));
  if (metadata.url !== basename(path) || metadata["dc:identifier"] !== tableIdentifier(bytes)) {
    throw new UserError(`${path}: is not the table that ${basename(beside)} describes, or was changed since`);
  }
  return parsed(beside, String(metadata["dc:provenance"]));
}

function readBytes(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    refusePointer(path, bytes);
    return bytes;
  } catch (error) {
    if (error instanceof UserError) throw error;
    refuseEmptyLink(path);
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(`${path}: ${missing ? "no such file" : `cannot be read (${messageOf(error)})`}`, {
      cause: error,
    });
  }
}

function parsed(path: string, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: its provenance is damaged (${messageOf(error)})`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`${path}: its provenance is damaged (no JSON object)`);
  }
  return value as Json;
}

function fromSvg(bytes: Buffer): string | undefined {
  const text = /<metadata>([\s\S]*?)<\/metadata>/.exec(bytes.toString("utf8"))?.[1];
  if (text === undefined) return undefined;
  try {
    return JSON.stringify(JSON.parse(unescapeXml(text)).provenance);
  } catch {
    return undefined; // somebody else's metadata
  }
}

function fromHtml(bytes: Buffer): string | undefined {
  const start = `<script type="application/json" id="${PROVENANCE_ELEMENT}">`;
  const text = bytes.toString("utf8");
  const begin = text.indexOf(start);
  return begin < 0 ? undefined : text.slice(begin + start.length, text.indexOf("</script>", begin));
}

function fromPng(bytes: Buffer): string | undefined {
  for (let at = 8; at + 12 <= bytes.length; at += bytes.readUInt32BE(at) + 12) {
    const content = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at));
    // Keyword, no compression, no language, no translated keyword: as it was written.
    const head = Buffer.from(`${PROVENANCE_KEY}\0\0\0\0\0`);
    if (bytes.toString("latin1", at + 4, at + 8) === "iTXt" && content.subarray(0, head.length).equals(head)) {
      return content.toString("utf8", head.length);
    }
  }
  return undefined;
}

/** From the document's Info dictionary. Source: ISO 32000-1, sections 7.3.4.2 and 14.3.3. */
function fromPdf(bytes: Buffer): string | undefined {
  const pdf = bytes.toString("latin1");
  const object = (number: string, content: string): string | undefined =>
    new RegExp(`(?:^|\\n)${number} 0 obj\\s+(${content})`).exec(pdf)?.[1];
  const info = object(/\/Info (\d+) 0 R/.exec(pdf)?.[1] ?? "none", "<<[\\s\\S]*?>>\\s+endobj");
  const [, number, here] = new RegExp(`/${PROVENANCE_KEY} (?:(\\d+) 0 R|(${PDF_STRING}))`).exec(info ?? "") ?? [];
  const literal = number ? object(number, PDF_STRING) : here;
  return literal === undefined ? undefined : textOfLiteral(literal.slice(1, -1));
}

/** Up to the first closing parenthesis that is not escaped. */
const PDF_STRING = "\\([^\\\\)]*(?:\\\\[\\s\\S][^\\\\)]*)*\\)";

/** The text of a PDF string: Latin, or UTF-16 after a byte order mark. */
function textOfLiteral(literal: string): string {
  const controls: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
  const bytes = literal.replaceAll(/\\([0-7]{1,3}|[\s\S])/g, (_, escaped: string) =>
    /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8)) : (controls[escaped] ?? escaped),
  );
  if (!bytes.startsWith("\xfe\xff")) return bytes;
  return Buffer.from(bytes.slice(2), "latin1").swap16().toString("utf16le");
}
