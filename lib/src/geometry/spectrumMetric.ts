import type { Cloud } from "../machine/support/cloud";
import { correctedParticipationRatio } from "./correctedParticipationRatio";
import type { Metric } from "./metric";
import { pointsAt } from "./pointsAt";
import { fields, number } from "./quantities";
import { effectiveRank, participationRatio, spectrum } from "./spectrum";
import { MASSIVE, timesMedian } from "./tokenNorms";

/** So many points has a cloud of which all these numbers exist. */
const FEWEST_POINTS = 4;

export interface SpectrumNumbers {
  effectiveRank: number;
  participationRatio: number;
  /** Corrected for the finite number of tokens. */
  corrected: number;
  /** The share of the variance that the first principal axis holds. */
  firstAxis: number;
}

const NONE: SpectrumNumbers = {
  effectiveRank: Number.NaN,
  participationRatio: Number.NaN,
  corrected: Number.NaN,
  firstAxis: Number.NaN,
};

/** What the variances along principal axes say of a layer: of all tokens, and without those of ten times the median norm or more. */
export const spectrumMetric = {
  version: 1,
  quantities: fields({
    all: fields({
      effectiveRank: number("effectiveRank"),
      participationRatio: number("participationRatio"),
      corrected: number("correctedParticipationRatio"),
      firstAxis: number("firstAxisShare"),
    }),
    withoutMassive: fields({
      effectiveRank: number("effectiveRankWithoutMassive"),
      participationRatio: number("participationRatioWithoutMassive"),
      corrected: number("correctedParticipationRatioWithoutMassive"),
      firstAxis: number("firstAxisShareWithoutMassive"),
    }),
  }),
  async measure({ cloud, squaredLengths }) {
    const times = timesMedian(squaredLengths.map(Math.sqrt));
    const usual = Array.from(times.keys()).filter((token) => !(times[token] >= MASSIVE));
    const all = numbersOf(cloud);
    return { all, withoutMassive: usual.length === cloud.points ? all : numbersOf(pointsAt(cloud, usual)) };
  },
} satisfies Metric<{ all: SpectrumNumbers; withoutMassive: SpectrumNumbers }>;

function numbersOf(cloud: Cloud): SpectrumNumbers {
  if (cloud.points < FEWEST_POINTS || cloud.dimension < 2) return NONE;
  const variances = spectrum(cloud);
  return {
    effectiveRank: effectiveRank(variances),
    participationRatio: participationRatio(variances),
    corrected: correctedParticipationRatio(cloud, { sampledCoordinates: false }),
    firstAxis: variances[0] / variances.reduce((sum, variance) => sum + variance, 0),
  };
}
