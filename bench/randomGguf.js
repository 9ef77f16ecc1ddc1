// A GGUF file of a llama with random weights, quantized as llama.cpp's Q4_K_M: every block of bytes is a valid one.

const { closeSync, mkdirSync, openSync, writeSync } = require("node:fs");
const { join } = require("node:path");

const ALIGNMENT = 32;
const F32 = { id: 0, values: 1, bytes: 4 };
const Q4_K = { id: 12, values: 256, bytes: 144 };
const Q6_K = { id: 14, values: 256, bytes: 210 };

/** Writes model.gguf. Which tensors are Q6_K follows llama.cpp's `llama_tensor_get_type` for Q4_K_M. @param config as config.json has it */
function writeRandomGguf(folder, config) {
  const tensors = tensorsOf(config);
  let offset = 0;
  const entries = tensors.map(({ name, shape, type }) => {
    const entry = [text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(type.id), u64(offset)];
    offset += padded(byteCount(shape, type));
    return Buffer.concat(entry);
  });
  const metadata = metadataOf(config);
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata,
    ...entries,
  ]);
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, "model.gguf"), "w");
  writeSync(file, Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length)]));
  for (const { shape, type } of tensors) {
    const pattern = blocks(type, shape);
    let left = padded(byteCount(shape, type));
    while (left > 0) left -= writeSync(file, pattern, 0, Math.min(left, pattern.length));
  }
  closeSync(file);
}

function tensorsOf(config) {
  const { hidden_size: width, intermediate_size: inner, num_hidden_layers: layers, vocab_size: vocabulary } = config;
  const keys = (width / config.num_attention_heads) * config.num_key_value_heads;
  const more = (layer) => layer < layers / 8 || layer >= (7 * layers) / 8 || (layer - Math.floor(layers / 8)) % 3 === 2;
  const blocksOf = (layer) => {
    const large = more(layer) ? Q6_K : Q4_K;
    return [
      ["attn_norm", [width], F32],
      ["attn_q", [width, width], Q4_K],
      ["attn_k", [keys, width], Q4_K],
      ["attn_v", [keys, width], large],
      ["attn_output", [width, width], Q4_K],
      ["ffn_norm", [width], F32],
      ["ffn_gate", [inner, width], Q4_K],
      ["ffn_up", [inner, width], Q4_K],
      ["ffn_down", [width, inner], large],
    ].map(([name, shape, type]) => ({ name: `blk.${layer}.${name}.weight`, shape, type }));
  };
  return [
    { name: "token_embd.weight", shape: [vocabulary, width], type: Q4_K },
    ...Array.from({ length: layers }, (_, layer) => blocksOf(layer)).flat(),
    { name: "output_norm.weight", shape: [width], type: F32 },
    { name: "output.weight", shape: [vocabulary, width], type: Q6_K },
  ];
}

function metadataOf(config) {
  const count = (key, value) => Buffer.concat([text(`llama.${key}`), u32(4), u32(value)]);
  const real = (key, value) => Buffer.concat([text(`llama.${key}`), u32(6), float(value)]);
  return [
    Buffer.concat([text("general.architecture"), u32(8), text("llama")]),
    count("block_count", config.num_hidden_layers),
    count("context_length", config.max_position_embeddings),
    count("embedding_length", config.hidden_size),
    count("feed_forward_length", config.intermediate_size),
    count("attention.head_count", config.num_attention_heads),
    count("attention.head_count_kv", config.num_key_value_heads),
    count("vocab_size", config.vocab_size),
    real("attention.layer_norm_rms_epsilon", config.rms_norm_eps),
    real("rope.freq_base", config.rope_theta),
  ];
}

/** A prime number of blocks of a type, so that rows differ; a product with the matrix about keeps the size of what goes into it. */
function blocks(type, shape) {
  if (type === F32) return Buffer.from(new Float32Array(4096).fill(1).buffer);
  const count = 16381;
  const bytes = Buffer.alloc(count * type.bytes);
  let state = 1;
  for (let place = 0; place < bytes.length; place++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[place] = state >>> 24;
  }
  // The deviation of a value in units of the block's scale: 4-bit values times 6-bit scales, 6-bit values times 8-bit ones.
  const unit = shape[1] ** -0.5 / (type === Q4_K ? 260 : 1370);
  for (let block = 0; block < count; block++) {
    const start = block * type.bytes;
    if (type === Q6_K) {
      bytes.writeUInt16LE(tinyHalf(unit), start + 208);
    } else {
      bytes.writeUInt16LE(tinyHalf(unit), start);
      bytes.writeUInt16LE(tinyHalf(7.5 * unit), start + 2); // the minimum: values have a mean near 0
    }
  }
  return bytes;
}

/** A number below 2^-10 as float16. */
function tinyHalf(value) {
  const exponent = Math.max(1, Math.floor(Math.log2(value)) + 15);
  const mantissa = Math.round(value * 2 ** (25 - exponent));
  return mantissa >= 1024 ? ((exponent - 1) << 10) + mantissa : mantissa;
}

function byteCount(shape, { values, bytes }) {
  return (shape.reduce((product, dimension) => product * dimension, 1) / values) * bytes;
}

const padded = (size) => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

function filled(bytes, write) {
  const buffer = Buffer.alloc(bytes);
  write(buffer);
  return buffer;
}

const u32 = (value) => filled(4, (buffer) => buffer.writeUInt32LE(value));
const u64 = (value) => filled(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value)));
const float = (value) => filled(4, (buffer) => buffer.writeFloatLE(value));
const text = (value) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

module.exports = { writeRandomGguf };
