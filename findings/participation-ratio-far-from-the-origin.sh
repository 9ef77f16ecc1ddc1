#!/usr/bin/env bash
# The bias-corrected participation ratio of a cloud that does not lie around the origin. The estimator is one of differences of points, and the package asks
# for the matrix "as recorded", not centered. One would expect the same number wherever the cloud lies. Its seven terms are sums of fourth powers that cancel:
# of a round cloud (300 points, 20 coordinates, ratio 20 by points) the row-corrected ratio is 20.0475 with a mean of 0 or 100 standard deviations,
# 21.03 with one of 1,000 and 1.000000 with one of 10,000. A mean of that size is usual in hidden states (massive features, cosine
# 0.99 between all tokens). Taking the mean off first, which the documentation warns against, gives the same number everywhere.
# Seen with: dimensionality 0.1.4, numpy 2.4, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check dimensionality==0.1.4 "numpy>=2"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from dimensionality import participation_ratio

cloud = np.random.default_rng(3).normal(size=(300, 20))
right = participation_ratio(cloud - cloud.mean(axis=0), return_all=True)["row"]
off = {}
for shift in [0, 1e2, 1e3, 1e4, 1e5]:
    moved = cloud + shift
    as_recorded = participation_ratio(moved, return_all=True)["row"]
    centered = participation_ratio(moved - moved.mean(axis=0), return_all=True)["row"]
    off[shift] = abs(as_recorded / right - 1)
    print(f"mean {shift:8.0f}: as recorded {as_recorded:14.6f}, centered before {centered:10.6f}")
    assert abs(centered / right - 1) < 1e-6
assert off[0] < 1e-9
assert off[1e2] < 1e-4
assert 0.02 < off[1e3] < 0.1
assert off[1e4] > 0.9
PYTHON
