import type { Browser, Locator } from "playwright-core";
import { NotebookPage } from "./notebookPage";

const ENTRIES = { all: "#run_all_cells", one: "#run_cell", below: "#run_all_cells_below" };

/** A notebook in the classic Notebook (version 6 and before). */
export class ClassicPage extends NotebookPage {
  static async open(browser: Browser, url: string, codeCells: number): Promise<ClassicPage> {
    const notebook = new ClassicPage(await NotebookPage.openPage(browser, url));
    await notebook.codeCells.nth(codeCells - 1).waitFor({ state: "attached" });
    await notebook.page.waitForFunction(() => {
      const { Jupyter } = window as unknown as { Jupyter?: { notebook?: { kernel?: { is_connected(): boolean } } } };
      return Jupyter?.notebook?.kernel?.is_connected();
    });
    await notebook.untilIdle();
    return notebook;
  }

  get codeCells(): Locator {
    return this.page.locator("#notebook-container .code_cell");
  }

  output(cell: number): Locator {
    return this.codeCells.nth(cell).locator(".output");
  }

  get errors(): Locator {
    return this.page.locator(".output_stderr");
  }

  async prompt(cell: number): Promise<string> {
    const text = (await this.codeCells.nth(cell).locator(".input_prompt").textContent()) ?? "";
    return text.replace(/In|[[\]:\s]/g, "");
  }

  async untilIdle(): Promise<void> {
    await this.page.locator("#kernel_indicator_icon.kernel_idle_icon").waitFor();
  }

  async select(cell: number): Promise<void> {
    const one = this.codeCells.nth(cell);
    await one.scrollIntoViewIfNeeded();
    await one.locator(".input_prompt").click();
  }

  async replace(cell: number, source: string): Promise<void> {
    await this.select(cell);
    await this.codeCells.nth(cell).locator(".CodeMirror-lines").click();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.insertText(source);
    await this.page.keyboard.press("Escape");
  }

  async documentation(cell: number): Promise<string> {
    await this.codeCells.nth(cell).locator(".CodeMirror-lines").click();
    for (const key of ["Control+End", "ArrowLeft", "Shift+Tab"]) await this.page.keyboard.press(key);
    const shown = this.page.locator("#tooltip .tooltiptext").first();
    await shown.waitFor();
    return (await shown.textContent()) ?? "";
  }

  async interrupt(): Promise<void> {
    await this.menu("Kernel", "#int_kernel");
  }

  protected async press(what: "all" | "one" | "below"): Promise<void> {
    await this.menu("Cell", ENTRIES[what]);
  }

  private async menu(name: string, entry: string): Promise<void> {
    await this.page.locator("#menubar .dropdown-toggle", { hasText: new RegExp(`^${name}$`) }).click();
    await this.page.locator(`${entry} a`).first().click();
  }
}
