import { type GramMatrix, gramMatrix } from "./gramMatrix";
import { rangeScalings } from "./gride";
import { neighborhoodSizes } from "./neighborhoodOverlap";
import { type NeighborTable, nearestNeighbors } from "./neighbors";
import { checkCloud, distinctPoints, FEWEST_POINTS, type PointCloud, squaredLengths } from "./pointCloud";

/**
 * The cloud of one layer with what several metrics need of it. Neighbors are looked for when the first metric asks for
 * them, and only once.
 */
export class LayerCloud {
  /** The cloud without copies of coinciding points; the cloud itself if there are none. */
  readonly distinct: PointCloud;
  /** Squared length of each point of `cloud`, in float64. */
  readonly squaredLengths: Float64Array;
  private products?: Promise<GramMatrix>;
  private allNeighbors?: Promise<NeighborTable>;
  private neighborsOfDistinct?: Promise<NeighborTable>;

  /**
   * @param cloud at least three points, finite numbers
   * @param name for messages
   * @param previous neighbors in the layer before it, whose points are the same tokens: see {@link neighbors}
   * @throws UserError if the cloud is too small or holds NaN or infinity
   */
  constructor(
    readonly cloud: PointCloud,
    name: string,
    readonly previous?: NeighborTable,
  ) {
    checkCloud(cloud, name);
    this.squaredLengths = squaredLengths(cloud);
    this.distinct = distinctPoints(cloud, this.squaredLengths);
  }

  /** Fewer than three distinct points have no local dimension and no angle. */
  get estimable(): boolean {
    return this.distinct.points >= FEWEST_POINTS;
  }

  /** Products of all pairs of points, coinciding ones included. */
  gramMatrix(): Promise<GramMatrix> {
    this.products ??= gramMatrix(this.cloud);
    return this.products;
  }

  /** Neighbors of all points, coinciding ones included: the tokens of two layers must stay aligned. */
  neighbors(): Promise<NeighborTable> {
    if (this.distinct === this.cloud) return this.distinctNeighbors();
    this.allNeighbors ??= this.gramMatrix().then((gram) =>
      nearestNeighbors(this.cloud, neighborhoodSizes(this.cloud.points), [], gram),
    );
    return this.allNeighbors;
  }

  /** Neighbors of the distinct points, with the distances of all range scalings: ranks 1, 2, 4, 8, ... */
  distinctNeighbors(): Promise<NeighborTable> {
    const { cloud, distinct } = this;
    const ranks = [1, ...rangeScalings(distinct.points)];
    this.neighborsOfDistinct ??=
      distinct === cloud
        ? this.gramMatrix().then((gram) => nearestNeighbors(cloud, neighborhoodSizes(cloud.points), ranks, gram))
        : nearestNeighbors(distinct, 2, ranks); // Only the two nearest are asked for: they make the angles.
    return this.neighborsOfDistinct;
  }
}

/** Distance of every point to its neighbor of the `index`-th of the table's ranks [N]. */
export function distancesAt({ points, ranks, distances }: NeighborTable, index: number): Float64Array {
  return Float64Array.from({ length: points }, (_, point) => distances[point * ranks.length + index]);
}
