import { basename } from "node:path";
import { withoutSlider } from "../../figures/slider";
import { sliderStills } from "../../figures/sliderStills";
import { PROVENANCE_KEY } from "../../machine/render/exportMetadata";
import type { Figure } from "../../machine/render/figure";
import { fontFiles } from "../../machine/render/fonts";
import { missingLettersNote, writtenIn } from "../../machine/render/letters";
import { drawOnPdf } from "../../machine/render/pdf";
import { renderSvg } from "../../machine/render/render";
import { documentOfAnyLetters } from "./anyLetters";
import { plainParagraphs } from "./markdown";
import { BOLD, keepTogether, REGULAR, setTable } from "./pdfTable";
import { type Report, type ReportPart, type ReportPicture, type ReportSection, reportProvenance } from "./report";
import { originOf } from "./reportHtml";

/** Points (1/72 inch). */
const MARGIN = 48;
const ITALIC = "italic";
/** Of the column of names in lists of names and values. */
const NAME_WIDTH = 120;

/** How many places of a slider stand below a figure. */
const STILLS = 3;

type Document = PDFKit.PDFDocument;

/**
 * The report for print, A4: title page with contents, then each notebook from a new page on: what the paper claims, the
 * figures as vector graphics with captions, the tables, parameters and origin. Errors as renderSvg.
 */
export async function renderReportPdf(report: Report): Promise<Buffer> {
  const PdfDocument = documentOfAnyLetters();
  const info = {
    Title: report.title,
    Creator: "token-geometry",
    Producer: "token-geometry",
    CreationDate: new Date(report.date),
  };
  const margins = { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + 14 };
  const document = new PdfDocument({ size: "A4", margins, info, bufferPages: true });
  const fonts = { [REGULAR]: "DejaVuSans.ttf", [BOLD]: "DejaVuSans-Bold.ttf", [ITALIC]: "DejaVuSans-Oblique.ttf" };
  for (const [name, file] of Object.entries(fonts)) {
    document.registerFont(name, fontFiles().find((path) => basename(path) === file)!);
  }
  const notebooks = report.sections.map((section) => ({
    notebook: section.notebook,
    origin: Object.fromEntries(originOf(section)),
  }));
  const provenance = { ...reportProvenance(report), notebooks };
  (document.info as Record<string, unknown>)[PROVENANCE_KEY] = JSON.stringify(provenance);
  const pieces: Buffer[] = [];
  document.on("data", (piece: Buffer) => pieces.push(piece));
  const finished = new Promise<void>((resolve, reject) => {
    document.on("end", resolve);
    document.on("error", reject);
  });
  const starts: number[] = [];
  for (const section of report.sections) {
    document.addPage();
    starts.push(document.bufferedPageRange().count);
    document.outline.addItem(section.title);
    await setSection(document, section);
  }
  setTitlePage(document, report, starts);
  const note = missingLettersNote(document.drawnText.join(""));
  if (note)
    document
      .moveDown(2)
      .fontSize(9)
      .text(`In this report ${note}.`, MARGIN, document.y, { width: widthOf(document) });
  setPageNumbers(document);
  document.end();
  await finished;
  return Buffer.concat(pieces);
}

function setTitlePage(document: Document, report: Report, starts: readonly number[]): void {
  document.switchToPage(0);
  const width = widthOf(document);
  document.font(BOLD).fontSize(22).text(report.title, MARGIN, 110, { width });
  document.moveDown(0.6).font(REGULAR).fontSize(11);
  document.text("The figures of arXiv 2501.10573 as the notebooks of this project make them.", { width });
  document.moveDown(0.4).fontSize(9).text(`Last executed ${report.date}`, { width });
  document.moveDown(3).font(BOLD).fontSize(12).text("Contents", { width }).moveDown(0.5);
  report.sections.forEach(({ title }, i) => {
    document.font(REGULAR).fontSize(10);
    const { y } = document;
    document.text(title, MARGIN, y, { width: width - 40 });
    const next = document.y;
    document.text(`${starts[i]}`, MARGIN + width - 30, y, { width: 30, align: "right" });
    document.x = MARGIN;
    document.y = next + 4;
  });
}

function setPageNumbers(document: Document): void {
  const { count } = document.bufferedPageRange();
  for (let page = 1; page < count; page++) {
    document.switchToPage(page);
    // Below the margin, where text would otherwise start a page.
    document.page.margins.bottom = 0;
    document.font(REGULAR).fontSize(8).fillColor("#444444");
    const y = document.page.height - MARGIN + 6;
    document.text(`${page + 1}`, MARGIN, y, { width: widthOf(document), align: "center", lineBreak: false });
  }
}

async function setSection(document: Document, section: ReportSection): Promise<void> {
  document
    .font(BOLD)
    .fontSize(15)
    .text(section.title, { width: widthOf(document) })
    .moveDown(0.5);
  setParagraphs(document, section.introduction);
  for (const part of section.parts) await setPart(document, part);
  setPairs(
    document,
    "Parameters",
    section.parameters.map(({ name, value, isDefault }) => [name, isDefault ? value : `${value} (set)`]),
  );
  setPairs(document, "Origin", originOf(section));
}

async function setPart(document: Document, part: ReportPart): Promise<void> {
  if (part.kind === "table") return setTable(document, part.table);
  if (part.kind === "picture") return setPicture(document, part.picture);
  if (part.kind === "figure") return setFigure(document, part.figure);
  keepTogether(document, 60);
  document
    .font(BOLD)
    .fontSize(11)
    .text(part.heading, { width: widthOf(document) })
    .moveDown(0.3);
  setParagraphs(document, part.markdown);
}

function setParagraphs(document: Document, markdown: string): void {
  document.font(REGULAR).fontSize(9.5);
  for (const paragraph of plainParagraphs(markdown))
    document.text(paragraph, { width: widthOf(document) }).moveDown(0.5);
}

/** A figure, and below it in a row some of what its slider shows, if it has one. */
async function setFigure(document: Document, figure: Figure): Promise<void> {
  const stills = sliderStills(figure, STILLS);
  if (stills.length === 0) return setPlain(document, figure, figure.caption);
  const { layout } = withoutSlider(figure);
  const more = `Below, from left to right: ${stills.map(({ label }) => label).join(", ")}. The page index.html has all of its slider.`;
  await setPlain(document, { ...figure, layout }, `${figure.caption} ${more}`);
  const gap = 8;
  const scale = (widthOf(document) - gap * (STILLS - 1)) / STILLS / layout.width;
  keepTogether(document, scale * layout.height + 14);
  const { y } = document;
  for (const [place, still] of stills.entries()) {
    const x = MARGIN + place * (scale * layout.width + gap);
    document
      .font(REGULAR)
      .fontSize(7)
      .text(still.label, x, y, { width: scale * layout.width, lineBreak: false });
    await drawOnPdf(document, { ...withoutSlider(still.figure) }, x, y + 10, scale);
  }
  document.fillColor("#000000");
  document.x = MARGIN;
  document.y = y + scale * layout.height + 22;
}

async function setPlain(document: Document, figure: Figure, caption: string): Promise<void> {
  const { width, height } = figure.layout;
  const note = missingLettersNote(writtenIn(await renderSvg(figure)));
  const words = note ? `${caption} In this picture ${note}.` : caption;
  await setCaptioned(document, { width, height }, words, (x, y, scale) => drawOnPdf(document, figure, x, y, scale));
}

async function setPicture(document: Document, picture: ReportPicture): Promise<void> {
  const { caption, bytes } = picture;
  // pdfkit's types lack it.
  const image = (document as Document & { openImage(source: Buffer): Size }).openImage(bytes);
  const size = { width: picture.width ?? image.width, height: picture.height ?? image.height };
  await setCaptioned(document, size, caption, (x, y, scale) => {
    document.image(bytes, x, y, { width: size.width * scale, height: size.height * scale });
  });
}

/** In CSS pixels. */
interface Size {
  width: number;
  height: number;
}

/** As wide as the text if it is not too high then; with its caption on the same page. */
async function setCaptioned(
  document: Document,
  { width, height }: Size,
  captionText: string,
  draw: (x: number, y: number, scale: number) => Promise<void> | void,
): Promise<void> {
  const text = { width: widthOf(document) };
  document.font(ITALIC).fontSize(8.5);
  const caption = document.heightOfString(captionText, text) + 14;
  const { page } = document;
  const most = page.height - page.margins.top - page.margins.bottom - caption;
  // CSS pixels are 3/4 of a point; small figures are not blown up.
  const scale = Math.min(0.75, text.width / width, most / height);
  keepTogether(document, height * scale + caption);
  const { y } = document;
  await draw(MARGIN + (text.width - width * scale) / 2, y, scale);
  document.fillColor("#000000").font(ITALIC).fontSize(8.5);
  document.text(captionText, MARGIN, y + height * scale + 4, text).moveDown(1);
}

/** Names and values in two columns. */
function setPairs(document: Document, heading: string, pairs: readonly (readonly string[])[]): void {
  if (pairs.length === 0) return;
  keepTogether(document, 60);
  document
    .font(BOLD)
    .fontSize(11)
    .text(heading, MARGIN, document.y, { width: widthOf(document) })
    .moveDown(0.3);
  for (const [name, value] of pairs) {
    document.font(REGULAR).fontSize(8);
    const width = widthOf(document) - NAME_WIDTH;
    keepTogether(document, document.heightOfString(value, { width }));
    const { y } = document;
    document.text(name, MARGIN, y, { width: NAME_WIDTH - 8 });
    const below = document.y;
    document.text(value, MARGIN + NAME_WIDTH, y, { width });
    document.x = MARGIN;
    document.y = Math.max(document.y, below) + 1.5;
  }
  document.moveDown(0.8);
}

function widthOf({ page }: Document): number {
  return page.width - page.margins.left - page.margins.right;
}
