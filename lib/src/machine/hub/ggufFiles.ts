import { UserError } from "../support/errors";

/** model-00001-of-00003.gguf */
const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/** A projector of pictures, which some repositories have beside their language models. */
const PROJECTOR = /(^|\/)mmproj[^/]*$/i;

export function isGguf(path: string): boolean {
  return /\.gguf$/i.test(path);
}

/**
 * Chooses the files of one model in GGUF format among those of a repository.
 *
 * @param repository its name, for messages
 * @param paths of all its files
 * @param wanted one of them; without it there has to be only one model
 * @param limits why `paths` may not be all, for messages
 * @returns the file, or all parts of a split one, in their order
 * @throws UserError if the wanted one is not there, a part is missing, or there are several to choose from
 */
export function chooseGguf(
  repository: string,
  paths: Iterable<string>,
  wanted?: string,
  limits: string = "",
): string[] {
  const models = new Map<string, string[]>();
  for (const path of [...paths].filter(isGguf).sort()) {
    const name = path.replace(SPLIT, "$1-of-$3.gguf");
    models.set(name, [...(models.get(name) ?? []), path]);
  }
  if (wanted !== undefined) {
    const files = [...models.values()].find((parts) => parts.includes(wanted));
    if (files) return complete(repository, files, limits);
    throw new UserError(
      `${repository}: has no file ${wanted}${limits}${models.size > 0 ? `, but ${choices(models)}` : ""}`,
    );
  }
  const all = [...models.values()];
  const language = all.filter(([first]) => !PROJECTOR.test(first));
  if (language.length === 1) return complete(repository, language[0], limits);
  throw new UserError(
    `${repository}: has ${all.length} GGUF files${limits}: name one of them, as in ${repository}/${all[0][0]}; there are ${choices(models)}`,
  );
}

function choices(models: ReadonlyMap<string, string[]>): string {
  return [...models.values()].map(([first, ...more]) => (more.length > 0 ? `${first} (split)` : first)).join(", ");
}

function complete(repository: string, files: string[], limits: string): string[] {
  const [, stem, , count] = SPLIT.exec(files[0]) ?? [];
  if (count === undefined) return files;
  const numbers = new Set(files.map((file) => Number(SPLIT.exec(file)![2])));
  for (let number = 1; number <= Number(count); number++) {
    if (numbers.has(number)) continue;
    const name = `${stem}-${String(number).padStart(5, "0")}-of-${count}.gguf`;
    throw new UserError(`${repository}: lacks ${name}${limits}, one of ${Number(count)} parts`);
  }
  return files;
}
