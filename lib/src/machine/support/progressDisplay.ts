import { randomBytes } from "node:crypto";
import { inNotebook, sendToNotebook } from "./notebookOutput";
import { type ProgressReporter, Stopped } from "./progress";
import { escapeHtmlText } from "./xml";

/** Where progress is shown. */
export interface ProgressTarget {
  kind: "notebook" | "terminal" | "lines";
  /** Takes what is shown: HTML and text in a notebook, text elsewhere. */
  show(text: string, html: string): void;
}

/** How often progress is shown, in milliseconds: a bar moves, a line in a log stays. */
const INTERVALS: Record<ProgressTarget["kind"], number> = { notebook: 200, terminal: 200, lines: 10_000 };

/**
 * A progress bar in a notebook, on one line of a terminal, or as a line now and then in a log; on stderr outside notebooks.
 * In a notebook the stop button ends the work that reports here, by an error from `update`: the kernel by itself would only
 * stop waiting for it.
 *
 * @example
 * const bar = progressBar("prompts");
 * bar.update(1, 2);
 * bar.finish();
 */
export function progressBar(label: string): ProgressReporter {
  return new ProgressDisplay(label);
}

/** See {@link progressBar}. Nothing is shown before the first update. */
export class ProgressDisplay implements ProgressReporter {
  private readonly target: ProgressTarget;
  private started: number | undefined;
  private shown = Number.NEGATIVE_INFINITY;
  private ended = false;
  private done = 0;
  private total = 0;
  /** Units that were done at the first update (stored ones, as a rule) say nothing on speed. */
  private given = 0;
  /** How often the stop button had been pressed when the work began. */
  private readonly interruptionsBefore: number;

  /**
   * @param label what the work is, in a few words
   * @param target where it is shown; found out if left out
   * @param now the time in milliseconds
   * @param interruptions how often the stop button has been pressed
   */
  constructor(
    private readonly label: string,
    target?: ProgressTarget,
    private readonly now: () => number = Date.now,
    private readonly interruptions: () => number = interruptionsOfNotebook,
  ) {
    this.target = target ?? usualTarget();
    this.interruptionsBefore = interruptions();
  }

  /** @throws Stopped if the stop button has been pressed since the work began */
  update(done: number, total: number, note = ""): void {
    if (this.interruptions() > this.interruptionsBefore) {
      this.finish("stopped");
      throw new Stopped(`${this.label}: stopped; what is stored is kept`);
    }
    if (this.ended) return;
    const time = this.now();
    if (this.started === undefined) {
      this.started = time;
      this.given = done;
    }
    this.done = done;
    this.total = total;
    if (time - this.shown < INTERVALS[this.target.kind]) return;
    this.shown = time;
    this.show(this.timing(time), note);
  }

  finish(note = ""): void {
    if (this.ended) return;
    this.ended = true;
    const elapsed = this.started === undefined ? 0 : this.now() - this.started;
    this.show(`${duration(elapsed)}`, note, true);
  }

  /** Elapsed time, time left, and speed. */
  private timing(time: number): string {
    const elapsed = time - this.started!;
    const counted = this.done - this.given;
    if (counted <= 0 || elapsed <= 0) return duration(elapsed);
    const rate = (counted / elapsed) * 1000;
    const speed = rate >= 1 ? `${rate.toFixed(1)}/s` : `${(1 / rate).toFixed(1)} s each`;
    return `${duration(elapsed)}, ${duration(((this.total - this.done) / rate) * 1000)} left, ${speed}`;
  }

  private show(timing: string, note: string, last = false): void {
    const fraction = this.total > 0 ? Math.min(this.done / this.total, 1) : 0;
    const count = this.total > 0 ? `${this.done}/${this.total}` : "";
    const parts = [count, `${Math.floor(fraction * 100)} %`, timing, note].filter((part) => part !== "");
    const facts = (this.total > 0 ? parts : [timing, note].filter((part) => part !== "")).join(" · ");
    const bar = "█".repeat(Math.floor(fraction * 20)).padEnd(20, "░");
    const line = this.target.kind === "terminal" ? `${this.label} ${bar} ${facts}` : `${this.label}: ${facts}`;
    const end = last || this.target.kind === "lines" ? "\n" : "";
    const html = [
      `<div>${escapeHtmlText(this.label)} <progress max="1" value="${fraction.toFixed(3)}" style="vertical-align: middle"></progress>`,
      ` <small>${escapeHtmlText(facts)}</small></div>`,
    ].join("");
    this.target.show(this.target.kind === "notebook" ? line : `${line}${end}`, html);
  }
}

let interruptionCount: number | undefined;

/** Counted only in a notebook: elsewhere the signal ends the program, as long as nobody listens. */
function interruptionsOfNotebook(): number {
  if (interruptionCount === undefined && inNotebook()) {
    interruptionCount = 0;
    // Not while the cell itself runs: Node has a handler of its own for the signal then, and in place of one that is added
    // meanwhile it would leave none, so that the next signal ends the kernel.
    setImmediate(() =>
      process.on("SIGINT", () => {
        interruptionCount!++;
      }),
    );
  }
  return interruptionCount ?? 0;
}

function usualTarget(): ProgressTarget {
  if (inNotebook()) {
    const id = `progress-${randomBytes(8).toString("hex")}`;
    let update = false;
    return {
      kind: "notebook",
      show(text, html): void {
        sendToNotebook({ "text/html": html, "text/plain": text }, id, update);
        update = true;
      },
    };
  }
  if (process.stderr.isTTY) {
    return {
      kind: "terminal",
      show(text): void {
        // Back to the start, the line cut to the terminal's width (a longer one would not be overwritten), the rest erased.
        const end = text.endsWith("\n") ? "\n" : "";
        const line = text.slice(0, text.length - end.length).slice(0, Math.max((process.stderr.columns ?? 80) - 1, 20));
        process.stderr.write(`\r${line}\x1b[K${end}`);
      },
    };
  }
  return {
    kind: "lines",
    show(text): void {
      process.stderr.write(text);
    },
  };
}

function duration(milliseconds: number): string {
  const seconds = Math.max(milliseconds, 0) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}
