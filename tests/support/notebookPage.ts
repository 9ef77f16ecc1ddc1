import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { PROJECT } from "./cli";

/** Where pictures of what the tests saw are kept. */
const SCREENSHOTS = join(PROJECT, "out/screenshots");

/** A notebook that is open in JupyterLab or Notebook 7 (which is made of the same parts), used as a person does. */
export class NotebookPage {
  private constructor(readonly page: Page) {}

  /** Opens a notebook and waits until all of its code cells are there and its kernel is. */
  static async open(browser: Browser, url: string, codeCells: number): Promise<NotebookPage> {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(90_000);
    await page.goto(url);
    const notebook = new NotebookPage(page);
    await page
      .locator(".jp-NotebookPanel .jp-CodeCell")
      .nth(codeCells - 1)
      .waitFor({ state: "attached" });
    await notebook.untilIdle();
    await page.waitForTimeout(1000); // The indicator starts as idle, before there is a kernel.
    await notebook.untilIdle();
    return notebook;
  }

  /** Clicks through the menu bar: `menu("Run", "Run All Cells")`. */
  async menu(name: string, entry: string | RegExp): Promise<void> {
    await this.page
      .locator(".lm-MenuBar-item", { hasText: new RegExp(`^${name}$`) })
      .first()
      .click();
    await this.page.locator(".lm-Menu-item .lm-Menu-itemLabel").filter({ hasText: entry }).first().click();
  }

  /** All code cells, markdown ones left out. */
  get codeCells(): Locator {
    return this.page.locator(".jp-CodeCell");
  }

  /** The number in brackets beside a code cell: "3", "*" while it runs or waits, "" if it has not run. */
  async prompt(cell: number): Promise<string> {
    const text = (await this.codeCells.nth(cell).locator(".jp-InputPrompt").first().textContent()) ?? "";
    return text.replace(/[[\]:\s]/g, "");
  }

  /** All prompts, in order. */
  async prompts(): Promise<string[]> {
    const count = await this.codeCells.count();
    return await Promise.all(Array.from({ length: count }, (_, cell) => this.prompt(cell)));
  }

  /** Waits until the kernel is connected and has nothing to do. */
  async untilIdle(): Promise<void> {
    await this.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor();
  }

  /** Waits until no cell runs or waits for its turn. */
  async untilDone(timeout = 240_000): Promise<void> {
    await this.page.waitForFunction(
      () => {
        const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map((one) => one.textContent);
        return prompts.length > 0 && !prompts.some((text) => text?.includes("*"));
      },
      undefined,
      { timeout },
    );
    await this.untilIdle();
  }

  /** Starts cells by an entry of the menu Run and waits until they are done. */
  async run(entry: RegExp): Promise<void> {
    const before = (await this.prompts()).join();
    await this.menu("Run", entry);
    for (let tries = 0; (await this.prompts()).join() === before; tries++) {
      if (tries === 100) throw new Error(`Run ${entry}: nothing runs within 10 s`);
      await this.page.waitForTimeout(100);
    }
    await this.untilDone();
  }

  runAll(): Promise<void> {
    return this.run(/^Run All Cells$/);
  }

  /** Makes a code cell the active one, in command mode. */
  async select(cell: number): Promise<Locator> {
    const one = this.codeCells.nth(cell);
    await one.scrollIntoViewIfNeeded();
    await one.locator(".jp-InputPrompt").first().click();
    return one;
  }

  /** Replaces what a code cell holds, by typing. */
  async replace(cell: number, source: string): Promise<void> {
    const one = await this.select(cell);
    await one.locator(".cm-content").click();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.insertText(source);
    await this.page.keyboard.press("Escape");
  }

  /** What a code cell holds, read from the model behind the page: the editor shows but a part of long cells. */
  async source(cell: number): Promise<string> {
    return (await this.codeCells.nth(cell).locator(".cm-line").allTextContents()).join("\n");
  }

  output(cell: number): Locator {
    return this.codeCells.nth(cell).locator(".jp-Cell-outputArea");
  }

  /** Keeps a picture of the page. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }

  async save(): Promise<void> {
    await this.page.keyboard.press("Control+S");
    await this.page.waitForTimeout(1500);
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
