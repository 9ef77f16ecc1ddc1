"""One prompt from its ids to everything that is measured of it, in Python: called by bench/prompt.js.

Forward pass by Hugging Face transformers on the dequantized weights of a GGUF file (float32, all hidden states, loss and
entropy), then the geometry of every layer by one of two ways:

authors  as the paper's own code goes about it: see geometry.py
dadapy   DADApy as well as we could use it: one search for neighbors a layer, without copies where there are any, its GRIDE and its
         neighbors; overlap, cosines and angles in NumPy

    pip install torch transformers gguf accelerate numpy scipy scikit-learn dadapy
    python prompt.py authors|dadapy MODEL.gguf THREADS    then one JSON request a line: {"ids": [1, 2, 3]}
"""

import json
import os
import sys
import time

WAY, MODEL, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import dadapy  # noqa: E402 (the threads have to be told before)
import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from geometry import Authors, BestNumpy, angles, two_nearest_neighbors  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

LARGEST_SCALING = 256
LARGEST_NEIGHBORHOOD = 31


class WithDadapy:
    """One search for neighbors a layer."""

    def __init__(self):
        self.numpy = BestNumpy()
        self.before = None

    def search(self, points):
        data = dadapy.Data(points.astype(np.float64), verbose=False, n_jobs=THREADS)
        data.compute_distances(maxk=min(len(points) - 1, LARGEST_SCALING))
        return data

    def measure(self, points):
        data = self.search(points)
        order = data.dist_indices[:, 1 : LARGEST_NEIGHBORHOOD + 1]
        overlap = None if self.before is None else self.numpy.overlap(self.before, order)
        self.before = order
        if (data.distances[:, 1] == 0).any():
            points = np.unique(points, axis=0)
            data = self.search(points)
        dimensions, errors, lengths = data.return_id_scaling_gride(range_max=LARGEST_SCALING)
        first, second = data.distances[:, 1], data.distances[:, 2]
        unit = points / np.linalg.norm(points, axis=1, keepdims=True)
        cosines = unit @ unit.T
        return {
            "intrinsicDimension": list(zip(dimensions, errors, lengths)),
            "twoNN": two_nearest_neighbors(first, second),
            "cosineSimilarity": {"mean": cosines.mean(), "std": cosines.std()},
            "neighborhoodOverlap": overlap,
            "neighborAngle": {"mean": angles(points.astype(np.float64), data.dist_indices[:, 1:3]).mean()},
        }


class AsAuthors:
    def __init__(self):
        self.authors = Authors()
        self.before = None

    def measure(self, points):
        result = self.authors.measure(points, self.before)
        self.before = self.authors.neighbors(points)
        return result


WAYS = {"authors": AsAuthors, "dadapy": WithDadapy}


def forward(model, ids):
    with torch.inference_mode():
        output = model(torch.tensor([ids]), output_hidden_states=True)
        logs = torch.log_softmax(output.logits[0], -1)
        entropy = -(logs.exp() * logs).sum(-1).mean().item()
        loss = -logs[:-1].gather(1, torch.tensor(ids[1:])[:, None]).mean().item()
    return [state[0].numpy() for state in output.hidden_states], loss, entropy


def main():
    torch.set_num_threads(THREADS)
    folder, file = os.path.split(os.path.abspath(MODEL))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(json.dumps({"ready": versions, "gride": f"DADApy {getattr(dadapy, '__version__', '')}".strip()}), flush=True)
    for line in sys.stdin:
        ids = json.loads(line)["ids"]
        way = WAYS[WAY]()
        started, processor = time.perf_counter(), time.process_time()
        states, loss, entropy = forward(model, ids)
        passed = time.perf_counter()
        with np.errstate(divide="ignore", invalid="ignore"):
            layers = [way.measure(state) for state in states]
        ended = time.perf_counter()
        processor = time.process_time() - processor
        answer = {
            "wall": 1000 * (ended - started),
            "processor": 1000 * processor,
            "forward": 1000 * (passed - started),
            "result": {"loss": loss, "meanEntropy": entropy, "layers": layers},
        }
        print(json.dumps(answer, default=lambda number: number.tolist()), flush=True)


if __name__ == "__main__":
    main()
