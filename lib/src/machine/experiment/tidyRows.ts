import type { DimensionEstimate } from "../../geometry/gride";
import type { LayerGeometry } from "../../geometry/metrics";
import { ANGLE_BINS, BIN_DEGREES } from "../../geometry/neighborAngles";
import { UserError } from "../support/errors";
import type { UnitResult } from "./unit";

/** What a row of a tidy table may be about. */
export type Quantity = (typeof QUANTITIES)[number];

/** In the order in which tables have them. */
export const QUANTITIES = [
  "loss",
  "meanEntropy",
  "logitsIntrinsicDimension",
  "logitsIntrinsicDimensionScale",
  "intrinsicDimension",
  "intrinsicDimensionScale",
  "twoNNFit",
  "twoNNMaximumLikelihood",
  "cosineSimilarity",
  "cosineSimilarityDeviation",
  "neighborhoodOverlap",
  "neighborAngle",
  "neighborAngleDeviation",
  "neighborAngleCount",
] as const;

/** One number that was measured of a prompt in one order. */
export interface TidyRow {
  /** 0..L; null for what belongs to the whole pass. The overlap at layer l is that of the layers l and l + 1, as in the paper. */
  layer: number | null;
  quantity: Quantity;
  /**
   * Of dimensions the range scaling n2, of overlaps the number k of neighbors, of counts of angles the degrees at which the
   * bin begins; null of all others.
   */
  parameter: number | null;
  /** Dimensions without unit, lengths as the hidden states have them, loss and entropy in nats, angles in degrees. */
  value: number;
  /** Standard error, where the estimator has one. */
  error: number | null;
}

/** Range scalings go up to 256. */
const LARGEST_PARAMETER = 256;

/**
 * The numbers of a result, one a row, by layer; without the vectors of the last token. Bins that hold no angle have no row.
 *
 * @param wanted only rows of this quantity; all without it
 */
export function tidyRows(result: UnitResult, wanted?: Quantity): TidyRow[] {
  const rows: TidyRow[] = [];
  const add = (
    layer: number | null,
    quantity: Quantity,
    value: number,
    parameter: number | null = null,
    error: number | null = null,
  ): void => {
    if (wanted === undefined || wanted === quantity) rows.push({ layer, quantity, parameter, value, error });
  };
  const addDimensions = (layer: number | null, quantity: Quantity, estimates: readonly DimensionEstimate[]): void => {
    for (const { scaling, id, error } of estimates) add(layer, quantity, id, scaling, error);
    for (const { scaling, scale } of estimates) add(layer, `${quantity}Scale` as Quantity, scale, scaling);
  };
  add(null, "loss", result.loss);
  add(null, "meanEntropy", result.meanEntropy);
  addDimensions(null, "logitsIntrinsicDimension", result.logitsIntrinsicDimension ?? []);
  result.layers.forEach((geometry, layer) => {
    const { intrinsicDimension, twoNN, cosineSimilarity, neighborAngle, neighborhoodOverlap } = geometry;
    addDimensions(layer, "intrinsicDimension", intrinsicDimension);
    add(layer, "twoNNFit", twoNN.fit);
    add(layer, "twoNNMaximumLikelihood", twoNN.ml);
    add(layer, "cosineSimilarity", cosineSimilarity.mean);
    add(layer, "cosineSimilarityDeviation", cosineSimilarity.std);
    neighborhoodOverlap.forEach((value, index) => void add(layer - 1, "neighborhoodOverlap", value, index + 1));
    add(layer, "neighborAngle", neighborAngle.mean);
    add(layer, "neighborAngleDeviation", neighborAngle.std);
    neighborAngle.histogram.forEach((count, bin) => {
      if (count > 0) add(layer, "neighborAngleCount", count, bin * BIN_DEGREES);
    });
  });
  return rows;
}

/** Puts a result together again from its rows, in whatever order they come. */
export class ResultOfRows {
  private readonly layers: LayerGeometry[];
  private readonly logits: DimensionEstimate[] = [];
  private loss?: number;
  private meanEntropy?: number;
  /** Of each layer, how many of the numbers have come that all layers have. */
  private readonly found: number[];

  /** @param layers number of hidden states, L + 1 */
  constructor(layers: number) {
    this.found = Array.from({ length: layers }, () => 0);
    this.layers = this.found.map(() => ({
      intrinsicDimension: [],
      twoNN: { fit: Number.NaN, ml: Number.NaN },
      cosineSimilarity: { mean: Number.NaN, std: Number.NaN },
      neighborhoodOverlap: [],
      neighborAngle: { mean: Number.NaN, std: Number.NaN, histogram: new Array<number>(ANGLE_BINS).fill(0) },
    }));
  }

  /** @throws UserError if there is no such layer, quantity or parameter */
  add({ layer, quantity, parameter, value, error }: TidyRow): void {
    if (parameter !== null && !(Number.isInteger(parameter) && parameter >= 0 && parameter <= LARGEST_PARAMETER)) {
      throw new UserError(`a row of the parameter ${parameter}`);
    }
    if (layer === null) {
      this.addToPass(quantity, parameter ?? 0, value, error ?? Number.NaN);
      return;
    }
    const geometry = this.layers[quantity === "neighborhoodOverlap" ? layer + 1 : layer];
    if (!geometry) throw new UserError(`a row of layer ${layer}; there are ${this.layers.length} hidden states`);
    const set = LAYER_QUANTITIES[quantity];
    if (!set) throw new UserError(`a row of the unknown quantity "${quantity}" of a layer`);
    set(geometry, value, parameter ?? 0, error ?? Number.NaN);
    if (parameter === null) this.found[layer]++;
  }

  /** @throws UserError if rows are missing */
  result(): UnitResult {
    const { layers, loss, meanEntropy, logits } = this;
    const incomplete = this.found.findIndex((count) => count !== SINGLE_QUANTITIES);
    if (incomplete >= 0) throw new UserError(`rows of layer ${incomplete} are missing`);
    const gap = layers.find(({ neighborhoodOverlap }) => neighborhoodOverlap.includes(undefined as never));
    if (gap || loss === undefined || meanEntropy === undefined) throw new UserError("rows are missing");
    const estimates = [logits, ...layers.map(({ intrinsicDimension }) => intrinsicDimension)];
    for (const list of estimates) list.sort((a, b) => a.scaling - b.scaling);
    return { layers, loss, meanEntropy, ...(logits.length > 0 && { logitsIntrinsicDimension: logits }) };
  }

  private addToPass(quantity: Quantity, scaling: number, value: number, error: number): void {
    if (quantity === "loss") this.loss = value;
    else if (quantity === "meanEntropy") this.meanEntropy = value;
    else if (quantity === "logitsIntrinsicDimension")
      Object.assign(estimateAt(this.logits, scaling), { id: value, error });
    else if (quantity === "logitsIntrinsicDimensionScale") estimateAt(this.logits, scaling).scale = value;
    else throw new UserError(`a row of the unknown quantity "${quantity}" of a pass`);
  }
}

/** Where each quantity of a layer goes. */
const LAYER_QUANTITIES: Partial<
  Record<Quantity, (layer: LayerGeometry, value: number, parameter: number, error: number) => void>
> = {
  intrinsicDimension: (layer, id, scaling, error) =>
    void Object.assign(estimateAt(layer.intrinsicDimension, scaling), { id, error }),
  intrinsicDimensionScale: (layer, scale, scaling) => {
    estimateAt(layer.intrinsicDimension, scaling).scale = scale;
  },
  twoNNFit: (layer, value) => {
    layer.twoNN.fit = value;
  },
  twoNNMaximumLikelihood: (layer, value) => {
    layer.twoNN.ml = value;
  },
  cosineSimilarity: (layer, value) => {
    layer.cosineSimilarity.mean = value;
  },
  cosineSimilarityDeviation: (layer, value) => {
    layer.cosineSimilarity.std = value;
  },
  neighborhoodOverlap: (layer, value, k) => {
    layer.neighborhoodOverlap[k - 1] = value;
  },
  neighborAngle: (layer, value) => {
    layer.neighborAngle.mean = value;
  },
  neighborAngleDeviation: (layer, value) => {
    layer.neighborAngle.std = value;
  },
  neighborAngleCount: (layer, value, degrees) => {
    layer.neighborAngle.histogram[Math.round(degrees / BIN_DEGREES)] = value;
  },
};

/** How many quantities without a parameter every layer has. */
const SINGLE_QUANTITIES = 6;

/** The estimate of a list at a scaling, which is added if it is not there. */
function estimateAt(estimates: DimensionEstimate[], scaling: number): DimensionEstimate {
  const known = estimates.find((estimate) => estimate.scaling === scaling);
  if (known) return known;
  const added = { scaling, id: Number.NaN, error: Number.NaN, scale: Number.NaN };
  estimates.push(added);
  return added;
}
