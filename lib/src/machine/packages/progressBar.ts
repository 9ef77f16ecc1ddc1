const WIDTH = 24;
/** What is smaller is there at once, and needs no bar. */
const SMALLEST = 1e6;

/** A progress bar on stderr that redraws one line; where stderr is no terminal, a line at every tenth. */
export class ProgressBar {
  private done = 0;
  private shown = -1;
  private lastDraw = 0;
  private readonly started = Date.now();
  private readonly already: number;

  /**
   * @param label what is going on: "unpacking"
   * @param total bytes in all; 0 if not known
   * @param already bytes that were there before, of an interrupted download
   */
  constructor(
    private readonly label: string,
    private readonly total: number,
    already: number = 0,
    private readonly stream: { isTTY?: boolean; write(text: string): unknown } = process.stderr,
  ) {
    this.already = already;
    this.done = already;
  }

  add(bytes: number): void {
    this.done += bytes;
    if (this.total > 0 && this.total < SMALLEST) return;
    const percent = this.total > 0 ? Math.min(100, Math.floor((100 * this.done) / this.total)) : 0;
    if (this.stream.isTTY) {
      if (Date.now() - this.lastDraw < 100) return;
      this.lastDraw = Date.now();
      this.stream.write(`\r${this.line(percent)}`);
    } else if (Math.floor(percent / 10) > this.shown) {
      this.shown = Math.floor(percent / 10);
      this.stream.write(`${this.line(percent)}\n`);
    }
  }

  end(): void {
    if (this.stream.isTTY && this.lastDraw > 0) this.stream.write(`\r${this.line(100)}\n`);
  }

  private line(percent: number): string {
    const filled = Math.round((WIDTH * percent) / 100);
    const bar =
      this.total > 0 ? `[${"#".repeat(filled)}${".".repeat(WIDTH - filled)}] ${String(percent).padStart(3)} %` : "";
    const seconds = (Date.now() - this.started) / 1000;
    const rate = seconds > 0.5 ? `, ${formatBytes((this.done - this.already) / seconds)}/s` : "";
    const of = this.total > 0 ? ` of ${formatBytes(this.total)}` : "";
    return `${this.label} ${bar} ${formatBytes(this.done)}${of}${rate}  `;
  }
}

/** A size for people, in decimal units as disks are sold: "274 MB". */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}
