import { GgufFields } from "../../gguf/fields";
import type { GgufHeader, GgufTensor } from "../../gguf/header";
import { UserError } from "../../support/errors";
import { readValues } from "../storedTensor";

/** Settings that say nothing on the numbers of a forward pass, or repeat what the tensors say. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "vocab_size",
  "context_length",
  "pooling_type",
  "tensor_data_layout",
  "rope.scaling.finetuned",
  "expert_used_count",
]);

/**
 * The settings of a model in a GGUF file, those under the name of its architecture. It notes which are read: any other would
 * change the numbers in a way that is not built here, and is refused.
 */
export class GgufSettings {
  private readonly fields: GgufFields;
  private readonly prefix: string;
  private readonly known = new Set<string>();

  constructor(
    private readonly header: GgufHeader,
    /** Of all parts of the file. */
    readonly tensors: ReadonlyMap<string, GgufTensor>,
  ) {
    this.fields = new GgufFields(header);
    this.prefix = `${this.fields.text("general.architecture")}.`;
  }

  has(name: string): boolean {
    return this.fields.has(this.key(name));
  }

  /** A whole number above 0; without `fallback` it has to be there. */
  count(name: string, fallback?: number): number {
    return this.fields.count(this.key(name), fallback);
  }

  /** A finite number; without `fallback` it has to be there. */
  number(name: string, fallback?: number): number {
    return this.fields.number(this.key(name), fallback);
  }

  flag(name: string, fallback: boolean): boolean {
    return this.fields.flag(this.key(name), fallback);
  }

  /** A list of true and false. */
  flags(name: string): boolean[] {
    const value = this.header.metadata.get(this.key(name));
    const good = Array.isArray(value) && value.every((one) => typeof one === "boolean");
    return good ? value : this.unsupported(name);
  }

  text(name: string, fallback: string): string {
    return this.fields.text(this.key(name), fallback);
  }

  unsupported(name: string): never {
    return this.fields.unsupported(this.key(name));
  }

  /** Refuses the setting unless it is missing or has this value. */
  only(name: string, value: number | boolean): void {
    if (this.has(name) && this.header.metadata.get(this.key(name)) !== value) this.unsupported(name);
  }

  /** A tensor that has to be there. @throws UserError if it is not */
  tensor(name: string): GgufTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(`${this.header.path}: tensor "${name}" is missing`);
    return tensor;
  }

  /** The values of a tensor that holds settings. @throws UserError if it is not there, or damaged */
  values(name: string): number[] {
    const tensor = this.tensor(name);
    return [...readValues({ ...tensor, elementType: tensor.type })];
  }

  /** A tensor that has to be there and be a matrix. */
  matrix(name: string): GgufTensor {
    const tensor = this.tensor(name);
    if (tensor.shape.length !== 2) {
      throw new UserError(`${tensor.file}: tensor "${name}" has shape [${tensor.shape}], a matrix is needed`);
    }
    return tensor;
  }

  /** @throws UserError naming a setting that nobody has asked for */
  checkAllKnown(): void {
    for (const key of this.header.metadata.keys()) {
      if (!key.startsWith(this.prefix) || WITHOUT_EFFECT.has(key.slice(this.prefix.length))) continue;
      if (!this.known.has(key)) this.fields.unsupported(key);
    }
  }

  private key(name: string): string {
    this.known.add(this.prefix + name);
    return this.prefix + name;
  }
}
