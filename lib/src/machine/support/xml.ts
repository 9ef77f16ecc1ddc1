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

/** The same for a page, where MathJax (in notebooks) takes what is between dollars for TeX, unless an element stands around each. */
export function escapeHtmlText(text: string): string {
  return escapeXml(text).replaceAll("$", "<span>$</span>");
}

/** The text that {@link escapeXml} made safe. */
export function unescapeXml(text: string): string {
  const letters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => letters[name]);
}
