import { join } from "node:path";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from "../hub/adapters";
import { UserError } from "../support/errors";
import { readJsonObject, shown } from "../support/json";
import { isThere } from "../support/pointerFile";
import { CheckpointConfig } from "./config";
import { readTorchFile } from "./pytorchBin";
import { readSafetensorsHeader } from "./safetensors";
import type { StoredTensor } from "./storedTensor";

type Tensors = ReadonlyMap<string, StoredTensor>;

/** Settings that would make other weights of the same tensors, or mean tensors of another kind. */
const REFUSED = [
  ...["use_dora", "layer_replication", "trainable_token_indices", "lora_bias", "target_parameters", "use_qalora"],
  ...["alora_invocation_tokens", "use_bdlora", "arrow_config", "velora_config", "monteclora_config", "kasa_config"],
  ...["megatron_config", "lora_ga_config", "corda_config"],
];

/** Ways to begin a training that leave the base as it is; others would have to be done to it again. */
const HARMLESS_BEGINNINGS = [undefined, null, true, false, "gaussian", "eva"];

/** What stands in front of the names of all tensors of an adapter. */
const PREFIX = "base_model.model.";

/** A name of a token embedding or an unembedding, which may be one matrix. */
const OUTER = /(^|\.)(embed_tokens|wte|embed_in|word_embeddings|lm_head|embed_out)\.weight$/;

/**
 * The weights of a model with a LoRA adapter merged into them, as peft 0.21 merges it: W + alpha / r B A for each matrix
 * that has an A and a B (alpha / sqrt(r) with `use_rslora`), and the adapter's own tensor for each that it holds whole
 * (`modules_to_save`).
 *
 * @param folder that of the adapter
 * @param modelType of its base model
 * @param base the tensors of that
 * @returns tensors by name, and the adapter's files
 * @throws UserError naming the setting or tensor that is malformed, not supported, or has no place in the base
 * @see Hu et al. 2021 (arXiv 2106.09685), section 4.1; rank-stabilized: Kalajdzievski 2023 (arXiv 2312.03732)
 */
export function withAdapter(folder: string, modelType: string, base: Tensors): { tensors: Tensors; files: string[] } {
  const path = join(folder, ADAPTER_CONFIG);
  const config = new CheckpointConfig(readJsonObject(path), path);
  checkSettings(config);
  const file = ADAPTER_WEIGHTS.map((name) => join(folder, name)).find((one) => isThere(one));
  if (!file) throw new UserError(`${folder}: holds no weights of an adapter: neither ${ADAPTER_WEIGHTS.join(" nor ")}`);
  const stored = file.endsWith(".bin") ? readTorchFile(file) : readSafetensorsHeader(file);
  const tensors = new Map(base);
  const factors = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) {
    const inner = name.replace(PREFIX, "").replace(/\.(modules_to_save|base_layer)(\.default)?\./, ".");
    if (/\.lora_embedding_/.test(inner)) {
      throw new UserError(`${file}: tensor "${name}": a low-rank change of an embedding is not supported`);
    }
    if (/\.lora_/.test(inner)) factors.set(inner, tensor);
    else replace(tensors, inner, tensor);
  }
  const outer = [...tensors.keys()].filter((name) => OUTER.test(name));
  checkTiedPair(config, outer, (name) => tensors.get(name) !== base.get(name));
  for (const [name, a] of factors) {
    const b = factors.get(name.replace(".lora_A.", ".lora_B."));
    const isFactor = /\.lora_[AB]\./.test(name) && factors.has(name.replace(".lora_B.", ".lora_A."));
    if (!b || !isFactor) throw new UserError(`${file}: tensor "${a.name}" is no matrix A or B of a pair`);
    if (b === a) continue; // Comes with its A.
    const module = name.replace(/\.lora_A\..*/, "");
    const weight = placeOf(tensors, `${module}.weight`);
    if (weight === undefined || (OUTER.test(weight) && outer.length === 1)) {
      throw new UserError(`${file}: tensor "${a.name}" has no place: the base has no ${module} of its own`);
    }
    const isTurned = modelType === "gpt2" && !OUTER.test(weight);
    tensors.set(weight, merged(tensors.get(weight)!, { a, b, config, module, isTurned }));
  }
  return { tensors, files: [path, file] };
}

function checkSettings(config: CheckpointConfig): void {
  if (config.text("peft_type") !== "LORA") config.unsupported("peft_type");
  if (config.text("bias", "none") !== "none") config.unsupported("bias");
  for (const name of REFUSED) {
    const value = config.fields[name];
    if (Array.isArray(value) && value.length === 0) continue;
    config.refuseAny(name);
  }
  const beginning = config.fields.init_lora_weights;
  if (!HARMLESS_BEGINNINGS.includes(beginning as never)) config.unsupported("init_lora_weights");
  if (Object.keys(config.section("loftq_config")?.fields ?? {}).length > 0) config.unsupported("loftq_config");
}

/** The name that the base has for a tensor, whose outer parts may be more or fewer. */
function placeOf(tensors: Tensors, name: string): string | undefined {
  if (tensors.has(name)) return name;
  const alike = [...tensors.keys()].filter((one) => name.endsWith(`.${one}`) || one.endsWith(`.${name}`));
  return alike.length === 1 ? alike[0] : undefined;
}

function replace(tensors: Map<string, StoredTensor>, name: string, tensor: StoredTensor): void {
  const place = placeOf(tensors, name) ?? (OUTER.test(name) ? name : undefined);
  if (place === undefined)
    throw new UserError(`${tensor.file}: tensor "${tensor.name}" has no place in the base model`);
  tensors.set(place, tensor);
}

/**
 * Of a tied pair that the base stores once, an adapter may bring an unembedding of its own, but not an embedding alone: the
 * unembedding would stay what it was.
 */
function checkTiedPair(config: CheckpointConfig, outer: string[], isReplaced: (name: string) => boolean): void {
  if (outer.length !== 1 || !isReplaced(outer[0]) || config.flag("ensure_weight_tying", false)) return;
  throw new UserError(
    `${config.path}: modules_to_save: "${outer[0]}" without an unembedding of its own is not supported`,
  );
}

/** A pair of factors and where they belong. */
interface Factors {
  a: StoredTensor;
  b: StoredTensor;
  config: CheckpointConfig;
  module: string;
  /** GPT-2's layers are stored the other way round than linear ones. The adapter's `fan_in_fan_out` is not to be relied on. */
  isTurned: boolean;
}

/** A matrix of the base, with what is added to it when it is read. */
function merged(weight: StoredTensor, { a, b, config, module, isTurned }: Factors): StoredTensor {
  const rank = matching(config, "rank_pattern", module) ?? config.count("r");
  const alpha = matching(config, "alpha_pattern", module) ?? config.number("lora_alpha");
  const [outputs, inputs] = isTurned ? [...weight.shape].reverse() : weight.shape;
  for (const [tensor, shape] of [
    [a, [rank, inputs]],
    [b, [outputs, rank]],
  ] as const) {
    if (tensor.shape.join() === shape.join()) continue;
    const asked = `${module} of shape [${weight.shape}] and rank ${rank} asks for [${shape}]`;
    throw new UserError(`${tensor.file}: tensor "${tensor.name}" has shape [${tensor.shape}], ${asked}`);
  }
  const scale = alpha / (config.flag("use_rslora", false) ? Math.sqrt(rank) : rank);
  return { ...weight, lowRank: { a, b, scale, isTurned } };
}

/** The value of the first pattern that the end of a module's name matches. */
function matching(config: CheckpointConfig, name: string, module: string): number | undefined {
  const patterns = config.section(name);
  for (const pattern of Object.keys(patterns?.fields ?? {})) {
    // Repetitions could take forever, as could many choices one after the other, and none of them is needed to name a module.
    const isPlain = /^[\w.^|()\\-]{1,200}$/.test(pattern) && pattern.split("|").length <= 10;
    const expression = isPlain ? expressionOf(`^(.*\\.)?(${pattern})$`) : undefined;
    if (!expression) return config.unsupported(name, shown(pattern));
    if (expression.test(module)) return patterns!.number(pattern);
  }
  return undefined;
}

/** Undefined where a text is no regular expression. */
function expressionOf(text: string): RegExp | undefined {
  try {
    return new RegExp(text);
  } catch {
    return undefined;
  }
}
