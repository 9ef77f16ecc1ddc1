/** The line under the cursor that says what is being done, and for how long; in a terminal only. */
export class ProgressLine {
  private readonly doing = new Map<string, { what: string; start: number }>();
  private readonly timer: NodeJS.Timeout | undefined;

  constructor() {
    if (process.stdout.isTTY) this.timer = setInterval(() => this.draw(), 1000);
  }

  /** Says of something what is being done about it; its time begins when it is first named. */
  show(name: string, what: string): void {
    this.doing.set(name, { what, start: this.doing.get(name)?.start ?? performance.now() });
    this.draw();
  }

  /** Nothing is done about it any more. */
  remove(name: string): void {
    this.doing.delete(name);
    this.draw();
  }

  /** Prints a line that stays. */
  print(line: string): void {
    this.clear();
    console.log(line);
    this.draw();
  }

  end(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private draw(): void {
    if (!this.timer) return;
    const parts = [...this.doing].map(([name, { what, start }]) => {
      return `${name}  ${what}  ${Math.floor((performance.now() - start) / 1000)} s`;
    });
    // A line that is broken could not be cleared.
    process.stdout.write(`\r\x1b[2K${parts.join("; ").slice(0, (process.stdout.columns || 80) - 1)}`);
  }

  private clear(): void {
    if (this.timer) process.stdout.write("\r\x1b[2K");
  }
}
