#!/usr/bin/env bash
# A config.json that leaves out the rotary base (rope_theta), with weights beside it: one would expect two versions of a library to make the same model
# of it. In transformers 4 a Cohere (Command R, Aya) or OLMo 3 model without it turns queries and keys by the base 10,000, in transformers 5 by
# 500,000, without a warning: other hidden states, from the first block on. The same holds for a model that is built from the class's defaults.
# (Files that either version saves name the base.)
# Seen with: transformers 4.57.6 and 5.24.0, torch 2.13.0 (CPU), Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 transformers==5.24.0 requests
"$folder/venv/bin/pip" install -q --disable-pip-version-check --target "$folder/four" --no-deps \
  transformers==4.57.6 huggingface-hub==0.36.0 tokenizers==0.22.2
cat >"$folder/states.py" <<'PYTHON'
import json
import sys
from pathlib import Path

import torch
import transformers

family, folder = sys.argv[1], Path(sys.argv[2])
if not folder.exists():
    config = getattr(transformers, f"{family}Config")(
        vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, pad_token_id=0)
    torch.manual_seed(0)
    getattr(transformers, f"{family}ForCausalLM")(config).save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text())
    for name in ("rope_theta", "rope_parameters", "rope_scaling"):
        written.pop(name, None)
    (folder / "config.json").write_text(json.dumps(written))
model = getattr(transformers, f"{family}ForCausalLM").from_pretrained(folder).eval()
with torch.no_grad():
    state = model(torch.arange(3, 43)[None], output_hidden_states=True).hidden_states[1][0]
torch.save(state, sys.argv[3])
PYTHON
for family in Cohere Olmo3; do
  PYTHONPATH="$folder/four" "$folder/venv/bin/python" -W ignore "$folder/states.py" $family "$folder/$family" "$folder/$family-4.pt" 2>/dev/null
  "$folder/venv/bin/python" -W ignore "$folder/states.py" $family "$folder/$family" "$folder/$family-5.pt" 2>/dev/null
  "$folder/venv/bin/python" - "$family" "$folder/$family-4.pt" "$folder/$family-5.pt" <<'PYTHON'
import sys

import torch

four, five = map(torch.load, sys.argv[2:])
difference = ((four - five).abs().max() / five.abs().max()).item()
same = (four[0] - five[0]).abs().max().item()
print(f"{sys.argv[1]}: hidden states after the first block differ by {100 * difference:.2f} % of the largest; at position 0 by {same:.0e}")
assert difference > 1e-4 and same < 1e-6
PYTHON
done
# Output seen:
#   Cohere: hidden states after the first block differ by 0.06 % of the largest; at position 0 by 0e+00
#   Olmo3: hidden states after the first block differ by 4.52 % of the largest; at position 0 by 0e+00
