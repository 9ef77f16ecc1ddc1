#!/usr/bin/env bash
# The dimension of points on a grid, where many neighbors are equally far: of 9 x 9 x 9 integer points at n2 = 16, 343 of the 729 ratios r16 / r8 are 1.
# A ratio of 1 adds a finite term to the equation of the likelihood (ln mu / (1 - mu^-d) -> 1 / d), and the maximum is at 5.57. DADApy cuts
# 1 - mu^-d from below, the term becomes 0, and its GRIDE is 3.16: near the 3 that one hopes for, and not what it sets out to compute.
# Seen with: dadapy 0.3.4, scipy 1.17, numpy 2.4, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check dadapy==0.3.4 scipy
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from itertools import product

import numpy as np
from dadapy import Data
from scipy.optimize import brentq
from scipy.spatial.distance import cdist

grid = np.array(list(product(range(9), repeat=3)), dtype=float)
distances = np.sort(cdist(grid, grid), axis=1)
log_mu = np.log(distances[:, 16] / distances[:, 8])


def slope(d):
    """Of the log likelihood of d, times -1, with N - 1 for N as DADApy has it."""
    with np.errstate(invalid="ignore"):
        term = np.where(log_mu == 0, 1 / d, log_mu / -np.expm1(-d * log_mu))
    return 15 * log_mu.sum() - 7 * term.sum() - (len(log_mu) - 1) / d


exact = brentq(slope, 0.1, 100)
ids = Data(coordinates=grid, maxk=len(grid) - 1, verbose=False).return_id_scaling_gride(range_max=16)[0]
print(f"ratios of 1: {np.sum(log_mu == 0)} of {len(log_mu)}; likelihood {exact:.3f}, dadapy {ids[3]:.3f}")
assert abs(exact - 5.566) < 0.001 and abs(ids[3] - 3.163) < 0.001
PYTHON
