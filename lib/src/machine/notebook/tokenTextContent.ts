/** A text whose tokens are colored by the room that they have. */
export interface TokenText {
  name: string;
  caption: string;
  /** Text of each token. */
  pieces: string[];
  /** What can be chosen: for each order its name, and by layer 0..L the share of tokens with less room than each token. */
  orders: { label: string; layers: number[][] }[];
  /** What is shown at first, and where there are no scripts. */
  order: number;
  layer: number;
  /** The same in words. */
  summary: string;
}

/** A space at the end of a line and a line break would not be seen; tabs have no width of their own. */
export function visiblePiece(piece: string): string {
  return piece.replaceAll("\r", "").replaceAll("\t", "→").replaceAll("\n", "↵\n");
}
