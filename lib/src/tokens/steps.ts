/** A step of a tokenizer: of those that change a text, cut it, or make a text of tokens. */
export interface Step extends Record<string, unknown> {
  type: string;
}

/** The steps of a part of tokenizer.json, in order; after a sequence those that are in it. */
export function stepsOf(part: unknown): Step[] {
  if (typeof part !== "object" || part === null) return [];
  const { normalizers, pretokenizers } = part as Step;
  const inner = [normalizers, pretokenizers].flatMap((list) => (Array.isArray(list) ? list : []));
  return [part as Step, ...inner.flatMap(stepsOf)];
}
