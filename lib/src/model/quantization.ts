import type { CheckpointConfig } from "../machine/checkpoint/config";
import { UserError } from "../machine/support/errors";

/** Where configs say that the weights are quantized; the second is compressed-tensors' older name. */
const SECTIONS = ["quantization_config", "compression_config"];

/**
 * Quantized weights are read from GGUF files alone.
 *
 * @throws UserError naming the method, if the config has one
 */
export function refuseQuantization(config: CheckpointConfig): void {
  for (const name of SECTIONS) {
    const section = config.section(name);
    if (!section) continue;
    const { load_in_4bit: in4Bit, load_in_8bit: in8Bit } = section.fields;
    const method = section.text("quant_method", in4Bit || in8Bit ? "bitsandbytes" : "unknown");
    const known = section.has("format") ? `${method}, ${section.text("format")}` : method;
    throw new UserError(
      `${config.path}: ${name}: weights quantized by ${known} cannot be read; take the model's float16, bfloat16 or float32 weights, or a GGUF file`,
    );
  }
}
