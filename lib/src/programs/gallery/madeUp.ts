import type { LayerGeometry } from "../../geometry/metrics";
import type { Exploration } from "../../machine/experiment/exploration";
import type { UnitResult } from "../../machine/experiment/unit";
import { correlations } from "../../results/correlations";
import { meanOverPrompts } from "../../results/means";
import { type AnyQuantity, type CorrelationRow, type MeanRow, type Row, RowSource, SOURCE } from "../../results/row";
import type { HardCase } from "./hardCases";

/** Where numbers that nobody measured come from. */
class MadeUp extends RowSource {
  readonly notes = [];
  readonly provenance = { published: { gallery: "made up" } };
}
const MADE_UP = new MadeUp();

type Place = { model: number; prompt: number; shuffle: number; layer: number | null };

/** Tidy rows of a hard case: of the intrinsic dimension at each layer, or of a quantity that the whole pass has. */
function rowsOf(
  hard: HardCase,
  quantity: AnyQuantity,
  shuffles: readonly number[],
  layers: readonly (number | null)[],
  parameter: number | null,
  numberOf: (place: Place) => number,
): Row[] {
  return hard.models.flatMap((model, i) =>
    hard.prompts.flatMap((prompt, j) =>
      shuffles.flatMap((shuffle) =>
        layers.map((layer): Row => {
          const value = numberOf({ model: i, prompt: j, shuffle, layer });
          const depth = layer === null ? null : layer / hard.layers;
          return {
            ...{ origin: "computed", model, prompt, shuffle, layer, depth, quantity, parameter, value, error: null },
            [SOURCE]: MADE_UP,
          };
        }),
      ),
    ),
  );
}

const upTo = (last: number, first = 0): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Intrinsic dimensions at all layers from 1 on, in all orders or in some. */
export function dimensions(hard: HardCase, shuffles: readonly number[] = upTo(hard.shuffles)): Row[] {
  return rowsOf(hard, "intrinsicDimension", shuffles, upTo(hard.layers, 1), 2, (place) =>
    hard.dimension(place.model, place.prompt, place.shuffle, place.layer ?? 0),
  );
}

/** A single prompt in all orders, and the means as written and with all tokens permuted. */
export function profiles(hard: HardCase): (Row | MeanRow)[] {
  const rows = dimensions(hard);
  const means = meanOverPrompts(rows.filter(({ shuffle }) => shuffle === 0 || shuffle === hard.shuffles));
  return [...rows.filter(({ prompt }) => prompt === hard.prompts[0]), ...means];
}

/** Loss and entropy of a prompt in nats, and the dimension of its logits. */
const loss = ({ model, prompt }: Place): number => 2 + 0.1 * model + 0.4 * Math.cos(3 * prompt + model);
const entropy = (place: Place): number => 0.9 * loss(place) + 0.2 * Math.sin(place.prompt);

/** What Figure 7 is made of. */
export function logits(hard: HardCase): Row[] {
  const middle = Math.ceil(hard.layers / 2);
  return [
    ...rowsOf(hard, "loss", [0], [null], null, loss),
    ...rowsOf(hard, "meanEntropy", [0], [null], null, entropy),
    ...rowsOf(hard, "logitsIntrinsicDimension", [0], [null], 2, ({ model, prompt }) =>
      hard.dimension(model, prompt, 0, middle),
    ),
  ];
}

/** What Figure 6 is made of. */
export function lossCorrelations(hard: HardCase): CorrelationRow[] {
  return correlations(dimensions(hard, [0]), rowsOf(hard, "loss", [0], [null], null, loss), { transform: Math.log });
}

/** A look at one prompt. */
export function exploration(hard: HardCase, prompt = 0): Exploration {
  const shuffles = upTo(hard.shuffles);
  const orders = shuffles.map((shuffleIndex) => {
    const dimensionAt = (layer: number) => hard.dimension(0, prompt, shuffleIndex, layer);
    const layers = upTo(hard.layers).map(
      (layer): Partial<LayerGeometry> => ({
        intrinsicDimension: [{ scaling: 2, id: dimensionAt(layer), error: dimensionAt(layer) / 20, scale: 1 }],
        cosineSimilarity: { mean: 1 / (1 + dimensionAt(layer)), std: 0.1 },
        neighborhoodOverlap: layer === 0 ? [] : [0.5, Math.exp(-dimensionAt(layer) / 10)],
      }),
    );
    const place = { model: 0, prompt, shuffle: shuffleIndex, layer: null };
    const result = { layers, loss: loss(place) + shuffleIndex, meanEntropy: entropy(place) } as UnitResult;
    const spacings = upTo(hard.layers).map((layer) => ({
      distances: hard.pieces.map((_, token) => dimensionAt(layer) * (1 + 0.8 * Math.sin(token * (layer + 2)))),
      nearest: hard.pieces.map((_, token) => [(token + 1) % hard.pieces.length]),
    }));
    const dimensions = spacings.map(({ distances }) => distances.map((distance) => distance * 1.5));
    const losses = hard.pieces.map((_, token) => (token === 0 ? Number.NaN : 2 + Math.cos(token)));
    return { shuffleIndex, result, spacings, dimensions, losses };
  });
  const { pieces } = hard;
  return {
    ...{ model: hard.models[0], prompt: hard.prompts[prompt], pieces, textTokens: pieces.length, neighbors: 8, orders },
    provenance: { gallery: "made up" },
  };
}
