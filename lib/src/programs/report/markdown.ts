import { escapeXml } from "../../machine/support/xml";

/** Paragraphs and list items of a text in Markdown, as plain text; tables are left out. */
export function plainParagraphs(markdown: string): string[] {
  return paragraphsOf(markdown).map(({ text, isItem }) => `${isItem ? "• " : ""}${withoutMarks(text)}`);
}

/** The same as HTML: paragraphs, lists, bold and italic, code. Links become their text, since a report stands alone. */
export function markdownHtml(markdown: string): string {
  return paragraphsOf(markdown)
    .map(({ text, isItem }) => (isItem ? `<li>${inlineHtml(text)}</li>` : `<p>${inlineHtml(text)}</p>`))
    .join("\n")
    .replaceAll(/(?:<li>.*<\/li>\n?)+/g, (items) => `<ul>\n${items.trimEnd()}\n</ul>\n`);
}

function paragraphsOf(markdown: string): { text: string; isItem: boolean }[] {
  return markdown
    .split(/\n\s*\n|\n(?=\s*[-*] )/)
    .map((block) => block.trim())
    .filter((block) => block !== "" && !block.startsWith("|") && !block.startsWith("#"))
    .map((block) => ({ text: block.replace(/^[-*] /, "").replaceAll(/\s+/g, " "), isItem: /^[-*] /.test(block) }));
}

const LINK = /\[([^\]]*)\]\([^)]*\)/g;
const BOLD = /\*\*([^*]+)\*\*/g;
const ITALIC = /(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g;

/** Between as many backquotes on both sides, with a space more where the code itself begins or ends with one. */
const CODE = /(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)/g;

/** Text in which marks count, and code, in which they do not, by turns. */
function mapPieces(text: string, ofText: (piece: string) => string, ofCode: (code: string) => string): string {
  let done = 0;
  let made = "";
  for (const { index, 0: whole, 2: code } of text.matchAll(CODE)) {
    made += ofText(text.slice(done, index)) + ofCode(code.replace(/^ (.*) $/, "$1"));
    done = index + whole.length;
  }
  return made + ofText(text.slice(done));
}

function withoutMarks(text: string): string {
  const plain = (piece: string) => piece.replaceAll(LINK, "$1").replaceAll(BOLD, "$1").replaceAll(ITALIC, "$1");
  return mapPieces(text, plain, (code) => code);
}

function inlineHtml(text: string): string {
  const marked = (piece: string) =>
    escapeXml(piece).replaceAll(LINK, "$1").replaceAll(BOLD, "<strong>$1</strong>").replaceAll(ITALIC, "<em>$1</em>");
  return mapPieces(text, marked, (code) => `<code>${escapeXml(code)}</code>`);
}
