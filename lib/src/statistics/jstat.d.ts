declare module "jstat" {
  export const jStat: {
    /** The regularized incomplete beta function I(x; a, b). */
    ibeta(x: number, a: number, b: number): number;
    normal: { inv(probability: number, mean: number, standardDeviation: number): number };
  };
}
