"""The geometry of a layer in Python, to be timed beside the library's: called by bench/geometry.js.

Two ways, both of the quantities that the library measures (GRIDE at all range scalings with errors and lengths, 2NN, cosine
similarity, neighborhood overlap for k = 1..31, angles to the two nearest neighbors):

authors  what one writes with the usual tools: full distance matrix and argsort, np.unique for coinciding points, DADApy's GRIDE if
         it is installed and a root finder per scaling if not, sets of neighbors compared point by point
numpy    the fastest that could be found without leaving NumPy and SciPy

    pip install numpy scipy scikit-learn [dadapy]
    python geometry.py authors|numpy      then one JSON request a line: {"cloud": FILE.npy, "previous": FILE.npy}
"""

import json
import sys
import time

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.optimize import brentq
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

try:
    from dadapy import Data
except ImportError:
    Data = None

LARGEST_NEIGHBORHOOD = 31
LARGEST_SCALING = 256


def range_scalings(points):
    scalings = []
    scaling = 2
    while scaling <= min(points - 1, LARGEST_SCALING):
        scalings.append(scaling)
        scaling *= 2
    return scalings


def shrinking(log_ratios, dimension):
    """ln(mu) / (1 - mu^-d), and its limit 1/d where two neighbors are at the same distance."""
    return np.where(log_ratios > 0, log_ratios / -np.expm1(-dimension * log_ratios), 1 / dimension)


def gride_equation(dimension, log_ratios, outer, inner):
    """Zero at the most likely dimension."""
    terms = (outer - 1) * log_ratios - (outer - inner - 1) * shrinking(log_ratios, dimension)
    return terms.sum() - (len(log_ratios) - 1) / dimension


def standard_error(dimension, log_ratios, outer, inner):
    if outer == 2:
        return dimension / np.sqrt(len(log_ratios))
    powers = np.exp(-dimension * log_ratios)
    information = len(log_ratios) / dimension**2
    information += (outer - inner - 1) * (shrinking(log_ratios, dimension) ** 2 * powers).sum()
    return 1 / np.sqrt(information)


def kept_ratios(ratios):
    median, high = np.percentile(ratios, [50, 95])
    return ratios[ratios < median + 20 * (high - median)]


def two_nearest_neighbors(first, second):
    log_ratios = np.sort(np.log(second / first))
    count = len(log_ratios)
    kept = log_ratios[: int(0.9 * count)]
    heights = -np.log(1 - np.arange(1, len(kept) + 1) / count)
    return {"fit": kept @ heights / (kept @ kept), "ml": (count - 1) / log_ratios.sum()}


def angles(points, nearest):
    to_first = points - points[nearest[:, 0]]
    to_second = points - points[nearest[:, 1]]
    products = np.einsum("ij,ij->i", to_first, to_second)
    lengths = np.sqrt(np.einsum("ij,ij->i", to_first, to_first) * np.einsum("ij,ij->i", to_second, to_second))
    return np.degrees(np.arccos(np.clip(products / lengths, -1, 1)))


class Authors:
    """The usual tools, one after the other."""

    def neighbors(self, points):
        return np.argsort(euclidean_distances(points), axis=1)[:, 1:]

    def measure(self, points, previous):
        neighbors = self.neighbors(points)
        distinct = np.unique(points, axis=0)
        dimensions, first, second, order = self.gride(distinct)
        similarity = cosine_similarity(points)
        return {
            "intrinsicDimension": dimensions,
            "twoNN": two_nearest_neighbors(first, second),
            "cosineSimilarity": {"mean": similarity.mean(), "std": similarity.std()},
            "neighborhoodOverlap": None if previous is None else self.overlap(previous, neighbors),
            "neighborAngle": {"mean": angles(distinct.astype(np.float64), order).mean()},
        }

    def gride(self, points):
        if Data is not None:
            data = Data(points.astype(np.float64), verbose=False)
            data.compute_distances(maxk=min(len(points) - 1, LARGEST_SCALING))
            dimensions, errors, lengths = data.return_id_scaling_gride(range_max=range_scalings(len(points))[-1])
            columns = zip(range_scalings(len(points)), dimensions, errors, lengths)
            found = [{"scaling": s, "id": d, "error": e, "scale": r} for s, d, e, r in columns]
            return found, data.distances[:, 1], data.distances[:, 2], data.dist_indices[:, 1:3]
        distances = euclidean_distances(points.astype(np.float64))
        order = np.argsort(distances, axis=1)[:, 1:]
        distances = np.take_along_axis(distances, order, axis=1)
        found = []
        for outer in range_scalings(len(points)):
            inner = outer // 2
            near, far = distances[:, inner - 1], distances[:, outer - 1]
            log_ratios = np.log(far / near)
            kept = np.log(kept_ratios(far / near))
            if outer == 2:
                dimension = (len(kept) - 1) / kept.sum()
            else:
                dimension = brentq(gride_equation, 0.001, 1000, args=(kept, outer, inner))
            error = standard_error(dimension, log_ratios, outer, inner)
            found.append({"scaling": outer, "id": dimension, "error": error, "scale": ((near + far) / 2).mean()})
        return found, distances[:, 0], distances[:, 1], order[:, :2]

    def overlap(self, before, after):
        overlaps = []
        for size in range(1, min(LARGEST_NEIGHBORHOOD, len(after) - 1) + 1):
            shares = [len(set(a[:size]) & set(b[:size])) / size for a, b in zip(before, after)]
            overlaps.append(np.mean(shares))
        return overlaps


class BestNumpy:
    """One symmetric product of the centered points, the nearest selected and only they sorted, Newton's steps for GRIDE."""

    def centered(self, points):
        mean = points.mean(axis=0, dtype=np.float64)
        return points - mean, mean

    def squared_distances(self, centered):
        gram = dsyrk(1.0, centered.T, trans=True)  # centered.T is in Fortran order: nothing is copied; upper half
        gram = np.triu(gram) + np.triu(gram, 1).T
        squares = gram.diagonal().copy()
        distances = squares[:, None] + squares[None, :]
        distances -= 2 * gram
        np.fill_diagonal(distances, np.inf)
        return distances, squares, gram

    def nearest(self, distances, count):
        count = min(count, len(distances) - 1)
        order = np.argpartition(distances, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(distances, order, axis=1)
        inside = np.argsort(values, axis=1)
        return np.take_along_axis(order, inside, axis=1), np.take_along_axis(values, inside, axis=1)

    def neighbors(self, points):
        distances, _, _ = self.squared_distances(self.centered(points)[0])
        return self.nearest(distances, LARGEST_NEIGHBORHOOD)[0]

    def measure(self, points, previous):
        centered, mean = self.centered(points)
        distances, squares, gram = self.squared_distances(centered)
        order, nearest = self.nearest(distances, LARGEST_SCALING)
        overlap = None if previous is None else self.overlap(previous, order[:, :LARGEST_NEIGHBORHOOD])
        result = {"cosineSimilarity": self.cosine(centered, mean, squares, gram), "neighborhoodOverlap": overlap}
        # Points that coincide are each other's nearest, at a distance that rounding alone makes.
        if (nearest[:, 0] <= 1e-12 * squares.max()).any():
            distinct = np.unique(points, axis=0)
            if len(distinct) < len(points):
                points = distinct
                centered, _ = self.centered(points)
                distances, _, _ = self.squared_distances(centered)
                order, nearest = self.nearest(distances, LARGEST_SCALING)
        nearest = np.sqrt(np.maximum(nearest, 0))
        result["intrinsicDimension"] = self.gride(nearest)
        result["twoNN"] = two_nearest_neighbors(nearest[:, 0], nearest[:, 1])
        result["neighborAngle"] = {"mean": angles(centered, order).mean()}
        return result

    def cosine(self, centered, mean, squares, gram):
        along = centered @ mean
        products = gram + along[:, None] + along[None, :] + mean @ mean
        weights = 1 / np.sqrt(squares + 2 * along + mean @ mean)
        products *= weights[:, None]
        products *= weights[None, :]
        return {"mean": products.mean(), "std": products.std()}

    def gride(self, nearest):
        found = []
        for outer in range_scalings(nearest.shape[1] + 1):
            inner = outer // 2
            near, far = nearest[:, inner - 1], nearest[:, outer - 1]
            ratios = far / near
            log_ratios = np.log(ratios)
            kept = np.log(kept_ratios(ratios))
            dimension = (len(kept) - 1) / kept.sum()
            if outer > 2:
                dimension = self.root(dimension / inner, kept, outer, inner)
            error = standard_error(dimension, log_ratios, outer, inner)
            found.append({"scaling": outer, "id": dimension, "error": error, "scale": ((near + far) / 2).mean()})
        return found

    def root(self, dimension, log_ratios, outer, inner):
        factor = outer - inner - 1
        constant = (outer - 1) * log_ratios.sum()
        for _ in range(50):
            powers = np.exp(-dimension * log_ratios)
            values = shrinking(log_ratios, dimension)
            error = constant - factor * values.sum() - (len(log_ratios) - 1) / dimension
            slope = factor * (values * values) @ powers + (len(log_ratios) - 1) / dimension**2
            step = error / slope
            dimension -= step
            if abs(step) <= 1e-12 * dimension:
                break
        return dimension

    def overlap(self, before, after):
        size = after.shape[1]
        at_least = np.maximum.outer(np.arange(size), np.arange(size))  # from which k on a pair of places counts
        shared = before[:, :size, None] == after[:, None, :]
        counts = np.bincount(np.broadcast_to(at_least, shared.shape)[shared], minlength=size)
        return counts.cumsum() / np.arange(1, size + 1) / len(after)


WAYS = {"authors": Authors, "numpy": BestNumpy}


def main():
    way = WAYS[sys.argv[1]]()
    print(json.dumps({"ready": f"numpy {np.__version__}", "gride": "DADApy" if Data else "brentq"}), flush=True)
    neighbor_lists = {}
    for line in sys.stdin:
        request = json.loads(line)
        points = np.load(request["cloud"])
        before = request.get("previous")
        if before and before not in neighbor_lists:
            neighbor_lists = {before: way.neighbors(np.load(before))}
        started, processor = time.perf_counter(), time.process_time()
        with np.errstate(divide="ignore", invalid="ignore"):
            result = way.measure(points, neighbor_lists.get(before))
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
        answer = {"wall": 1000 * seconds, "processor": 1000 * processor, "result": result}
        print(json.dumps(answer, default=lambda number: number.tolist()), flush=True)


if __name__ == "__main__":
    main()
