declare module "fontkit" {
  interface Font {
    /** Code points of the letters that it has. */
    characterSet: number[];
    /** By the tables' names: "glyf" and "CFF " hold outlines. */
    directory: { tables: Record<string, unknown> };
  }
  /** Reads a font file; one of several fonts is a collection. Throws if it is none. */
  export function openSync(path: string): Font | { fonts: Font[] };
}
