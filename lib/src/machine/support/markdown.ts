/**
 * A text as code in Markdown, letter by letter: between more backquotes than it has in a row itself.
 *
 * @see CommonMark 0.31, section 6.1
 */
export function markdownCode(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = longest > 0 ? " " : "";
  return `${fence}${space}${text.replaceAll(/\s+/g, " ")}${space}${fence}`;
}
