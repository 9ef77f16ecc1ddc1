import * as tf from "@tensorflow/tfjs-core";
import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderArchitecture } from "./decoderBlocks";
import { GPT_NAMES, GPT_NORMS } from "./gptBigCode";
import { pairsApart } from "./interleaved";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { rotaryOf } from "./rotary";
import { selfAttention, separate } from "./selfAttention";

/**
 * GPT-J: attention and MLP side by side after one layer norm, neighboring features of a part of each head turned, an
 * unembedding with a bias. Sources: Wang and Komatsuzaki 2021 (github.com/kingoflolz/mesh-transformer-jax); Hugging Face
 * transformers, models/gptj.
 */
export const gptJ: ModelFamily = {
  modelType: "gptj",
  title: "GPT-J",
  architecture(config) {
    const width = config.count("n_embd", "hidden_size");
    const heads = config.count("n_head", "num_attention_heads");
    const vocabularySize = config.count("vocab_size");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("n_head");
    const dimensions = config.fields.rotary_dim === undefined ? 64 : config.count("rotary_dim");
    if (dimensions % 2 !== 0 || dimensions > headDimension) config.unsupported("rotary_dim", String(dimensions));
    const sizes = { width, heads, keyValueHeads: heads, headDimension, inner: config.countOr("n_inner", 4 * width) };
    const kind = { rotary: rotaryOf(config, undefined, dimensions, 10000) };
    const projections = ["q", "k", "v"].map((one) => `attn.${one}_proj`);
    const architecture = decoderArchitecture(
      { width, layers: config.count("n_layer", "num_hidden_layers"), vocabularySize },
      {
        names: GPT_NAMES,
        tied: config.flag("tie_word_embeddings", false),
        norm: layered(config.number("layer_norm_epsilon", 1e-5)),
        norms: { attention: GPT_NORMS.attention },
        parallel: true,
        attention: selfAttention(sizes, {
          projection: separate(sizes, false, projections),
          output: { name: "attn.out_proj", bias: false },
          prepare: pairsApart(dimensions),
        }),
        mlp: plainMlp(sizes, activation(config, "activation_function", "gelu_new"), true, ["mlp.fc_in", "mlp.fc_out"]),
        attentionKind: () => kind,
      },
    );
    return {
      ...architecture,
      headWeights: { ...architecture.headWeights, bias: { name: "lm_head.bias", shape: [vocabularySize] } },
      unembed: (weights, hidden) => tf.add(architecture.unembed(weights, hidden), weights.bias), // [t, vocabulary]
    };
  },
};
