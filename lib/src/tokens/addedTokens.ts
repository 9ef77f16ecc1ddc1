/** A part of a text: the id of a token that stands in it as it is, or text between such tokens. */
export type TextPart = string | number;

/** A node of the tree of all tokens, letter by letter. */
interface Letter {
  after: Map<string, Letter>;
  /** The token that ends here. */
  id?: number;
}

/**
 * Finds tokens that stand in a text as they are, before it is cut any further: at each place the longest, from left to
 * right, none overlapping another.
 */
export class AddedTokens {
  private readonly start: Letter = { after: new Map() };

  /** @param tokens ids by their text, which is not empty */
  constructor(tokens: Iterable<readonly [text: string, id: number]>) {
    for (const [text, id] of tokens) {
      let node = this.start;
      for (let i = 0; i < text.length; i++) {
        const after: Letter = node.after.get(text[i]) ?? { after: new Map() };
        node.after.set(text[i], after);
        node = after;
      }
      node.id = id;
    }
  }

  /** The parts of a text, in order; none are empty. */
  split(text: string): TextPart[] {
    const parts: TextPart[] = [];
    let begin = 0;
    for (let at = 0; at < text.length; ) {
      const found = this.longestAt(text, at);
      if (found === undefined) {
        at++;
        continue;
      }
      if (at > begin) parts.push(text.slice(begin, at));
      parts.push(found.id);
      at = begin = found.end;
    }
    if (begin < text.length) parts.push(text.slice(begin));
    return parts;
  }

  private longestAt(text: string, begin: number): { id: number; end: number } | undefined {
    let found: { id: number; end: number } | undefined;
    let node = this.start.after.get(text[begin]);
    for (let end = begin + 1; node; end++) {
      if (node.id !== undefined) found = { id: node.id, end };
      node = node.after.get(text[end]);
    }
    return found;
  }
}
