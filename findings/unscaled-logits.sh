#!/usr/bin/env bash
# The logits of a model of texts and images, beside those of its text model alone with the same weights: one would expect the same for a prompt
# without images. Of Aya Vision (and Command A Vision), whose text model is Cohere's, transformers returns logits that are not multiplied by the
# config's `logit_scale`: the hidden states are equal to the last bit, the logits 16 times as large (logit_scale 0.0625), and loss, entropy and
# sampling with them those of another temperature.
# Seen with: transformers 5.24.0, torch 2.13.0 (CPU), Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 transformers==5.24.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, Cohere2ForCausalLM

torch.manual_seed(0)
text = dict(model_type="cohere2", vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, pad_token_id=0, bos_token_id=1, eos_token_id=2)
image = dict(model_type="siglip_vision_model", hidden_size=32, intermediate_size=48, num_hidden_layers=2,
             num_attention_heads=4, image_size=28, patch_size=14)
config = AutoConfig.for_model("aya_vision", text_config=text, vision_config=image, image_token_index=96)
whole = AutoModelForImageTextToText.from_config(config).eval()
alone = Cohere2ForCausalLM(config.text_config).eval()
alone.model.load_state_dict(whole.model.language_model.state_dict())
alone.lm_head.weight = whole.lm_head.weight
ids = torch.randint(3, 90, (1, 20))
with torch.no_grad():
    a, b = (model(input_ids=ids, output_hidden_states=True) for model in (whole, alone))
states = (a.hidden_states[-1] - b.hidden_states[-1]).abs().max().item()
ratio = (a.logits.abs().sum() / b.logits.abs().sum()).item()
print(f"last hidden states differ by {states}, logits by a factor of {ratio:.4f}; logit_scale {config.text_config.logit_scale}")
assert states == 0 and abs(ratio - 1 / config.text_config.logit_scale) < 1e-3
PYTHON
