import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../tests/support/notebooks";
import { loadPromptOrText } from "./promptOrText";

describe("loadPromptOrText", () => {
  test("takes a file, an embedded document, or the text itself", async () => {
    const path = join(temporaryFolder(), "mine.txt");
    writeFileSync(path, " my own text \n");
    expect(await loadPromptOrText(path)).toEqual({ name: "mine", text: "my own text" });
    const embedded = await loadPromptOrText("data/prompts/fiction-realist.txt");
    expect(await loadPromptOrText("fiction-realist")).toEqual(embedded);
    expect(embedded.text.length).toBeGreaterThan(1000);
    expect(await loadPromptOrText("  To be, or not.\n")).toEqual({ name: "“To be, or not.”", text: "To be, or not." });
  });

  test("names a long text after its beginning", async () => {
    const { name, text } = await loadPromptOrText(`${"a long line of words ".repeat(30)}\nand more`);
    expect(name).toBe("“a long line of words a long …”");
    expect(text).toMatch(/and more$/);
  });

  test("says so if there is nothing, or no such file", async () => {
    await expect(loadPromptOrText(" \n ")).rejects.toThrow(/the prompt is empty/);
    await expect(loadPromptOrText("texts/none.txt")).rejects.toThrow(/none\.txt: no such file/);
  });
});
