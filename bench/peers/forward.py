#!/usr/bin/env python3
"""The forward pass of bench/forward.js in plain PyTorch: a checkpoint folder in Hugging Face's layout, hidden states of all
layers, loss and mean entropy of the next-token predictions.

    python forward.py FOLDER [--tokens 1024] [--threads 1] [--runs 9]

Prints one line of JSON for each run: { "milliseconds", "processorMilliseconds", "loss", "meanEntropy" }. With --serve it first prints
{ "ready": true, "device" } and then makes one run for each line that it reads, so that another program can take
turns with it. Needs torch and numpy. Families: llama, mistral, gpt_neox, opt (layer norm first), gpt2.
"""

import argparse
import json
import mmap
import os
import struct
import sys
import time

import torch
import torch.nn.functional as F

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
# Rows of logits that are worked on at a time: as many as stay in the processor's cache.
LOGIT_ROWS = 64


def read_weights(folder):
    """All tensors of model.safetensors, as float32."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        count = (end - start) // torch.empty(0, dtype=dtype).element_size()
        flat = torch.frombuffer(data, dtype=dtype, count=count, offset=8 + length + start)
        weights[name] = flat.reshape(entry["shape"]).to(torch.float32, copy=True)
    return weights


def linear(weights, prefix, x):
    return F.linear(x, weights[prefix + ".weight"], weights.get(prefix + ".bias"))


def layer_norm(weights, prefix, x, epsilon):
    return F.layer_norm(x, x.shape[-1:], weights[prefix + ".weight"], weights[prefix + ".bias"], epsilon)


def split_heads(x, heads):
    """[T, heads * D] -> [heads, T, D]"""
    return x.view(x.shape[0], heads, -1).transpose(0, 1)


def attend(query, key, value, scale=None, mask=None):
    """Queries [heads, T, D], keys and values [key-value heads, T, D] -> [T, heads * D]"""
    out = F.scaled_dot_product_attention(
        query[None],
        key[None],
        value[None],
        attn_mask=mask,
        is_causal=mask is None,
        scale=scale,
        enable_gqa=query.shape[0] != key.shape[0],
    )[0]
    return out.transpose(0, 1).reshape(out.shape[1], -1)


def rotate(x, cosine, sine):
    """Turns the first features of each head, feature i with feature i + half. x [heads, T, D], tables [T, half]"""
    half = cosine.shape[1]
    first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], -1)


class Llama:
    def __init__(self, config, weights, tokens):
        self.w, self.layers = weights, config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.shared = config.get("num_key_value_heads", self.heads)
        size = config.get("head_dim") or config["hidden_size"] // self.heads
        self.epsilon = config["rms_norm_eps"]
        frequencies = config.get("rope_theta", 10000.0) ** (-torch.arange(0, size, 2) / size)
        angles = torch.outer(torch.arange(tokens).float(), frequencies)
        self.cosine, self.sine = angles.cos(), angles.sin()
        self.mask = None
        window = config.get("sliding_window")
        if config["model_type"] == "mistral" and window and window < tokens:
            distance = torch.arange(tokens)[:, None] - torch.arange(tokens)[None]
            self.mask = (distance >= 0) & (distance < window)
        tied = config.get("tie_word_embeddings", False)
        self.head = weights["model.embed_tokens.weight" if tied else "lm_head.weight"]

    def norm(self, name, x):
        return F.rms_norm(x, x.shape[-1:], self.w[name + ".weight"], self.epsilon)

    def embed(self, ids):
        return F.embedding(ids, self.w["model.embed_tokens.weight"])

    def block(self, layer, x):
        p = f"model.layers.{layer}."
        normed = self.norm(p + "input_layernorm", x)
        query = split_heads(linear(self.w, p + "self_attn.q_proj", normed), self.heads)
        key = split_heads(linear(self.w, p + "self_attn.k_proj", normed), self.shared)
        value = split_heads(linear(self.w, p + "self_attn.v_proj", normed), self.shared)
        mixed = attend(rotate(query, self.cosine, self.sine), rotate(key, self.cosine, self.sine), value, mask=self.mask)
        x = x + linear(self.w, p + "self_attn.o_proj", mixed)
        normed = self.norm(p + "post_attention_layernorm", x)
        gated = F.silu(linear(self.w, p + "mlp.gate_proj", normed)) * linear(self.w, p + "mlp.up_proj", normed)
        return x + linear(self.w, p + "mlp.down_proj", gated)

    def finish(self, x):
        return self.norm("model.norm", x)


class GPTNeoX:
    def __init__(self, config, weights, tokens):
        self.w, self.layers = weights, config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.parallel = config.get("use_parallel_residual", True)
        turned = int(config["hidden_size"] // self.heads * config["rotary_pct"])
        frequencies = config.get("rotary_emb_base", 10000) ** (-torch.arange(0, turned, 2) / turned)
        angles = torch.outer(torch.arange(tokens).float(), frequencies)
        self.cosine, self.sine = angles.cos(), angles.sin()
        self.head = weights["embed_out.weight"]

    def embed(self, ids):
        return F.embedding(ids, self.w["gpt_neox.embed_in.weight"])

    def block(self, layer, x):
        p = f"gpt_neox.layers.{layer}."
        normed = layer_norm(self.w, p + "input_layernorm", x, self.epsilon)
        fused = split_heads(linear(self.w, p + "attention.query_key_value", normed), self.heads)
        query, key, value = fused.chunk(3, -1)
        mixed = attend(rotate(query, self.cosine, self.sine), rotate(key, self.cosine, self.sine), value)
        attended = x + linear(self.w, p + "attention.dense", mixed)
        normed = layer_norm(self.w, p + "post_attention_layernorm", x if self.parallel else attended, self.epsilon)
        inner = F.gelu(linear(self.w, p + "mlp.dense_h_to_4h", normed))
        return attended + linear(self.w, p + "mlp.dense_4h_to_h", inner)

    def finish(self, x):
        return layer_norm(self.w, "gpt_neox.final_layer_norm", x, self.epsilon)


class OPT:
    def __init__(self, config, weights, tokens):
        self.w, self.layers = weights, config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.head = weights["model.decoder.embed_tokens.weight"]

    def embed(self, ids):
        positions = self.w["model.decoder.embed_positions.weight"][2 : 2 + len(ids)]
        return F.embedding(ids, self.head) + positions

    def block(self, layer, x):
        p = f"model.decoder.layers.{layer}."
        normed = layer_norm(self.w, p + "self_attn_layer_norm", x, 1e-5)
        query, key, value = (
            split_heads(linear(self.w, f"{p}self_attn.{part}_proj", normed), self.heads) for part in "qkv"
        )
        x = x + linear(self.w, p + "self_attn.out_proj", attend(query, key, value))
        normed = layer_norm(self.w, p + "final_layer_norm", x, 1e-5)
        return x + linear(self.w, p + "fc2", F.relu(linear(self.w, p + "fc1", normed)))

    def finish(self, x):
        return layer_norm(self.w, "model.decoder.final_layer_norm", x, 1e-5)


class GPT2:
    def __init__(self, config, weights, tokens):
        root = "" if "wte.weight" in weights else "transformer."
        self.w = {name[len(root) :]: tensor for name, tensor in weights.items() if name.startswith(root)}
        self.layers = config.get("n_layer") or config["num_hidden_layers"]
        self.heads = config.get("n_head") or config["num_attention_heads"]
        self.epsilon = config["layer_norm_epsilon"]
        self.head = self.w["wte.weight"]

    def linear(self, prefix, x):
        return torch.addmm(self.w[prefix + ".bias"], x, self.w[prefix + ".weight"])

    def embed(self, ids):
        return F.embedding(ids, self.head) + self.w["wpe.weight"][: len(ids)]

    def block(self, layer, x):
        p = f"h.{layer}."
        fused = self.linear(p + "attn.c_attn", layer_norm(self.w, p + "ln_1", x, self.epsilon))
        query, key, value = (split_heads(part, self.heads) for part in fused.chunk(3, -1))
        x = x + self.linear(p + "attn.c_proj", attend(query, key, value))
        inner = self.linear(p + "mlp.c_fc", layer_norm(self.w, p + "ln_2", x, self.epsilon))
        return x + self.linear(p + "mlp.c_proj", F.gelu(inner, approximate="tanh"))

    def finish(self, x):
        return layer_norm(self.w, "ln_f", x, self.epsilon)


FAMILIES = {"llama": Llama, "mistral": Llama, "gpt_neox": GPTNeoX, "opt": OPT, "gpt2": GPT2}


def run(model, ids):
    states = []
    x = model.embed(ids)
    states.append(x.numpy())
    for layer in range(model.layers):
        x = model.block(layer, x)
        if layer < model.layers - 1:
            states.append(x.numpy())
    x = model.finish(x)
    states.append(x.numpy())
    loss, entropy = 0.0, 0.0
    for start in range(0, len(ids), LOGIT_ROWS):
        logits = F.log_softmax(F.linear(x[start : start + LOGIT_ROWS], model.head), -1)
        following = ids[start + 1 : start + 1 + LOGIT_ROWS]
        loss -= logits[: len(following)].gather(1, following[:, None]).double().sum().item()
        entropy -= (logits.exp() * logits).sum(-1).double().sum().item()
    return states, loss / (len(ids) - 1), entropy / len(ids)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with open(os.path.join(options.folder, "config.json")) as file:
        config = json.load(file)
    model = FAMILIES[config["model_type"]](config, read_weights(options.folder), options.tokens)
    # The tokens of bench/forward.js.
    ids = torch.tensor([(position * 7919) % config["vocab_size"] for position in range(options.tokens)])
    if options.serve:
        print(json.dumps({"ready": True, "device": f"PyTorch {torch.__version__}"}), flush=True)
    for _ in sys.stdin if options.serve else range(options.runs):
        started, processor = time.perf_counter(), time.process_time()
        _, loss, entropy = run(model, ids)
        figures = {
            "milliseconds": 1000 * (time.perf_counter() - started),
            "processorMilliseconds": 1000 * (time.process_time() - processor),
            "loss": loss,
            "meanEntropy": entropy,
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
