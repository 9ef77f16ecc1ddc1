import { type Cloud, checkSize, checkValues, FEWEST_POINTS } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";
import { distinctPoints, firstOnes } from "./distinctPoints";
import { type GramMatrix, gramMatrix, gramMatrixOf } from "./gramMatrix";
import { rangeScalings } from "./gride";
import { type Neighbors, nearestNeighbors, neighborhoodSizes, upTo } from "./neighbors";
import { giveBackMatrix } from "./spareMatrix";

/**
 * The cloud of one layer with what several metrics need of it. Neighbors are looked for when the first metric asks for
 * them, and only once.
 */
export class LayerCloud {
  readonly cloud: Cloud;
  /** The cloud without copies of coinciding points; the cloud itself if there are none. */
  readonly distinct: Cloud;
  /** Squared length of each point of `cloud`, in float64. */
  readonly squaredLengths: Float64Array;
  private readonly mean: Float64Array;
  /** Of each point the first that coincides with it. */
  private readonly firstOnes: Int32Array;
  private products?: Promise<GramMatrix>;
  private allNeighbors?: Promise<Neighbors>;
  private neighborsOfDistinct?: Promise<Neighbors>;

  /**
   * @param cloud at least three points, finite numbers
   * @param name for messages
   * @throws UserError if the cloud is too small or holds NaN or infinity
   */
  constructor({ values, points, dimension }: Cloud, name: string) {
    this.cloud = { values, points, dimension }; // An object of our own: the kernels know a cloud by its object.
    checkSize(this.cloud, name);
    const { squaredLengths, sum } = sumUp(this.cloud);
    if (!squaredLengths.every(Number.isFinite)) checkValues(this.cloud, name);
    this.squaredLengths = squaredLengths;
    this.mean = sum.map((total) => total / points);
    this.firstOnes = firstOnes(this.cloud, squaredLengths);
    this.distinct = distinctPoints(this.cloud, this.firstOnes);
  }

  /** Fewer than three distinct points have no local dimension and no angle. */
  get estimable(): boolean {
    return this.distinct.points >= FEWEST_POINTS;
  }

  /** Products of all pairs of points, coinciding ones included. */
  gramMatrix(): Promise<GramMatrix> {
    this.products ??= gramMatrix(this.cloud, this.mean);
    return this.products;
  }

  /** Gives the memory of the products to the next layer. Whoever asks for them again has them computed again. */
  async release(): Promise<void> {
    const { products } = this;
    this.products = undefined;
    const whole = (await products)?.whole;
    if (whole) giveBackMatrix(whole);
  }

  /** Neighbors of all points, coinciding ones included: the tokens of two layers must stay aligned. */
  neighbors(): Promise<Neighbors> {
    if (this.distinct === this.cloud) return this.distinctNeighbors();
    this.allNeighbors ??= this.findNeighbors(this.cloud, neighborhoodSizes(this.cloud.points), []);
    return this.allNeighbors;
  }

  /** Neighbors of the distinct points, with the distances of all range scalings: ranks 1, 2, 4, 8, ... */
  distinctNeighbors(): Promise<Neighbors> {
    const { cloud, distinct } = this;
    // Of some of the points only the two nearest are asked for: they make the angles.
    const listed = distinct === cloud ? neighborhoodSizes(cloud.points) : 2;
    this.neighborsOfDistinct ??= this.findNeighbors(distinct, listed, [1, ...rangeScalings(distinct.points)]);
    return this.neighborsOfDistinct;
  }

  /** Of each point its row among the distinct ones: that of the first it coincides with. */
  get distinctRows(): Int32Array {
    let rows = 0;
    const own = this.firstOnes.map((first, point) => (first === point ? rows++ : -1));
    return this.firstOnes.map((first) => own[first]);
  }

  /** The nearest neighbors of the distinct points, with all distances. @param count fewer than there are distinct points */
  nearestDistinct(count: number): Promise<Neighbors> {
    return this.findNeighbors(this.distinct, count, upTo(count));
  }

  private async findNeighbors(cloud: Cloud, listed: number, ranks: number[]): Promise<Neighbors> {
    const gram = await this.gramMatrix();
    if (cloud === this.cloud) return nearestNeighbors(cloud, listed, ranks, { gram, firstOnes: this.firstOnes });
    const kept = Array.from(this.firstOnes.keys()).filter((point) => this.firstOnes[point] === point);
    const known = { gram: gramMatrixOf(kept, gram), firstOnes: Int32Array.from(kept.keys()) };
    return nearestNeighbors(cloud, listed, ranks, known);
  }
}
