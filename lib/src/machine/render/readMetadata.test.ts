import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { saveTable } from "../notebook/table";
import { exportFigure, FORMATS } from "./export";
import { readProvenance } from "./readMetadata";

/** Letters that each of the formats has to treat with care. */
const provenance = {
  text: `a < b & c > "d" 'e' (f) \\ \n \t </metadata></script>) endobj -->`,
  chinese: "漢字",
  nested: { experiments: [{ seed: "0", values: [1, null, true] }] },
};

/** What Latin letters alone are written as differs from the rest in a PDF. */
const latin = { text: provenance.text, nested: provenance.nested };

describe.each([
  ["with Chinese letters", provenance],
  ["with Latin letters alone", latin],
])("provenance %s", (_, own) => {
  test.each(FORMATS)("comes back from an exported %s", async (format) => {
    const [path] = await exportFigure(
      { ...bandFigure, provenance: own },
      { folder: temporaryFolder(), formats: [format] },
    );
    expect(readProvenance(path)).toEqual(own);
  });

  test("comes back from the file beside a table", () => {
    const path = join(temporaryFolder(), "table.csv");
    saveTable([{ layer: 1, "a,b": 0.5 }], path, { ...bandFigure, provenance: own });
    expect(readProvenance(path)).toEqual(own);
    expect(JSON.parse(readFileSync(`${path}-metadata.json`, "utf8"))).toMatchObject({
      "@context": "http://www.w3.org/ns/csvw",
      url: "table.csv",
      "dc:title": "bands",
      tableSchema: { columns: [{ titles: "layer" }, { titles: "a,b" }] },
    });
  });
});

describe("a table", () => {
  test("that was changed, or that lies beside another one's description, is refused", () => {
    const path = join(temporaryFolder(), "table.csv");
    saveTable([{ layer: 1 }], path, bandFigure);
    copyFileSync(`${path}-metadata.json`, join(path, "../other.csv-metadata.json"));
    copyFileSync(path, join(path, "../other.csv"));
    expect(() => readProvenance(join(path, "../other.csv"))).toThrow(/is not the table that other\.csv-metadata\.json/);
    writeFileSync(path, "layer\r\n2\r\n");
    expect(() => readProvenance(path)).toThrow(/is not the table that .* describes, or was changed since/);
  });

  test("that is saved again without a figure loses the description of the earlier one", () => {
    const path = join(temporaryFolder(), "table.csv");
    saveTable([{ layer: 1 }], path, bandFigure);
    saveTable([{ layer: 2 }], path);
    expect(() => readProvenance(path)).toThrow(/table\.csv-metadata\.json: no such file/);
  });
});

describe("files of others", () => {
  const files: [name: string, content: string][] = [
    ["plain.svg", "<svg></svg>"],
    ["strange.svg", "<svg><metadata><rdf:RDF/></metadata></svg>"],
    ["empty.png", ""],
    ["cut.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
    ["huge.png", "\x89PNG\r\n\x1a\n\xff\xff\xff\xffiTXtProvenance"],
    ["plain.pdf", "%PDF-1.3\n1 0 obj\n<< /Title (x) >>\nendobj\ntrailer << /Info 1 0 R >>"],
    ["lost.pdf", "trailer << /Info 7 0 R >>"],
    ["plain.html", "<html></html>"],
  ];

  test.each(files)("%s: carries none", (name, content) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, content, "latin1");
    expect(() => readProvenance(path)).toThrow(`${path}: carries no provenance`);
  });

  test("damaged, missing, a folder, or of another kind: each said in a line", () => {
    const folder = temporaryFolder();
    const path = (name: string) => join(folder, name);
    writeFileSync(path("a.html"), '<script type="application/json" id="provenance">[1]</script>');
    writeFileSync(path("b.html"), '<script type="application/json" id="provenance">{</script>');
    mkdirSync(path("c.pdf"));
    expect(() => readProvenance(path("a.html"))).toThrow("its provenance is damaged (no JSON object)");
    expect(() => readProvenance(path("b.html"))).toThrow("its provenance is damaged");
    expect(() => readProvenance(path("c.pdf"))).toThrow("cannot be read");
    expect(() => readProvenance(path("d.png"))).toThrow("no such file");
    expect(() => readProvenance(path("e.gif"))).toThrow("not a kind of file that carries provenance (.svg, .png, .pdf");
  });
});
