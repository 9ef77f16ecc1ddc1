#!/usr/bin/env bash
# A notebook whose cell throws, run by two programs that both stand on nbclient. One would expect the message of the error from each, and in the
# notebook that is written the number of each cell that ran. With tslab, the TypeScript kernel, nbconvert shows the message, papermill does not: its
# error ends at `Exception encountered at "In [None]":`. Cells have no number in either. tslab sends no `execute_input` and no `error`, which the
# protocol asks for, and its reply has no `ename` and `evalue`; nbconvert shows what a cell wrote to stderr.
# Seen with: tslab 1.0.22 (Node 20.20), papermill 2.7.0, nbconvert 7.17.2, nbclient 0.11.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund tslab@1.0.22 >/dev/null
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check papermill==2.7.0 nbconvert==7.17.2 nbclient==0.11.0 ipykernel
export JUPYTER_DATA_DIR="$folder/data" PATH="$folder/venv/bin:$PATH"
mkdir -p data/kernels/tslab
cat >data/kernels/tslab/kernel.json <<JSON
{"argv": ["node", "$folder/node_modules/tslab/bin/tslab", "kernel", "--config-path", "{connection_file}"],
 "display_name": "TypeScript", "language": "typescript"}
JSON
python - <<'PYTHON'
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

cells = [new_code_cell("const n = 20 + 1;\nn;"), new_code_cell('throw new Error("no luck with " + n);')]
spec = {"name": "tslab", "display_name": "TypeScript", "language": "typescript"}
nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": spec}), "in.ipynb")
PYTHON
papermill --no-progress-bar in.ipynb out.ipynb 2>papermill.txt && exit 1
jupyter-nbconvert --execute --to notebook --allow-errors --output converted.ipynb in.ipynb 2>/dev/null
jupyter-nbconvert --execute --to notebook --output stopped.ipynb in.ipynb 2>nbconvert.txt && exit 1
python - <<'PYTHON'
import json

told = {name: "no luck with 21" in open(f"{name}.txt").read() for name in ("papermill", "nbconvert")}
counts = {
    name: [cell["execution_count"] for cell in json.load(open(f"{name}.ipynb"))["cells"] if cell["cell_type"] == "code"]
    for name in ("out", "converted")
}
print(f"the message is shown: {told}; numbers of cells: papermill {counts['out']}, nbconvert {counts['converted']}")
print(open("papermill.txt").read().strip().splitlines()[-1])
assert told == {"papermill": False, "nbconvert": True}
assert counts == {"out": [None, None], "converted": [None, None]}
PYTHON
