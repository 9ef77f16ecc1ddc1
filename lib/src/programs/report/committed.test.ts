import { homedir } from "node:os";
import { beforeAll, describe, expect, test } from "vitest";
import { codeCell, notebookOf } from "../../../../tests/support/notebooks";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { figureBundle } from "../../machine/notebook/display";
import { RECORD_TYPE } from "../../machine/notebook/record";
import { libraryVersion, PROJECT_ROOT } from "../../machine/support/project";
import { formatNotebook, type Notebook, parseNotebook } from "../runner/notebook";
import type { Output } from "../runner/outputs";
import { committedNotebook, hasOutputs, outputProblems } from "./committed";

const display = (data: Record<string, unknown>): Output => ({ output_type: "display_data", data, metadata: {} });

async function executed(): Promise<Notebook> {
  const outputs: Output[] = [
    display({ [RECORD_TYPE]: { kind: "plotly" }, "text/html": "<script>large</script>", "text/plain": "" }),
    display(await figureBundle(bandFigure)),
    display({
      [RECORD_TYPE]: { kind: "table", columns: ["a"], lines: [["1"]], numeric: [true], left: 0 },
      "text/html":
        '<table><tr><th style="text-align: right; padding: 2px">a</th></tr><tr><td style="text-align: left; x">b</td></tr></table>',
      "text/plain": "a\n1",
    }),
    { output_type: "stream", name: "stdout", text: `${PROJECT_ROOT}/store/x ${homedir()}/texts\n` },
  ];
  const notebook = notebookOf(
    { cell_type: "markdown", metadata: {}, source: "# Title" },
    { ...codeCell("let N = 2;", "parameters"), execution_count: 1 },
    { ...codeCell("show(N)"), outputs, execution_count: 2 },
  );
  return { ...notebook, metadata: { title: "kept", token_geometry: { command: "npm run figures" } } };
}

describe("a notebook of the repository", () => {
  let committed: Notebook;
  beforeAll(async () => {
    committed = await committedNotebook(await executed());
  });
  const outputsOf = (notebook: Notebook) => notebook.cells[2].outputs as Extract<Output, { data: object }>[];

  test("has pictures with captions and tables, without scripts, charts and records", () => {
    const [picture, caption, table, stream, ...rest] = outputsOf(committed);
    expect(rest).toEqual([]);
    expect(Object.keys(picture.data)).toEqual(["image/png", "text/plain"]);
    expect(picture.metadata).toEqual({ "image/png": { width: 560, height: 420 } });
    expect(caption.data["text/html"]).toContain("Made-up numbers, n = 50 &lt;prompts&gt;");
    expect(caption.data["text/html"]).toContain("Where the numbers come from");
    expect(table.data).toEqual({
      "text/html": '<table><tr><th>a</th></tr><tr><td style="text-align: left">b</td></tr></table>',
      "text/plain": "a\n1",
    });
    expect(stream).toMatchObject({ text: "store/x ~/texts\n" });
    expect(formatNotebook(committed)).not.toMatch(/<script|vnd\./);
    expect(formatNotebook(committed).length).toBeLessThan(60_000);
  });

  test("keeps the picture of what has colors, and says it in words", async () => {
    const png = Buffer.from("picture").toString("base64");
    const record = { kind: "picture", name: "text", caption: "c", width: 900, height: 60 };
    const forms = {
      "text/html": "<span style='…'><script>…</script>",
      "image/png": png,
      "text/plain": "c <1>\nsparsest: x",
    };
    const shown = {
      ...codeCell("show()"),
      outputs: [display({ [RECORD_TYPE]: record, ...forms })],
      execution_count: 1,
    };
    const [cell] = (await committedNotebook(notebookOf(shown))).cells;
    expect(cell.outputs).toEqual([
      {
        output_type: "display_data",
        data: { "image/png": png, "text/plain": "[picture text]" },
        metadata: { "image/png": { width: 900, height: 60 } },
      },
      display({ "text/html": "<p><small>c &lt;1&gt;<br>sparsest: x</small></p>", "text/plain": "c <1>\nsparsest: x" }),
    ]);
  });

  test("keeps what it is about, and says which version made it", () => {
    expect(committed.metadata).toEqual({ title: "kept", token_geometry: { version: libraryVersion() } });
    expect(committed.cells[1].metadata.tags).toEqual(["parameters"]);
    expect(hasOutputs(committed)).toBe(true);
  });

  test("is right after being written and read", () => {
    expect(outputProblems(parseNotebook(formatNotebook(committed), "committed"))).toEqual([]);
  });

  test("is wrong from the cell on that is changed", () => {
    const changed = structuredClone(committed);
    changed.cells[2].source += "\n// more";
    expect(outputProblems(changed)).toEqual(["cell 3 has the outputs of other code"]);
    changed.cells[1].source = "let N = 3;";
    expect(outputProblems(changed)).toEqual([
      "cell 2 has the outputs of other code",
      "cell 3 has the outputs of other code",
    ]);
  });

  test("may have another text, is wrong with a new cell or another version of the library", () => {
    const changed = structuredClone(committed);
    changed.cells[0].source = "# Another title";
    expect(outputProblems(changed)).toEqual([]);
    changed.cells.push({ ...codeCell("1"), id: "new" });
    changed.metadata.token_geometry = { version: "0.0.1" };
    expect(outputProblems(changed)).toEqual([
      `outputs of version 0.0.1 of the library, which is ${libraryVersion()} now`,
      "cell 4 has not been executed",
    ]);
  });
});
