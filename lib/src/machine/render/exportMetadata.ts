import { createHash, type Hash } from "node:crypto";
import { basename } from "node:path";
import { crc32 } from "node:zlib";
import { escapeXml } from "../support/xml";
import type { Figure } from "./figure";

const SOFTWARE = "token-geometry";

/** Name of the provenance in a PNG's texts and a PDF's Info dictionary. */
export const PROVENANCE_KEY = "Provenance";

/** Name (id) of the HTML element that holds it. */
export const PROVENANCE_ELEMENT = "provenance";

/** What metadata is written from. */
export type Described = Pick<Figure, "name" | "caption" | "provenance">;

/** What a file says about itself: title, caption, and the provenance as JSON. */
export function metadataOf(figure: Described): {
  title: string;
  caption: string;
  software: string;
  provenance: string;
} {
  return {
    title: figure.name,
    caption: figure.caption,
    software: SOFTWARE,
    provenance: JSON.stringify(figure.provenance ?? {}),
  };
}

/** The same as texts by keyword, as PNG, Parquet and Arrow have them. */
export function textsOf(figure: Described): Record<string, string> {
  const { title, caption, software, provenance } = metadataOf(figure);
  return { Title: title, Description: caption, Software: software, [PROVENANCE_KEY]: provenance };
}

/** Puts title, caption and provenance into an SVG, where viewers and screen readers look for them. */
export function embedInSvg(svg: string, figure: Described): string {
  const { title, caption, software, provenance } = metadataOf(figure);
  const record = JSON.stringify({ software, provenance: JSON.parse(provenance) });
  const head = `<title>${escapeXml(title)}</title><desc>${escapeXml(caption)}</desc><metadata>${escapeXml(record)}</metadata>`;
  return svg.replace(/<svg\b[^>]*>/, (opening) => `${opening}${head}`);
}

/** Puts title, caption, provenance and resolution (dots per inch) into a PNG. */
export function embedInPng(png: Uint8Array, figure: Described, resolution: number): Buffer {
  const dotsPerMeter = Math.round(resolution / 0.0254);
  const physical = Buffer.alloc(9);
  physical.writeUInt32BE(dotsPerMeter, 0);
  physical.writeUInt32BE(dotsPerMeter, 4);
  physical[8] = 1;
  // The signature takes 8 bytes, the header chunk 25.
  return Buffer.concat([
    png.subarray(0, 33),
    pngChunk("pHYs", physical),
    ...Object.entries(textsOf(figure)).map(([keyword, text]) =>
      pngChunk("iTXt", Buffer.from(`${keyword}\0\0\0\0\0${text}`, "utf8")),
    ),
    png.subarray(33),
  ]);
}

/** Where the metadata of a CSV file lies: beside it, by the rules of W3C's "Metadata Vocabulary for Tabular Data", 5.1. */
export function tableMetadataPath(csvPath: string): string {
  return `${csvPath}-metadata.json`;
}

/** A column as that vocabulary describes it. */
export interface DescribedColumn {
  titles: string;
  datatype?: "string" | "integer" | "double" | "boolean";
}

/**
 * Title, caption, columns and provenance of a CSV file, which has no room for them itself; or of one with a line of JSON a row.
 * Source: W3C, Metadata Vocabulary for Tabular Data, sections 5.3 and 5.6.
 *
 * @param identifier see {@link tableIdentifier}: a table that was changed is noticed by it
 */
export function tableMetadata(
  figure: Described,
  path: string,
  columns: readonly DescribedColumn[],
  identifier: string,
): string {
  const { title, caption, software, provenance } = metadataOf(figure);
  const metadata = {
    "@context": "http://www.w3.org/ns/csvw",
    url: basename(path),
    "dc:title": title,
    "dc:description": caption,
    "dc:creator": software,
    "dc:identifier": identifier,
    "dc:provenance": provenance,
    tableSchema: { columns },
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

/** Tells a table from all others: by its bytes, or the SHA-256 that they were put into. */
export function tableIdentifier(table: Uint8Array | Hash): string {
  const hash = table instanceof Uint8Array ? createHash("sha256").update(table) : table;
  return `sha256:${hash.digest("hex")}`;
}

/** A part of a PNG file with its length and check sum. Source: PNG specification, third edition, section 5.3. */
export function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
