import { randomGenerator } from "../machine/support/random";
import { lightness, MODEL_COLORS, shaded } from "./styleColors";
import { FORMS, type Form, formOf } from "./styleForms";

/** How a model's curve looks beside those of other models. */
export interface ModelLook extends Form {
  /** #RRGGBB */
  color: string;
}

/** Of the models that the paper shows, and of those whose results come along. */
const KNOWN: [RegExp, ModelLook][] = [
  [/^llama-3-8b$/i, { color: MODEL_COLORS.llama, ...formOf(0) }],
  [/^mistral-7b$/i, { color: MODEL_COLORS.mistral, ...formOf(1) }],
  [/^pythia-6.9b$/i, { color: MODEL_COLORS.pythia, ...formOf(2) }],
  [/^opt-6.7b$/i, { color: MODEL_COLORS.opt, ...formOf(3) }],
  [/\bsmollm2-135m/i, { color: "#785EF0", dash: "solid", symbol: "cross" }],
  [/\bgemma-3-270m/i, { color: "#4B7A3A", dash: "dash", symbol: "x" }],
];

/** The paper's color for a family. */
const FAMILIES: [RegExp, string][] = [
  [/mistral/i, MODEL_COLORS.mistral],
  [/pythia|neox/i, MODEL_COLORS.pythia],
  [/\bopt\b/i, MODEL_COLORS.opt],
  [/llama/i, MODEL_COLORS.llama],
];

/** Colors of all others, dark and light ones in turn. */
const OTHERS = ["#785EF0", "#4B7A3A", "#7A5230", "#44AA99", "#882255", "#999933", "#0072B2", "#777777"];

/** How many curves are told apart. */
export const MOST_LOOKS: number = FORMS * OTHERS.length;

/** Difference of CIE lightness (0 to 100) from which on two grays are told apart. */
const GRAY_STEP = 15;

/**
 * Looks of models that share a figure. A model's look follows from its name alone, the same in every figure, unless another
 * one has it: no two are alike in gray print, too, as long as there are forms; in color they differ up to {@link MOST_LOOKS}.
 * The color is that of the family, darker for fewer weights, as far as the paper has one.
 *
 * @param names of the models' folders, or as the paper writes them
 */
export function modelLooks(names: Iterable<string>): Map<string, ModelLook> {
  const looks = new Map<string, ModelLook>();
  const knownOf = (name: string) => KNOWN.filter(([pattern]) => pattern.test(name)).map(([, look]) => look);
  // In an order that does not depend on the figure's.
  const sorted = [...new Set(names)].sort((a, b) => knownOf(b).length - knownOf(a).length || (a < b ? -1 : 1));
  const taken = new Map<string, string[]>(); // colors of each form
  for (const name of sorted) {
    const wanted = [...knownOf(name), ...wantedLooks(name)];
    const colorsOf = (form: Form) => taken.get(keyOf(form)) ?? [];
    const isFree = (look: ModelLook) => !colorsOf(look).includes(look.color);
    const isFreeInGray = (look: ModelLook) => colorsOf(look).every((color) => differInGray(look.color, color));
    const look = wanted.find(isFreeInGray) ?? wanted.find(isFree) ?? wanted[0];
    looks.set(name, look);
    taken.set(keyOf(look), [...colorsOf(look), look.color]);
  }
  return looks;
}

const keyOf = ({ dash, symbol }: Form): string => `${dash} ${symbol}`;

const differInGray = (first: string, second: string): boolean =>
  Math.abs(lightness(first) - lightness(second)) >= GRAY_STEP;

/** All looks that a model could have, the best one first. */
function wantedLooks(name: string): ModelLook[] {
  const random = randomGenerator(name);
  const firstForm = Math.floor(random() * FORMS);
  const firstColor = Math.floor(random() * OTHERS.length);
  const family = FAMILIES.find(([pattern]) => pattern.test(name))?.[1];
  const others = OTHERS.map((_, index) => OTHERS[(firstColor + index) % OTHERS.length]);
  const colors = family ? [shaded(family, shadeOf(name)), ...others] : others;
  return colors.flatMap((color) =>
    Array.from({ length: FORMS }, (_, index) => ({ color, ...formOf((firstForm + index) % FORMS) })),
  );
}

/** 0 for seven billion weights and more, up to 0.5 for ten million and less. */
function shadeOf(name: string): number {
  const [, count, unit] = /(\d+(?:\.\d+)?)([mb])(?![a-z])/i.exec(name) ?? [];
  if (count === undefined) return 0;
  const weights = Number(count) * (unit.toLowerCase() === "b" ? 1e9 : 1e6);
  return 0.5 * Math.min(Math.max(Math.log(7e9 / weights) / Math.log(700), 0), 1);
}
