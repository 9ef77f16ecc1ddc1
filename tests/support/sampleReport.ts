import type { Report } from "../../lib/src/programs/report/report";
import { bandFigure, scatterFigure } from "./sampleFigures";

const lines = Array.from({ length: 90 }, (_, i) => ["a model", `${i}`, (i / 7).toFixed(3)]);

/** A report of two notebooks: two figures, a long and a short table, all kinds of text. */
export const sampleReport: Report = {
  title: "A title",
  date: "2026-01-02T03:04:05.000Z",
  sections: [
    {
      notebook: "fig02-example",
      title: "Figure 2: an example",
      introduction: "**What the paper claims.** One <thing> & [another](other.ipynb).\n\n- `code`\n- *more*",
      parts: [
        { kind: "figure", figure: bandFigure },
        { kind: "text", heading: "How close are we?", markdown: "Quite close." },
        {
          kind: "table",
          table: {
            kind: "table",
            caption: "Layer by layer",
            columns: ["source", "layer", "difference"],
            lines,
            numeric: [false, true, true],
            left: 7,
          },
        },
      ],
      parameters: [
        { name: "MODEL", value: '"data/models/one"', isDefault: true },
        { name: "PROMPTS", value: "2", isDefault: false },
      ],
      run: {
        date: "2026-01-02T03:04:05.000Z",
        seconds: 1.25,
        command: "npm run figures -- -p PROMPTS=2",
        parameters: { PROMPTS: "2" },
        version: "0.1.0",
        node: "v20.19.0",
        platform: "linux x64",
        commit: "0123456789abcdef",
      },
    },
    {
      notebook: "fig10-example",
      title: "Figure 10: another example",
      introduction: "",
      parts: [
        {
          kind: "table",
          table: { kind: "table", columns: ["n"], lines: [["1"]], numeric: [true], left: 0 },
        },
        { kind: "figure", figure: scatterFigure },
      ],
      parameters: [],
      run: {
        date: "2026-01-02T03:04:05.000Z",
        seconds: 2,
        command: "npm run figures",
        parameters: {},
        version: "0.1.0",
        node: "v20.19.0",
        platform: "linux x64",
      },
    },
  ],
};
