import { canonicalJson } from "./unit";

/** Something that has to be the same everywhere, as it was found in one place. */
export interface Observation {
  fact: string;
  value: unknown;
  where: string;
  /** In how many places it was found so; 1 without it. */
  count?: number;
}

/** Facts of which more than one value was found, each as one line: 'seed: "0" (a.json), "1" (b.json)'. */
export function differences(observations: readonly Observation[]): string[] {
  const byFact = new Map<string, Map<string, Observation>>();
  for (const { fact, value, where, count = 1 } of observations) {
    const values = byFact.get(fact) ?? new Map<string, Observation>();
    byFact.set(fact, values);
    const text = canonicalJson(value ?? null);
    const known = values.get(text);
    values.set(text, { fact, value, where: known?.where ?? where, count: (known?.count ?? 0) + count });
  }
  return [...byFact]
    .filter(([, values]) => values.size > 1)
    .map(([fact, values]) => {
      const found = [...values].map(([text, { where, count = 1 }]) => {
        const others = count > 1 ? ` and ${count - 1} more` : "";
        return `${shortened(text)} (${where}${others})`;
      });
      return `${fact}: ${found.join(", ")}`;
    });
}

/** A hash needs its first digits only. */
function shortened(text: string): string {
  return text.replaceAll(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 12));
}
