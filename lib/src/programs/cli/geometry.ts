import type { Command } from "commander";
import { type GeometryReport, geometryReport } from "../../geometry/geometryReport";
import { readClouds } from "../../machine/arrays/readClouds";
import { ARRAY_ENDINGS } from "../../machine/arrays/readers";
import { chooseBackend, describeBackend } from "../../machine/backend/backend";
import type { NamedCloud } from "../../machine/support/cloud";
import { BACKEND_HELP } from "./options";

/** `token-geometry geometry`: measures clouds of points that are in files. */
export function geometryCommand(program: Command): void {
  program
    .command("geometry")
    .description(
      "Measure point clouds: intrinsic dimension (GRIDE, 2NN), cosine similarity, neighbor angles, and the " +
        "neighborhood overlap of each cloud with the next.",
    )
    .argument(
      "<files...>",
      `files of numbers (${ARRAY_ENDINGS}): [points, dimension], or [layers, points, dimension]; FILE:NAME for one array of ` +
        "several, FILE:COLUMN or FILE:A,B,C for columns of a table",
    )
    .option("--json", "print JSON instead of a table")
    .option("--backend <name>", BACKEND_HELP)
    .action(async (files: string[], options: { json?: boolean; backend?: string }) => {
      const clouds: NamedCloud[] = [];
      for (const file of files) clouds.push(...(await readClouds(file)));
      const backend = await chooseBackend(options.backend);
      const report = await geometryReport(clouds);
      process.stderr.write(`${describeBackend(backend)}\n`);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : asTable(report));
    });
}

function asTable({ clouds, neighborhoodOverlap }: GeometryReport): string {
  const number = (value: number) => (Number.isFinite(value) ? value.toPrecision(5) : "-");
  const lines: string[] = [];
  for (const cloud of clouds) {
    lines.push(`${cloud.file}  (${cloud.n} points, ${cloud.d} dimensions)`);
    for (const { scaling, id, error, scale } of cloud.intrinsicDimension) {
      lines.push(
        `  GRIDE n2 = ${String(scaling).padStart(3)}: ${number(id)} +- ${number(error)} at length ${number(scale)}`,
      );
    }
    lines.push(`  2NN: ${number(cloud.twoNN.ml)} (maximum likelihood), ${number(cloud.twoNN.fit)} (fit)`);
    lines.push(`  cosine similarity: ${number(cloud.cosineSimilarity.mean)}, sd ${number(cloud.cosineSimilarity.std)}`);
    const angle = cloud.neighborAngleDegrees;
    lines.push(`  neighbor angle: ${number(angle.mean)} degrees, sd ${number(angle.std)}`);
  }
  for (const { from, to, overlap } of neighborhoodOverlap) {
    const shown = overlap.filter(({ k }) => [1, 2, 4, 8, 16, 31].includes(k));
    lines.push(`overlap ${from} -> ${to}: ${shown.map(({ k, value }) => `k = ${k}: ${number(value)}`).join(", ")}`);
  }
  return `${lines.join("\n")}\n`;
}
