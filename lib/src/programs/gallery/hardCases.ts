/** A made-up experiment that is hard to draw. */
export interface HardCase {
  name: string;
  /** What is hard about it. */
  shows: string;
  /** It is only hard for pictures of several models. */
  ofModels?: true;
  models: string[];
  prompts: string[];
  /** The last layer. */
  layers: number;
  /** The largest shuffle index. */
  shuffles: number;
  /** Text of each token of a prompt. */
  pieces: string[];
  /** Intrinsic dimension; all other numbers are made of it. */
  dimension(model: number, prompt: number, shuffle: number, layer: number): number;
}

const LONG = "a-file-name-of-a-hundred-and-ten-letters_".repeat(3).slice(0, 110);
const HUB = ["meta-llama", "mistralai", "EleutherAI", "some-organization-with-a-long-name", "Qwen"];
const PIECES = "The tide came in , and the gulls came in with the tide .\n".split(/(?<=\n)|(?= )/);

/** A hump, as the paper's curves have; each model and prompt has its own. */
function hump(model: number, prompt: number, shuffle: number, layer: number): number {
  const peak = 8 + model * 0.7 + shuffle * 1.2 + Math.sin(5 * prompt + model);
  return 3 + peak * Math.exp(-(((layer - 8 - (model % 5)) / 6) ** 2)) + 0.2 * Math.sin(layer * (prompt + 2));
}

const USUAL = {
  models: ["Llama-3-8B", "my-model"],
  prompts: ["fiction", "science", "news", "poem", "law", "code"],
  layers: 24,
  shuffles: 5,
  pieces: Array.from({ length: 6 }, () => PIECES).flat(),
  dimension: hump,
};

/** What pictures have to bear. */
export const HARD_CASES: readonly HardCase[] = [
  { ...USUAL, name: "usual", shows: "what everything else is a change of" },
  {
    ...USUAL,
    name: "twenty-models",
    shows: "twenty models with names as the hub has them",
    ofModels: true,
    models: Array.from({ length: 20 }, (_, i) => `${HUB[i % 5]}/model-${i + 1}-instruct-v0.${i % 3}-deduped-Q4_K_M`),
  },
  {
    ...USUAL,
    name: "family",
    shows: "eight sizes of one family",
    ofModels: true,
    models: ["70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b", "12b"].map((size) => `pythia-${size}-deduped`),
  },
  {
    ...USUAL,
    name: "long-names",
    shows: "models and prompts with names of 110 letters, which differ in the last one",
    models: ["1", "2", "3"].map((end) => LONG.slice(0, -1) + end),
    prompts: ["1", "2", "3", "4"].map((end) => LONG.toUpperCase().slice(0, -1) + end),
    pieces: [...PIECES, LONG, ...PIECES, LONG],
  },
  {
    ...USUAL,
    name: "single",
    shows: "one model, one prompt, one layer, one shuffle",
    models: ["llama-mini"],
    prompts: ["own text"],
    layers: 1,
    shuffles: 1,
    pieces: ["One", " point"],
  },
  {
    ...USUAL,
    name: "gaps",
    shows: "no values at some layers, of one model and of one prompt none at all",
    models: [...USUAL.models, "nothing-known"],
    dimension: (model, prompt, shuffle, layer) =>
      model === 2 || prompt === 3 || layer % 7 === 3 ? Number.NaN : hump(model, prompt, shuffle, layer),
  },
  {
    ...USUAL,
    name: "scripts",
    shows: "names and texts in Chinese, Arabic, Hebrew, Devanagari and emoji",
    models: ["春天的早晨-7B", "نموذج-7", "מודל 3"],
    prompts: ["春天的早晨.txt", "صباح الربيع 2024.txt", "בוקר אביבי (2).txt", "वसंत की सुबह.txt", "🌸 morning.txt"],
    pieces: [
      ...["春天", "的", "早晨", "，", "鸟儿", "在", "歌唱", "。\n"],
      ...["في", " صباح", " الر", "بيع", " تغر", "د", " 12", " طيور", ".\n"],
      ...["בב", "וקר", " אב", "יבי", ",", " ה", "ציפורים", " (", "TensorFlow", ")", " שרות", ".\n"],
      ...["वसंत", " की", " सुबह", "।\n", "🌸", " morning", " 🐦", "!"],
    ],
  },
  {
    ...USUAL,
    name: "extremes",
    shows: "numbers from a billionth to a billion",
    models: ["tiny", "usual", "huge"],
    dimension: (model, ...place) => hump(model, ...place) * 10 ** (9 * (model - 1)),
  },
  {
    ...USUAL,
    name: "identical",
    shows: "three models and all shuffles with the same numbers, constant over the layers",
    models: ["first", "second", "third"],
    dimension: () => 7,
  },
];
