#!/usr/bin/env bash
# The dimension of a cloud in which some points occur twice, as equal tokens of a prompt do. One would expect an error, or a dimension that goes
# wrong little by little. DADApy's GRIDE of 1,000 points in 5 dimensions is 4.7; with 20 copies 4.8, with 50 of them 0.30 (each behind the same warning,
# and at n2 = 4 GRIDE goes from 4.5 to 4.1); its 2NN falls 4.7, 4.3, 3.5 and raises ValueError at 100. scikit-dimension's TwoNN leaves out the points
# whose nearest neighbor is at distance 0, says so, but counts copies among the second neighbors of the others: it rises to 5.07.
# After `remove_identical_points` DADApy is right again.
# Seen with: dadapy 0.3.4, scikit-dimension 0.5.0, numpy 2.4, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check dadapy==0.3.4 scikit-dimension==0.5.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import skdim
from dadapy import Data

points = np.random.default_rng(5).random((1000, 5)).astype(np.float32).astype(np.float64)


def data_of(copies):
    cloud = np.concatenate([points, points[:copies]])
    return Data(coordinates=cloud, maxk=len(cloud) - 1, verbose=False)


seen = {}
for copies in [0, 20, 50, 100]:
    gride = data_of(copies).return_id_scaling_gride(range_max=4)[0]
    try:
        two_nn = data_of(copies).compute_id_2NN()[0]
    except ValueError as error:
        two_nn = f"ValueError: {error}"
    other = skdim.id.TwoNN().fit(np.concatenate([points, points[:copies]])).dimension_
    seen[copies] = (gride[0], gride[1], two_nn, other)
    print(f"{copies:3} copies: dadapy GRIDE n2 = 2 {gride[0]:.2f}, n2 = 4 {gride[1]:.2f}, 2NN {two_nn}; skdim TwoNN {other:.2f}")
assert 4.6 < seen[20][0] < 5 and seen[50][0] < 0.5 and seen[50][1] > 4
assert seen[50][2] < 3.6 and isinstance(seen[100][2], str)
assert seen[0][3] < seen[20][3] < seen[50][3] < seen[100][3]
cleaned = data_of(50)
cleaned.remove_identical_points()
gride = cleaned.return_id_scaling_gride(range_max=2)[0][0]
print(f"after remove_identical_points: {gride:.2f}")
assert abs(gride - seen[0][0]) < 0.01
PYTHON
