#!/usr/bin/env bash
# A block of MXFP4 is a scale of 8 bits (a power of two, E8M0) and 32 values of 4 bits. In the OCP Microscaling standard (version 1.0,
# section 5.4.1) the scale byte 255 is NaN; gguf for Python takes it as the power that would follow, 2^128: 0.5 becomes 2^127, a plain
# number, and what is larger overflows to infinity. Whoever looks for NaN does not find it.
# Seen with: gguf 0.19.0, numpy 2.4, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check gguf==0.19.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from gguf import GGMLQuantizationType, dequantize

def block(scale):
    data = np.full((1, 17), 0x11, dtype=np.uint8)  # every value is the code 1, which stands for 0.5
    data[0, 0] = scale
    return dequantize(data, GGMLQuantizationType.MXFP4)[0]

one, last = block(127), block(255)
print("scale byte 127:", one[:2], " 255:", last[:2])
assert (one == 0.5).all()
assert np.isfinite(last).all(), "the scale byte 255 now gives NaN or infinity"
assert (last == np.float32(2.0**127)).all()
PYTHON
