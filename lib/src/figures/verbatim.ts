import { isolated } from "../machine/support/writing";
import type { AnyRow } from "../results/row";

/** Letters that are not seen, but change what is around them: controls, line ends, and what turns the direction of writing. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/**
 * A name as it is, with what cannot be seen in it written out: "a\nb" as "a⟨U+000A⟩b". One that is written from right to left leaves the rest
 * of its line as it is.
 */
export function visibleName(name: string): string {
  const hex = (letter: string) => letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return isolated(name.replaceAll(UNSEEN, (letter) => `⟨U+${hex(letter)}⟩`));
}

/**
 * A name as Plotly shows it letter by letter: in its texts tags are markup, and between dollars there is TeX.
 *
 * @see plotly.js, src/lib/svg_text_utils.js
 * @example verbatim("a <b> & $x$"); // "a &lt;b&gt; &amp; &#36;x&#36;"
 */
export function verbatim(name: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", $: "&#36;" };
  return visibleName(name).replaceAll(/[&<>$]/g, (letter) => entities[letter]);
}

/** What Plotly shows of a text: without tags, entities as what they stand for. */
export function shownText(text: string): string {
  const letters: Record<string, string> = { amp: "&", lt: "<", gt: ">", "#36": "$" };
  return text.replaceAll(/<[^>]*>/g, "").replaceAll(/&(amp|lt|gt|#36);/g, (_, name: string) => letters[name]);
}

/** Rows whose names are changed: those of models, prompts and curves. */
export function withNames<R extends AnyRow>(rows: readonly R[], change: (name: string) => string): R[] {
  return rows.map((row) => {
    const label = "label" in row && row.label !== undefined && { label: change(row.label) };
    const prompt = "prompt" in row && row.prompt !== null && { prompt: change(row.prompt) };
    return { ...row, model: change(row.model), ...prompt, ...label };
  });
}
