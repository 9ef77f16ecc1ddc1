import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { writeFileAtomically } from "../../machine/support/files";
import { readNotebook } from "../runner/notebook";
import { makeReport } from "./report";
import { renderReportHtml } from "./reportHtml";
import { renderReportPdf } from "./reportPdf";

/**
 * Writes report/index.html and report/report.pdf into the folder of outputs, on all executed notebooks that are there.
 *
 * @param outFolder has the executed notebooks in its folder `notebooks`
 * @returns the paths of the files; none if no notebook shows a figure
 * @throws UserError if a notebook is damaged or the files cannot be written
 */
export async function writeReport(outFolder: string): Promise<string[]> {
  const folder = join(outFolder, "notebooks");
  const executed = readdirSync(folder)
    .filter((file) => file.endsWith(".ipynb"))
    .map((file) => ({ name: basename(file, ".ipynb"), notebook: readNotebook(join(folder, file)) }));
  const report = makeReport(executed);
  if (!report) return [];
  const paths = [join(outFolder, "report", "index.html"), join(outFolder, "report", "report.pdf")];
  writeFileAtomically(paths[0], await renderReportHtml(report));
  writeFileAtomically(paths[1], await renderReportPdf(report));
  return paths;
}
