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

function withoutMarks(text: string): string {
  return text
    .replaceAll(LINK, "$1")
    .replaceAll(BOLD, "$1")
    .replaceAll(ITALIC, "$1")
    .replaceAll(/`([^`]*)`/g, "$1");
}

function inlineHtml(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((piece) => {
      const html = escapeXml(piece);
      if (piece.startsWith("`") && piece.length > 1) return `<code>${html.slice(1, -1)}</code>`;
      return html.replaceAll(LINK, "$1").replaceAll(BOLD, "<strong>$1</strong>").replaceAll(ITALIC, "<em>$1</em>");
    })
    .join("");
}
