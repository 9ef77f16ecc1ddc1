#!/usr/bin/env bash
# The softmax of float32 logits over a large vocabulary, on CPU: PyTorch's `log_softmax`, and `softmax` and `cross_entropy` with it, add the
# 49,152 exponentials of a row less exactly than its own `logsumexp` does. Where the logits spread as a language model's do, every row is
# wrong in the same direction, so that a mean over many rows does not help: the probabilities sum to more than one, the loss comes out too small.
# SmolLM2-135M on 1,024 tokens: 3.528318 nats by the float32 loss of transformers 5.24, 3.528337 by float64 of the same logits. The kernels for
# AVX2 and those without (ATEN_CPU_CAPABILITY) do the same.
# Seen with: torch 2.13.0 (CPU), numpy 2.4, Python 3.11; log_softmax +8e-6 on average, logsumexp within 1.1e-6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy
"$folder/venv/bin/python" - <<'PYTHON'
import torch

torch.manual_seed(0)
logits = torch.randn(256, 49152) * 4
exact = logits.double()
log_softmax = (torch.log_softmax(logits, -1).double() - torch.log_softmax(exact, -1)).mean(-1)  # one error for all of a row
logsumexp = torch.logsumexp(logits, -1).double() - torch.logsumexp(exact, -1)
print(f"log_softmax: {log_softmax.mean():+.1e} on average, {log_softmax.min():+.1e} to {log_softmax.max():+.1e}")
print(f"logsumexp: {logsumexp.mean():+.1e} on average, {logsumexp.abs().max():.1e} at most")
assert log_softmax.min() > 0, "no longer wrong in one direction"
assert log_softmax.mean() > 5 * logsumexp.abs().max(), "no longer less exact than logsumexp"
PYTHON
