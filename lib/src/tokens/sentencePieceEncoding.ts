import { mergePairs } from "./mergePairs";

/** What the encoding by scores knows. */
export interface ScoredVocabulary {
  /** Ids of the tokens that pieces of text can be joined to. */
  ids: ReadonlyMap<string, number>;
  /** The score of each id: higher ones are joined first. */
  scores: ArrayLike<number>;
  /** Ids that are only steps on the way to longer pieces: in the end they are taken apart again. */
  unused: ReadonlySet<number>;
  /** The id of each byte, for letters that are no token; undefined if the vocabulary has no such tokens. */
  byteIds?: readonly number[];
  /** The id for letters that cannot be written otherwise. */
  unknown?: number;
}

/**
 * Byte pair encoding in the manner of SentencePiece: letters are joined to the piece of the highest score, the leftmost first.
 *
 * @returns what gives the ids of a text in which spaces are written as "\u2581"
 * @see Kudo and Richardson 2018; the order and what becomes of unknown letters are those of github.com/google/sentencepiece
 */
export function sentencePieceEncoder(vocabulary: ScoredVocabulary): (text: string) => number[] {
  const { ids, scores, unused, byteIds, unknown } = vocabulary;
  const utf8 = new TextEncoder();

  return (text) => {
    const begins: number[] = [];
    for (let at = 0; at < text.length; at += isPair(text, at) ? 2 : 1) begins.push(at);
    const ends = begins.map((_, letter) => begins[letter + 1] ?? text.length);
    /** Where an unused piece was joined, by its text. */
    const seams = new Map<string, number>();
    const pieceOf = (left: number, right: number) => text.slice(begins[left], ends[right]);
    const rank = (left: number, right: number) => {
      const id = ids.get(pieceOf(left, right));
      return id === undefined ? Number.NaN : -scores[id];
    };
    const join = (left: number, right: number) => {
      const piece = pieceOf(left, right);
      if (unused.has(ids.get(piece)!)) seams.set(piece, ends[left] - begins[left]);
      ends[left] = ends[right];
    };
    const places = mergePairs(begins.length, { rank, join });
    const result: number[] = [];
    let isUnknownBefore = false;
    // Pieces to be written, the next one at the end.
    for (const place of places) {
      const open = [text.slice(begins[place], ends[place])];
      for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
        const id = ids.get(piece);
        const seam = seams.get(piece);
        if (id !== undefined && unused.has(id) && seam !== undefined) {
          open.push(piece.slice(seam), piece.slice(0, seam));
          continue;
        }
        const isUnknown = id === undefined && !byteIds;
        if (id !== undefined) result.push(id);
        else if (byteIds) for (const byte of utf8.encode(piece)) result.push(byteIds[byte]);
        // Unknown letters in a row are one token.
        else if (unknown !== undefined && !isUnknownBefore) result.push(unknown);
        isUnknownBefore = isUnknown;
      }
    }
    return result;
  };
}

/** Whether a letter at a place takes up two of JavaScript's units. */
function isPair(text: string, at: number): boolean {
  return text.codePointAt(at)! > 0xffff;
}
