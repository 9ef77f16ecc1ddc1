import { inflateSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { fontFiles } from "../../machine/render/fonts";
import { documentOfAnyLetters } from "./anyLetters";

type AnyDocument = InstanceType<ReturnType<typeof documentOfAnyLetters>>;

/** What stands on the pages of a document: how many letters of the font, how many curves. */
async function contentOf(write: (document: AnyDocument) => void): Promise<{ glyphs: number; curves: number }> {
  const Document = documentOfAnyLetters();
  const document = new Document({ size: "A4", margin: 50 });
  const pieces: Buffer[] = [];
  document.on("data", (piece: Buffer) => pieces.push(piece));
  const finished = new Promise((resolve) => document.on("end", resolve));
  document.registerFont("regular", fontFiles()[0]).font("regular").fontSize(10);
  write(document);
  document.end();
  await finished;
  const pdf = Buffer.concat(pieces).toString("latin1");
  const pages = [...pdf.matchAll(/stream\n([\s\S]*?)\nendstream/g)].flatMap(([, packed]) => {
    try {
      return [inflateSync(Buffer.from(packed, "latin1")).toString("latin1")];
    } catch {
      return [];
    }
  });
  const page = pages.find((content) => content.startsWith("1 0 0 -1 0"))!;
  return { glyphs: page.match(/<[\da-f]+>/g)?.length ?? 0, curves: page.match(/ c\n/g)?.length ?? 0 };
}

describe("a document of any letters", () => {
  let document: AnyDocument;
  beforeAll(() => {
    document = new (documentOfAnyLetters())({ size: "A4", margin: 50 });
    document.registerFont("regular", fontFiles()[0]).font("regular").fontSize(10);
  });

  it("writes ordinary text as text, and draws what the font lacks or what is written from right to left", async () => {
    expect(await contentOf((page) => page.text("ordinary ρ"))).toMatchObject({ curves: 0, glyphs: expect.any(Number) });
    const drawn = await contentOf((page) => page.text("בוקר אביבי"));
    expect(drawn.glyphs).toBe(0);
    expect(drawn.curves).toBeGreaterThan(20);
  });

  it("breaks it into lines of the width, which it says beforehand, and goes on below them", () => {
    const text = "בוקר אביבי ".repeat(12).trim();
    const height = document.heightOfString(text, { width: 150 });
    expect(height).toBeGreaterThan(3 * 10);
    const before = document.y;
    document.text(text, 50, before, { width: 150 });
    expect(document.y - before).toBeCloseTo(height, 6);
    expect(document.widthOfString("בוקר")).toBeLessThan(document.widthOfString("בוקר אביבי"));
    expect(document.widthOfString("בוקר")).toBeGreaterThan(10);
  });

  it("starts a page where one is full", () => {
    const pages = new (documentOfAnyLetters())({ size: "A4", margin: 50, bufferPages: true });
    pages.registerFont("regular", fontFiles()[0]).font("regular").fontSize(10);
    pages.text("ב\n".repeat(100).trim());
    expect(pages.bufferedPageRange().count).toBe(2);
  });

  it("knows which letters it had to draw", () => {
    document.text("\u2fe0 and more");
    expect(document.drawnText.at(-1)).toBe("\u2fe0 and more");
  });
});
