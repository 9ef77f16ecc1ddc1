import { paragraphLines, widthOf } from "../../figures/fittedText";
import { FONT_FAMILY } from "../../machine/render/fonts";
import { rareLetters } from "../../machine/render/letters";
import { drawSvgOnPdf } from "../../machine/render/pdf";
import { outlinesOf } from "../../machine/render/render";
import { directionOf, hasRightToLeft } from "../../machine/support/writing";
import { escapeXml } from "../../machine/support/xml";

/** CSS pixels in a point. */
const PIXELS = 4 / 3;
const LINE = 1.17;
/** How much wider than the others bold letters are, at most. */
const BOLDER = 1.2;

/** A document that knows which of its text it had to draw. */
export interface DrawnText {
  drawnText: string[];
}

type PdfDocument = typeof import("pdfkit");
type TextOptions = PDFKit.Mixins.TextOptions;

/** What pdfkit knows of a document's text and does not tell. */
interface TextState {
  _fontSize: number;
  _font: { name: string };
  _fillColor?: [string, number];
}

/** Whether pdfkit cannot set a text: it has one font for all letters, and writes from left to right. */
const isHard = (text: string): boolean => {
  const { files, missing } = rareLetters(text);
  return files.length + missing.length > 0 || hasRightToLeft(text);
};

/**
 * A document of pdfkit that writes what the bundled font lacks, or what is written from right to left, as the figures do: drawn,
 * with fonts of the machine.
 */
export function documentOfAnyLetters(): new (options: PDFKit.PDFDocumentOptions) => PDFKit.PDFDocument & DrawnText {
  const Plain: PdfDocument = require("pdfkit");
  return class extends Plain implements DrawnText {
    readonly drawnText: string[] = [];

    override text(text: string, ...place: unknown[]): this {
      if (!isHard(String(text))) return super.text(text, ...(place as [number, number, TextOptions]));
      this.drawnText.push(text);
      const options = (place.find((one) => typeof one === "object") ?? {}) as TextOptions;
      const [x = this.x, y = this.y] = place.filter((one) => typeof one === "number");
      const lines = this.linesOf(text, options);
      const { _fontSize: size } = this as unknown as TextState;
      this.x = x;
      this.y = y;
      for (const line of lines) {
        if (options.lineBreak !== false && this.y + size * LINE > this.page.height - this.page.margins.bottom)
          this.addPage();
        this.drawLine(line, x, this.y, options);
        this.y += size * LINE;
      }
      return this;
    }

    override heightOfString(text: string, options: TextOptions = {}): number {
      if (!isHard(text)) return super.heightOfString(text, options);
      return this.linesOf(text, options).length * (this as unknown as TextState)._fontSize * LINE;
    }

    override widthOfString(text: string, options?: TextOptions): number {
      if (!isHard(text)) return super.widthOfString(text, options);
      return widthOf(escapeXml(text), this.sizeInPixels()) / PIXELS;
    }

    private sizeInPixels(): number {
      return (this as unknown as TextState)._fontSize * PIXELS;
    }

    private linesOf(text: string, options: TextOptions): string[] {
      const width = options.width ?? this.page.width - this.page.margins.right - this.x;
      // Bold letters are wider than those that are measured.
      const room = (width * PIXELS) / (this.isBold() ? BOLDER : 1);
      return text.split("\n").flatMap((line) => {
        const lines = paragraphLines(escapeXml(line), room, this.sizeInPixels());
        return directionOf(line) === "rtl" ? lines.map((part) => `\u2067${part}\u2069`) : lines;
      });
    }

    private isBold(): boolean {
      return /Bold/.test((this as unknown as TextState)._font.name);
    }

    /** @param line escaped */
    private drawLine(line: string, x: number, y: number, { width = 0, align }: TextOptions): void {
      const { _font, _fillColor } = this as unknown as TextState;
      const size = this.sizeInPixels();
      const extent = widthOf(line, size);
      const free = Math.max(0, width - extent / PIXELS);
      const left = x + (align === "right" ? free : align === "center" ? free / 2 : 0);
      const look = [
        `font-family="${FONT_FAMILY}" font-size="${size}"`,
        this.isBold() ? ` font-weight="bold"` : "",
        /Oblique/.test(_font.name) ? ` font-style="italic"` : "",
        ` fill="${_fillColor?.[0] ?? "#000000"}"`,
      ].join("");
      const [w, h] = [Math.ceil(BOLDER * extent) + 2, Math.ceil(1.4 * size)];
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><text y="${size * 0.93}" ${look}>${line}</text></svg>`;
      drawSvgOnPdf(this, outlinesOf(svg), left, y, { width: w, height: h });
    }
  };
}
