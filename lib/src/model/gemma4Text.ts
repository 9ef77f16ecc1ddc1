import * as tf from "@tensorflow/tfjs-core";
import { activation, softCapped } from "./activations";
import type { ModelFamily, PassContext, Weights } from "./architecture";
import { apart, type Columns, together } from "./carriedColumns";
import { decoderSizes } from "./decoder";
import { gemma4Attention } from "./gemma4Attention";
import { gemma4Experts } from "./gemma4Experts";
import { layerInputs } from "./gemma4Inputs";
import { gemma4Layers } from "./gemma4Layers";
import { gatedMlp } from "./mlp";
import { rootMeanSquare, withoutWeight } from "./norms";

/** The sizes of a config that leaves them out (transformers' defaults). */
const DEFAULT_SIZES = { vocabularySize: 262_144, heads: 8, keyValueHeads: 4, headDimension: 256 };

/** The norms of a block, of the hidden state's width, by their names in it. */
const NORMS = {
  attentionNorm: "input_layernorm",
  attendedNorm: "post_attention_layernorm",
  mlpNorm: "pre_feedforward_layernorm",
  outputNorm: "post_feedforward_layernorm",
};

/**
 * Gemma 4, its text models: as Gemma 3, with other heads in the layers without a window, whose keys may be their values, too;
 * upper layers that look at the keys and values of a lower one; and an input of its own for each layer, made of a further
 * embedding of the token. What later layers need of these stands behind the hidden state.
 * Source: Hugging Face transformers 5.24, models/gemma4.
 */
export const gemma4Text: ModelFamily = {
  modelType: "gemma4_text",
  title: "Gemma 4 (text)",
  hasLayerSizes: true,
  architecture(config) {
    config.refuseAny("rope_scaling", "rope_theta");
    // "vision" says that of the tokens of images, of which there are none.
    if (config.fields.use_bidirectional_attention !== "vision") config.refuseAny("use_bidirectional_attention");
    const sizes = decoderSizes(config, DEFAULT_SIZES);
    const { width, layers, vocabularySize, heads } = sizes;
    const { layerOf, attentionKind, sources } = gemma4Layers(config, sizes);
    const epsilon = config.number("rms_norm_eps", 1e-6);
    const [norm, plainNorm] = [rootMeanSquare(epsilon), withoutWeight(epsilon)];
    const act = activation(config, "hidden_activation", "gelu_pytorch_tanh");
    const bias = config.flag("attention_bias", false);
    const isDoubled = config.flag("use_double_wide_mlp", false);
    const logitCap = config.has("final_logit_softcapping") ? config.number("final_logit_softcapping") : undefined;
    const inputs = layerInputs(config, sizes, norm, act);
    const experts = gemma4Experts(config, width, { norm, plainNorm, act });
    const prefix = (layer: number) => `model.layers.${layer}`;

    const attentionOf = (layer: number) => {
      const { source, keysAreValues, ...headSizes } = layerOf(layer);
      const own = source !== layer ? [] : keysAreValues ? (["key"] as const) : (["key", "value"] as const);
      return gemma4Attention({ width, heads, ...headSizes }, { norm, valueNorm: plainNorm, bias, own });
    };
    const mlpOf = (layer: number) => {
      const isWide = isDoubled && layerOf(layer).source !== layer;
      return gatedMlp({ width, inner: isWide ? 2 * sizes.inner : sizes.inner }, act, false);
    };
    /** What a layer finds: the hidden state and, behind it, what is left for this layer and later ones. */
    const columns = (layer: number): Columns => {
      const kept = layer < layers ? sources.filter((source) => source < layer) : [];
      const ofKept = kept.flatMap((source) => {
        const { keyValueHeads, headDimension } = layerOf(source);
        return ["keys", "values"].map((name) => [`${name} ${source}`, keyValueHeads * headDimension]);
      });
      return { hidden: width, ...inputs.columns(layer), ...Object.fromEntries(ofKept) };
    };

    /** The same within a layer, between attention and experts. */
    const within = (layer: number): Columns => ({ ...columns(layer), ...columns(layer + 1), dense: width });
    /** What is left by attention, and what the MLP makes of it. */
    const attend = (weights: Weights, before: tf.Tensor2D, context: PassContext, layer: number) => {
      const parts = apart(before, columns(layer));
      const { source } = layerOf(layer);
      const known = source === layer ? undefined : { keys: parts[`keys ${source}`], values: parts[`values ${source}`] };
      const read = norm.apply(parts.hidden, weights, "attentionNorm"); // [T, width]
      const { written, keys, values } = attentionOf(layer).apply(read, weights, context, known);
      const hidden = tf.add<tf.Tensor2D>(parts.hidden, norm.apply(written, weights, "attendedNorm")); // [T, width]
      const dense = mlpOf(layer).apply(norm.apply(hidden, weights, "mlpNorm"), weights, context, layer); // [T, width]
      return { ...parts, hidden, dense, [`keys ${source}`]: keys, [`values ${source}`]: values };
    };
    /** What the next layer finds. @param ofExperts the sum of their outputs [T, width], where there are any */
    const write = (weights: Weights, parts: Record<string, tf.Tensor2D>, layer: number, ofExperts?: tf.Tensor2D) => {
      const output = ofExperts
        ? tf.add<tf.Tensor2D>(
            norm.apply(parts.dense, weights, "denseNorm"),
            norm.apply(ofExperts, weights, "expertsNorm"),
          )
        : parts.dense; // [T, width]
      const summed = tf.add<tf.Tensor2D>(parts.hidden, norm.apply(output, weights, "outputNorm")); // [T, width]
      const hidden = tf.mul<tf.Tensor2D>(inputs.add(weights, summed, parts, layer), weights.scalar); // [T, width]
      return together({ ...parts, hidden }, columns(layer + 1));
    };

    const embedding = { name: "model.embed_tokens.weight", shape: [vocabularySize, width] };
    const head = config.flag("tie_word_embeddings", true) ? embedding.name : "lm_head.weight";
    return {
      layers,
      width,
      vocabularySize,
      attentionKind,
      embeddingWeights: { embedding, ...inputs.embeddingWeights },
      blockWeights: (layer) => ({
        ...Object.assign(
          {},
          ...Object.entries(NORMS).map(([key, name]) => norm.weights(key, `${prefix(layer)}.${name}`, width)),
        ),
        ...attentionOf(layer).weights(prefix(layer)),
        ...mlpOf(layer).weights(prefix(layer)),
        ...inputs.weights(prefix(layer)),
        ...experts?.weights(prefix(layer)),
        scalar: { name: `${prefix(layer)}.layer_scalar`, shape: [1] },
      }),
      finalWeights: norm.weights("norm", "model.norm", width),
      headWeights: { unembedding: { ...embedding, name: head, transposed: true } },
      embed(weights, rows) {
        const hidden = tf.mul<tf.Tensor2D>(rows, Math.fround(Math.sqrt(width))); // [T, width]
        return inputs.embed(weights, hidden);
      },
      block: (weights, before, context, layer) => write(weights, attend(weights, before, context, layer), layer),
      mixture: (layer) =>
        experts && {
          ...experts,
          attend(weights, before, context) {
            const parts = attend(weights, before, context, layer);
            return { attended: together(parts, within(layer)), read: parts.hidden };
          },
          write: (weights, attended, output) => write(weights, apart(attended, within(layer)), layer, output),
        },
      expertWeights: (layer, expert) => experts?.expertWeights(prefix(layer), expert) ?? {},
      finish: (weights, hidden) => norm.apply(hidden, weights, "norm"),
      unembed: (weights, hidden) =>
        softCapped(tf.matMul(hidden, weights.unembedding as tf.Tensor2D) as tf.Tensor2D, logitCap), // [t, vocabulary]
    };
  },
};
