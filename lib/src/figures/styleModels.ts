import { MODEL_COLORS } from "./styleColors";

/** How a model's curve looks beside those of other models: what differs beside the color is for color-blind readers. */
export interface ModelLook {
  color: string;
  dash: "solid" | "dash" | "dot" | "dashdot";
  symbol: string;
}

/** The paper's color for a family, a look of its own for those that the paper does not show. */
const FAMILIES: { pattern: RegExp; look: ModelLook }[] = [
  { pattern: /mistral/i, look: { color: MODEL_COLORS.mistral, dash: "dash", symbol: "square" } },
  { pattern: /pythia|neox/i, look: { color: MODEL_COLORS.pythia, dash: "dot", symbol: "diamond" } },
  { pattern: /\bopt\b/i, look: { color: MODEL_COLORS.opt, dash: "dashdot", symbol: "triangle-up" } },
  { pattern: /llama/i, look: { color: MODEL_COLORS.llama, dash: "solid", symbol: "circle" } },
];

const OTHERS: ModelLook[] = [
  { color: "#785EF0", dash: "solid", symbol: "cross" },
  { color: "#4B7A3A", dash: "dash", symbol: "x" },
  { color: "#7A5230", dash: "dot", symbol: "star" },
  { color: "#555555", dash: "dashdot", symbol: "triangle-down" },
];

/**
 * Looks of models that share a panel, by name. Two of one family keep their color apart by the dash and the marker.
 *
 * @param names of the models' folders, or as the paper writes them
 */
export function modelLooks(names: readonly string[]): ModelLook[] {
  const used = new Set<string>();
  return names.map((name) => {
    const family = FAMILIES.find(({ pattern }) => pattern.test(name))?.look;
    const free = OTHERS.find(({ symbol }) => !used.has(symbol)) ?? OTHERS[used.size % OTHERS.length];
    const look = family ?? free;
    const chosen = used.has(look.symbol) ? { ...free, color: look.color } : look;
    used.add(chosen.symbol);
    return chosen;
  });
}
