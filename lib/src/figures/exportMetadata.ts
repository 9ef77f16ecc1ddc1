import { crc32 } from "node:zlib";
import type { Figure } from "./figure";

const SOFTWARE = "token-geometry";

/** What a file says about itself: title, caption, and the provenance as JSON. */
export function metadataOf(figure: Figure): { title: string; caption: string; software: string; provenance: string } {
  return {
    title: figure.name,
    caption: figure.caption,
    software: SOFTWARE,
    provenance: JSON.stringify(figure.provenance ?? {}),
  };
}

/** Puts title, caption and provenance into an SVG, where viewers and screen readers look for them. */
export function embedInSvg(svg: string, figure: Figure): string {
  const { title, caption, software, provenance } = metadataOf(figure);
  const record = JSON.stringify({ software, provenance: JSON.parse(provenance) });
  const head = `<title>${escapeXml(title)}</title><desc>${escapeXml(caption)}</desc><metadata>${escapeXml(record)}</metadata>`;
  return svg.replace(/<svg\b[^>]*>/, (opening) => `${opening}${head}`);
}

/** Puts title, caption, provenance and resolution (dots per inch) into a PNG. */
export function embedInPng(png: Uint8Array, figure: Figure, resolution: number): Buffer {
  const { title, caption, software, provenance } = metadataOf(figure);
  const dotsPerMeter = Math.round(resolution / 0.0254);
  const physical = Buffer.alloc(9);
  physical.writeUInt32BE(dotsPerMeter, 0);
  physical.writeUInt32BE(dotsPerMeter, 4);
  physical[8] = 1;
  const texts = { Title: title, Description: caption, Software: software, Provenance: provenance };
  // The signature takes 8 bytes, the header chunk 25.
  return Buffer.concat([
    png.subarray(0, 33),
    pngChunk("pHYs", physical),
    ...Object.entries(texts).map(([keyword, text]) =>
      pngChunk("iTXt", Buffer.from(`${keyword}\0\0\0\0\0${text}`, "utf8")),
    ),
    png.subarray(33),
  ]);
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

/** Text made safe inside an XML or HTML element or a quoted attribute. */
export function escapeXml(text: string): string {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids these characters even escaped.
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
  );
}
