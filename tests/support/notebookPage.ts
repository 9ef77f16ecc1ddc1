import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { PROJECT } from "./cli";

/** Where pictures of what the tests saw are kept. */
const SCREENSHOTS = join(PROJECT, "out/screenshots");

/** How long a page may take for anything but running cells. */
const PATIENCE = 180_000;

/** Keeps a picture of a page as an artifact. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** A notebook that is open in a front end of Jupyter, used as a person does. Cells are counted without the text ones. */
export abstract class NotebookPage {
  constructor(readonly page: Page) {}

  /** All code cells, markdown ones left out. */
  abstract get codeCells(): Locator;
  /** What a code cell has shown. */
  abstract output(cell: number): Locator;
  /** The number in brackets beside a code cell: "3", "*" while it runs or waits, "" if it has not run. */
  abstract prompt(cell: number): Promise<string>;
  /** Waits until the kernel is connected and has nothing to do. */
  abstract untilIdle(): Promise<void>;
  /** Makes a code cell the active one, in command mode. */
  abstract select(cell: number): Promise<void>;
  /** Replaces what a code cell holds, by typing. */
  abstract replace(cell: number, source: string): Promise<void>;
  /** What cells have written to stderr, errors among it. */
  abstract get errors(): Locator;
  /** What Shift+Tab shows on the last name of a code cell. */
  abstract documentation(cell: number): Promise<string>;
  /** Presses the button or menu entry that stops the kernel. */
  abstract interrupt(): Promise<void>;
  /** Menu entries: all cells; the active one; the active one and all below. */
  protected abstract press(what: "all" | "one" | "below"): Promise<void>;

  static async openPage(browser: Browser, url: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(url);
    return page;
  }

  /** All prompts, in order. */
  async prompts(): Promise<string[]> {
    const count = await this.codeCells.count();
    return await Promise.all(Array.from({ length: count }, (_, cell) => this.prompt(cell)));
  }

  /** Waits until no cell runs or waits for its turn. */
  async untilDone(timeout = 240_000): Promise<void> {
    const deadline = Date.now() + timeout;
    while ((await this.prompts()).includes("*")) {
      if (Date.now() > deadline) throw new Error(`cells still run after ${timeout / 1000} s`);
      await this.page.waitForTimeout(200);
    }
    await this.untilIdle();
  }

  /** Starts cells and waits until they are done. */
  private async run(what: "all" | "one" | "below"): Promise<void> {
    const before = (await this.prompts()).join();
    await this.press(what);
    for (let tries = 0; (await this.prompts()).join() === before; tries++) {
      if (tries === 100) throw new Error(`run ${what}: nothing runs within 10 s`);
      await this.page.waitForTimeout(100);
    }
    await this.untilDone();
  }

  async runAll(): Promise<void> {
    await this.run("all");
  }

  /** Runs one cell; does not wait with `wait: false`. */
  async runCell(cell: number, { wait = true } = {}): Promise<void> {
    await this.select(cell);
    if (wait) await this.run("one");
    else await this.press("one");
  }

  /** Runs a cell and all that are below. */
  async runFrom(cell: number): Promise<void> {
    await this.select(cell);
    await this.run("below");
  }

  /** Keeps a picture of the page. */
  async screenshot(name: string): Promise<void> {
    await keepScreenshot(this.page, name);
  }

  async close(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
  }
}
