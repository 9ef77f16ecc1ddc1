import type { Checkpoint } from "../machine/checkpoint/checkpoint";
import type { Architecture, WeightRequest, WeightRequests } from "./architecture";

/** What checkpoints call the unembedding where they store it; in front, those of larger models have the part it belongs to. */
const HEAD = /(^|\.)(lm_head|embed_out)\.weight$/;

/**
 * The same architecture, asking for its weights by the names that the checkpoint has for them, as transformers 5.24 finds
 * them. All but the unembedding may stand under another root than the family's: without the outer "model." as the base
 * model saves it, or inside a larger model. Of an embedding and an unembedding that the config says are one (tied), the
 * file may hold either or both; both count, whether they are equal or not. Of an unembedding that is nowhere, as in the
 * weights of a base model, nothing is asked: loss and entropy are unknown then.
 */
export function underStoredNames(architecture: Architecture, { tensors }: Checkpoint): Architecture {
  const { embedding, ...otherEmbeddingWeights } = architecture.embeddingWeights;
  const { unembedding } = architecture.headWeights;
  const isTied = unembedding.name === embedding.name;
  const roots = storedRoot(architecture, tensors);
  const named = (request: WeightRequest): WeightRequest => {
    const { name, scales } = request;
    const ofScales = scales && { ...scales, name: renamed(scales.name, roots) };
    return { ...request, name: renamed(name, roots), ...(ofScales && { scales: ofScales }) };
  };
  const all = (requests: WeightRequests) =>
    Object.fromEntries(Object.entries(requests).map(([key, request]) => [key, named(request)]));

  const input = named(embedding).name;
  const head = headName(tensors, isTied ? undefined : unembedding.name);
  const isOneTensor = head !== undefined && isSameStorage(tensors, input, head);
  const output = isOneTensor || (isTied && head === undefined) ? input : head;
  return {
    ...architecture,
    embeddingWeights: {
      ...all(otherEmbeddingWeights),
      embedding: { ...embedding, name: isTied && head !== undefined && !tensors.has(input) ? head : input },
    },
    blockWeights: (layer) => all(architecture.blockWeights(layer)),
    ...(architecture.expertWeights && {
      expertWeights: (layer: number, expert: number) => all(architecture.expertWeights!(layer, expert)),
    }),
    finalWeights: all(architecture.finalWeights),
    headWeights:
      output === undefined ? {} : { ...architecture.headWeights, unembedding: { ...unembedding, name: output } },
  };
}

/** What the names of a model's parts begin with: as the family asks for them, and as they are stored. */
interface Roots {
  asked: string;
  stored: string;
}

function renamed(name: string, { asked, stored }: Roots): string {
  return name.startsWith(asked) ? `${stored}${name.slice(asked.length)}` : name;
}

/** The root under which most of the weights are: that of the family where it is as good as any other. */
function storedRoot(architecture: Architecture, tensors: ReadonlyMap<string, unknown>): Roots {
  const { embeddingWeights, finalWeights, blockWeights, layers } = architecture;
  // The last block as well: a tower of images has blocks that are named alike, and fewer of them or more.
  const requests = [embeddingWeights, blockWeights(0), blockWeights(layers - 1), finalWeights];
  const names = requests.flatMap((part) => Object.values(part).map(({ name }) => name));
  // "model.layers.0.input_layernorm.weight": what stands before the list of blocks is the root.
  const [, asked = "", rest = ""] = names.map((name) => /^(.*?)([^.]+\.0\..*)$/.exec(name)).find(Boolean) ?? [];
  const others = [...tensors.keys()]
    .filter((name) => name === rest || name.endsWith(`.${rest}`))
    .map((name) => name.slice(0, name.length - rest.length));
  const found = [asked, ...others].map((stored) => ({
    stored,
    count: names.filter((name) => tensors.has(renamed(name, { asked, stored }))).length,
  }));
  return { asked, stored: found.reduce((best, one) => (one.count > best.count ? one : best)).stored };
}

/** The unembedding of its own that a checkpoint holds, under the family's name or under the only one that can be meant. */
function headName(tensors: ReadonlyMap<string, unknown>, asked: string | undefined): string | undefined {
  if (asked !== undefined && tensors.has(asked)) return asked;
  const names = [...tensors.keys()].filter((name) => HEAD.test(name));
  return names.length === 1 ? names[0] : undefined;
}

/** Whether two names stand for the same bytes, as in files of PyTorch that hold a tied pair. */
function isSameStorage(tensors: Checkpoint["tensors"], one: string, other: string): boolean {
  const [a, b] = [tensors.get(one), tensors.get(other)];
  return a !== undefined && b !== undefined && a.file === b.file && a.begin === b.begin;
}
