import type { Browser, Locator } from "playwright-core";
import { NotebookPage } from "./notebookPage";

const ENTRIES = {
  all: /^Run All Cells$/,
  one: /^Run Selected Cell$/,
  below: /^Run Selected Cell and All Below$/,
};

/** A notebook in JupyterLab or in Notebook 7, which is made of the same parts. */
export class LabPage extends NotebookPage {
  static async open(browser: Browser, url: string, codeCells: number): Promise<LabPage> {
    const notebook = new LabPage(await NotebookPage.openPage(browser, url));
    await notebook.page
      .locator(".jp-NotebookPanel .jp-CodeCell")
      .nth(codeCells - 1)
      .waitFor({ state: "attached" });
    await notebook.untilIdle();
    await notebook.page.waitForTimeout(1000); // The indicator starts as idle, before there is a kernel.
    await notebook.untilIdle();
    return notebook;
  }

  get codeCells(): Locator {
    return this.page.locator(".jp-CodeCell");
  }

  output(cell: number): Locator {
    return this.codeCells.nth(cell).locator(".jp-Cell-outputArea");
  }

  get errors(): Locator {
    return this.page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"]');
  }

  async prompt(cell: number): Promise<string> {
    const text = (await this.codeCells.nth(cell).locator(".jp-InputPrompt").first().textContent()) ?? "";
    return text.replace(/[[\]:\s]/g, "");
  }

  async untilIdle(): Promise<void> {
    await this.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor();
  }

  async select(cell: number): Promise<void> {
    const one = this.codeCells.nth(cell);
    await one.scrollIntoViewIfNeeded();
    await one.locator(".jp-InputPrompt").first().click();
  }

  async replace(cell: number, source: string): Promise<void> {
    await this.select(cell);
    await this.codeCells.nth(cell).locator(".cm-content").click();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.insertText(source);
    await this.page.keyboard.press("Escape");
  }

  async documentation(cell: number): Promise<string> {
    await this.codeCells.nth(cell).locator(".cm-content").click();
    for (const key of ["Control+End", "ArrowLeft", "Shift+Tab"]) await this.page.keyboard.press(key);
    const shown = this.page.locator(".jp-Tooltip").first();
    await shown.waitFor();
    return (await shown.textContent()) ?? "";
  }

  async interrupt(): Promise<void> {
    await this.menu("Kernel", /^Interrupt Kernel$/);
  }

  protected async press(what: "all" | "one" | "below"): Promise<void> {
    await this.menu("Run", ENTRIES[what]);
  }

  private async menu(name: string, entry: RegExp): Promise<void> {
    await this.page
      .locator(".lm-MenuBar-item", { hasText: new RegExp(`^${name}$`) })
      .first()
      .click();
    await this.page.locator(".lm-Menu-item .lm-Menu-itemLabel").filter({ hasText: entry }).first().click();
  }
}
