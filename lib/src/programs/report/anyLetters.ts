import { linesThatFit, widthOf } from "../../figures/fittedText";
import { FONT_FAMILY } from "../../machine/render/fonts";
import { rareLetters } from "../../machine/render/letters";
import { drawSvgOnPdf } from "../../machine/render/pdf";
import { outlinesOf } from "../../machine/render/render";
import { hasRightToLeft } from "../../machine/support/writing";
import { escapeXml } from "../../machine/support/xml";

/** CSS pixels in a point. */
const PIXELS = 4 / 3;
const LINE = 1.17;

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
export function documentOfAnyLetters(): PdfDocument {
  const Plain: PdfDocument = require("pdfkit");
  return class extends Plain {
    override text(text: string, ...place: unknown[]): this {
      if (!isHard(String(text))) return super.text(text, ...(place as [number, number, TextOptions]));
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
      return text.split("\n").flatMap((line) => linesThatFit(escapeXml(line), width * PIXELS, this.sizeInPixels()));
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
        /Bold/.test(_font.name) ? ` font-weight="bold"` : "",
        /Oblique/.test(_font.name) ? ` font-style="italic"` : "",
        ` fill="${_fillColor?.[0] ?? "#000000"}"`,
      ].join("");
      const [w, h] = [Math.ceil(extent) + 2, Math.ceil(1.4 * size)];
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><text y="${size * 0.93}" ${look}>${line}</text></svg>`;
      drawSvgOnPdf(this, outlinesOf(svg), left, y, { width: w, height: h });
    }
  } as unknown as PdfDocument;
}
