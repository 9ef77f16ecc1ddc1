/**
 * Beyond the paper: what else people ask of the token vectors of a layer, one heading a question; notebooks 21 and on show each. Users have it as
 * `beyond`, one of the names of index.ts.
 */

// Clouds from elsewhere: files of vectors

export { readClouds } from "./machine/arrays/readClouds";

// Token health: which tokens are far longer than the others, and a cloud without them

export { pointsAt } from "./geometry/pointsAt";
export { type MassiveToken, massiveTokens, tokenNorms } from "./geometry/tokenNorms";

// Spectrum: how many principal axes hold what there is

export { type CorrectionOptions, correctedParticipationRatio } from "./geometry/correctedParticipationRatio";
export { effectiveRank, matrixEntropy, participationRatio, type SpectrumOptions, spectrum } from "./geometry/spectrum";

// Layers and models compared, on the same tokens

export { informationImbalance, type NeighborRanks, neighborRanks } from "./geometry/informationImbalance";
export { type AlignmentOptions, type CenteredProducts, centeredProducts, linearCKA } from "./geometry/kernelAlignment";

// Scale: where a dimension holds, and the neighborhoods of constant density

export { dimensionPlateau, type Plateau, type PlateauOptions } from "./geometry/dimensionPlateau";
export { type KStarOptions, kStar } from "./geometry/kStar";
export { kStarBinomial } from "./geometry/kStarBinomial";
export { type AdaptiveEstimate, type AdaptiveOptions, kStarGride } from "./geometry/kStarGride";

// Controls: what an estimate makes of what is known

export { ballCloud, gaussianLike } from "./geometry/controlClouds";
export { scrambleWeights } from "./machine/checkpoint/scrambledWeights";

// Trajectories: steps along the text and along depth

export { depthTrajectory, stepLengths, turningAngles } from "./geometry/trajectories";

// The cloud, seen: local dimensions, projections and how far to believe them

export { type CloudView, cloudView, type LayerView, type Picture } from "./geometry/cloudView";
export { localDimensions, meanLocalDimension } from "./geometry/localDimension";
export { type PrincipalComponents, principalComponents } from "./geometry/principalComponents";
export { turnedOnto } from "./geometry/procrustes";
export { trustworthiness } from "./geometry/trustworthiness";
export { type CloudPageOptions, exportCloudPage } from "./machine/notebook/cloudPage";

// Rows for other programs: pandas, polars, DuckDB, R

export { type SavedRows, type SaveRowsOptions, saveRows } from "./machine/notebook/saveRows";
