/** A line of a figure's provenance: what it is about, and what there is to say. */
export type ProvenanceLine = [label: string, text: string];

/** Hexadecimal digits that are shown of a SHA-256; files keep all 64. */
const SHOWN_DIGITS = 12;

type Json = Record<string, unknown>;

/**
 * A figure's provenance for readers: models with the hashes of their files, prompts, seed, backend, versions, units of the
 * store, command, published sources. What it does not know is given as JSON; lines that several experiments share are given once.
 */
export function provenanceLines(provenance: Record<string, unknown> = {}): ProvenanceLine[] {
  const { experiments, published, ...others } = provenance;
  const lines: ProvenanceLine[] = [
    ...(Array.isArray(experiments) ? (experiments as Json[]).flatMap(experimentLines) : []),
    ...Object.entries(objectOf(published)).map(([part, text]): ProvenanceLine => [`published: ${part}`, textOf(text)]),
    ...Object.entries(others).map(([name, value]): ProvenanceLine => [name, textOf(value)]),
  ];
  const seen = new Set<string>();
  return lines.filter((line) => {
    const key = line.join("\n");
    return !seen.has(key) && seen.add(key);
  });
}

function experimentLines(experiment: Json): ProvenanceLine[] {
  const settings = objectOf(experiment.settings);
  const models = Array.isArray(experiment.models) ? (experiment.models as Json[]) : [];
  const lines = models.map((model): ProvenanceLine => {
    const files = Object.entries(objectOf(model.files)).map(([file, hash]) => `${file} ${shortHash(hash)}`);
    const weights = model.weights === undefined ? "" : `quantized weights (${model.weights}); `;
    return [`model ${model.name}`, `${weights}SHA-256 of its files: ${files.join(", ")}`];
  });
  for (const { name, recorded } of models) {
    const { file, sha256 } = objectOf(recorded);
    if (file !== undefined) lines.push(["recorded", `results of ${name}: ${file}, SHA-256 ${shortHash(sha256)}`]);
  }
  const counts = [...new Set(models.map((model) => model.prompts))].join(" or ");
  const named = settings.promptName === undefined ? "" : ` (${[settings.promptName].flat().join(", ")})`;
  const sets = [...new Set(models.map((model) => shortHash(model.promptSet)))].join(", ");
  const special = [
    settings.bos ? ", the beginning-of-text token in front" : "",
    settings.leaveOut ? `, the first ${settings.leaveOut} left out` : "",
  ].join("");
  const orders = [settings.shuffleIndices].flat().join(", ");
  lines.push([
    "prompts",
    `${settings.prompts}, ${counts}${named}, cut to ${settings.tokens} tokens${special}, S = ${orders}, seed ${settings.seed}; ` +
      `SHA-256 of the tokens ${sets}`,
  ]);
  const { dtype, manifest, units, results, command } = experiment;
  // Of files that say who computed the results; else of what describes the experiment.
  const origins = Array.isArray(experiment.computedBy) ? (experiment.computedBy as Json[]) : [experiment];
  for (const { backend, device, tokenGeometry, tensorflowJs, node } of origins) {
    lines.push([
      "computed by",
      `backend ${backend} (${device}), ${dtype}, token-geometry ${tokenGeometry}, TensorFlow.js ${tensorflowJs}, Node ${node}`,
    ]);
  }
  if (manifest !== undefined) {
    const all = models.every(({ recorded }) => recorded !== undefined);
    const where = all ? `${units}, all recorded` : `${units} in the store, listed in experiments/${manifest}.json`;
    lines.push(["units", `${where}; SHA-256 of their results ${shortHash(results)}`]);
  }
  if (command !== undefined) lines.push(["command", textOf(command)]);
  return lines;
}

function shortHash(hash: unknown): string {
  return String(hash).slice(0, SHOWN_DIGITS);
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
