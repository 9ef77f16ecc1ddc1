import type { AskedMetricName } from "../../machine/experiment/entries";

/** What a model reads and how it is measured: the orders of some prompts that have this in common. */
export interface RecordingPart {
  /** S, each a part of its own in the end. */
  shuffleIndices: number[];
  /** Names of the prompts; all embedded ones without it. */
  prompts?: string[];
  bos?: boolean;
  leaveOut?: number;
  /** What is measured besides the geometry of the layers. */
  metrics?: AskedMetricName[];
}

const METRICS: AskedMetricName[] = ["logitsIntrinsicDimension", "lastToken"];

/** What the notebooks beyond the paper look at. */
const BEYOND: AskedMetricName[] = ["tokenNorms", "spectrum", "kStar", "trajectory"];

/** A third of the prompts, the first ones: enough to see what the beginning of a text does. */
const FIRST_THIRD = [
  "api-reference-parcel-lockers",
  "biomed-delirium-ward-lighting",
  "biomed-phage-enzyme-catheter",
  "c-polygon-clipping",
  "c-trace-ring-buffer",
  "changelog-brindle-maps",
  "config-and-server-log",
  "csv-river-survey-analysis",
  "dialogue-signal-box",
  "diary-field-geologist",
  "email-choir-double-booking",
  "encyclopedia-common-swift",
  "encyclopedia-tide-mill",
  "fiction-realist",
  "fiction-speculative",
  "forum-well-pump-short-cycling",
];

/** All orders as written, the ends with a token in front and without the first one: what models get that are not named. */
const FULL: RecordingPart[] = [
  { shuffleIndices: [0], metrics: [...METRICS, ...BEYOND] },
  { shuffleIndices: [1, 2, 3, 4] },
  { shuffleIndices: [5], metrics: ["tokenNorms", "trajectory"] },
  { shuffleIndices: [0, 5], bos: true, prompts: FIRST_THIRD },
  { shuffleIndices: [0, 5], leaveOut: 1, prompts: FIRST_THIRD },
];

/** The prompt that the figures' single-prompt panels show. */
const SHOWN_PROMPT = ["fiction-realist"];

/** Of the checkpoints of a training run: their names end in the step, "llama-mini-step0064". */
const TRAINING: RecordingPart[] = [{ shuffleIndices: [0, 5], prompts: FIRST_THIRD }];

/** What is recorded of which model: the one place where it is said. */
export const RECORDING_PLAN: Record<string, readonly RecordingPart[]> = {
  "smollm2-135m": FULL,
  "gemma-3-270m": [
    { shuffleIndices: [0, 5] },
    { shuffleIndices: [1, 2, 3, 4], prompts: SHOWN_PROMPT },
    { shuffleIndices: [0, 5], bos: true, prompts: FIRST_THIRD },
  ],
};

/** Which parts a recording can be restricted to. */
export const VARIANTS = ["plain", "bos", "leave-out"] as const;
export type Variant = (typeof VARIANTS)[number];

/** What is recorded of a model, by single shuffle indices, perhaps only some of it. */
export function partsOf(
  model: string,
  wanted: { shuffles?: readonly number[]; variants?: readonly Variant[] } = {},
): (Omit<RecordingPart, "shuffleIndices"> & { shuffleIndex: number })[] {
  const others = /-step\d+\/?$/.test(model) ? TRAINING : FULL;
  const parts = Object.hasOwn(RECORDING_PLAN, model) ? RECORDING_PLAN[model] : others;
  return parts.flatMap(({ shuffleIndices, ...part }) =>
    shuffleIndices
      .filter((index) => wanted.shuffles?.includes(index) ?? true)
      .filter(() => wanted.variants?.includes(variantOf(part)) ?? true)
      .map((shuffleIndex) => ({ shuffleIndex, ...part })),
  );
}

function variantOf({ bos, leaveOut = 0 }: Omit<RecordingPart, "shuffleIndices">): Variant {
  return bos ? "bos" : leaveOut > 0 ? "leave-out" : "plain";
}
