import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import type { TokenText } from "../../machine/notebook/tokenTextContent";
import { tokenTextPicture } from "../../machine/notebook/tokenTextPicture";
import type { Figure } from "../../machine/render/figure";
import { renderSvg } from "../../machine/render/render";
import { renderSmallPng } from "../../machine/render/renderSmallPng";
import { reportError } from "../../machine/support/errors";
import { writeFileAtomically } from "../../machine/support/files";
import { PROJECT_ROOT } from "../../machine/support/project";
import { escapeXml } from "../../machine/support/xml";
import { pictureDefects } from "./defects";
import type { HardCase } from "./hardCases";
import { casesOf, KINDS, type Kind } from "./kinds";

/** The command `npm run gallery`: draws every kind of picture of every hard case. Sets the exit code: 1 if one has a defect. */
export async function main(argv: string[]): Promise<void> {
  const command = new Command("npm run gallery --")
    .description("Draws every kind of picture of cases that are hard to draw, with a page that shows them all.")
    .argument("[names...]", "parts of the pictures' names, like scatter or long-names; all of them if none is named")
    .option("--out <folder>", "where the pictures go", join(PROJECT_ROOT, "docs", "gallery"))
    .exitOverride();
  try {
    command.parse(argv, { from: "user" });
    await drawGallery(resolve(command.opts<{ out: string }>().out), command.args);
  } catch (error) {
    if (!(error instanceof CommanderError)) reportError(error);
    else if (error.exitCode !== 0) process.exitCode = 1; // commander has printed it
  }
}

async function drawGallery(folder: string, names: readonly string[]): Promise<void> {
  const sections: string[] = [];
  for (const kind of KINDS) {
    const pictures: string[] = [];
    for (const hard of casesOf(kind)) {
      const name = nameOf(kind, hard);
      const file = join(folder, `${name}.png`);
      if (names.length === 0 || names.some((part) => name.includes(part))) {
        const { png, defects } = await drawPicture(kind, hard);
        writeFileAtomically(file, png);
        for (const defect of defects) process.stderr.write(`${name}: ${defect}\n`);
        if (defects.length > 0) process.exitCode = 1;
      }
      if (!existsSync(file)) continue;
      pictures.push(
        `<figure><figcaption><b>${name}</b>: ${escapeXml(hard.shows)}</figcaption><img src="${name}.png" alt="">` +
          `<figcaption>${escapeXml(kind.draw(hard).caption)}</figcaption></figure>`,
      );
    }
    if (pictures.length > 0) sections.push(`<h2>${escapeXml(kind.title)}</h2>`, ...pictures);
  }
  const style = "body { font: 14px sans-serif; max-width: 1100px } img { max-width: 100%; border: 1px solid #ddd }";
  const page = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Gallery</title><style>${style}</style></head>\n<body>\n<h1>Pictures of hard cases</h1>\n${sections.join("\n")}\n</body></html>\n`;
  writeFileAtomically(join(folder, "index.html"), page);
  console.log(join(folder, "index.html"));
}

const nameOf = (kind: Kind, hard: HardCase): string => `${kind.name}-${hard.name}`;

/** Draws a picture of the gallery, and looks for what is wrong with it, as far as that can be measured. */
async function drawPicture(kind: Kind, hard: HardCase): Promise<{ png: Buffer; defects: string[] }> {
  const drawing = kind.draw(hard);
  if (!isFigure(drawing)) return { png: tokenTextPicture(drawing).png, defects: [] };
  return { png: await renderSmallPng(drawing), defects: pictureDefects(drawing, await renderSvg(drawing)) };
}

const isFigure = (drawing: Figure | TokenText): drawing is Figure => "data" in drawing;
