import { setTimeout as sleep } from "node:timers/promises";

/** The most milliseconds that are waited because a server asks for it: the window in which the hub counts questions. */
export const LONGEST_WAIT = 300_000;

/** Tries in all, of something that fails for reasons that pass. */
const TRIES = 5;

export interface RetryOptions {
  /** Milliseconds before the second try, without a word of the server; each further one waits twice as long. */
  pause?: number;
  /** Is told of each wait, in milliseconds, and why. */
  onWait?(wait: number, error: Error): void;
}

/** A failure that may pass by itself, within a short time. */
export interface Passing {
  /** Milliseconds that the server asks to wait; undefined where it says nothing. */
  delay?: number;
}

/**
 * Does something again where it fails for a reason that passes, a few times.
 *
 * @param passing what is known of a failure that may pass; undefined for one that does not, which is thrown
 * @throws what the last try threw, or at once if the server asks for more than {@link LONGEST_WAIT}
 */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  passing: (error: unknown) => Passing | undefined,
  { pause = 500, onWait = () => {} }: RetryOptions = {},
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const failure = passing(error);
      const wait = failure?.delay ?? pause * 2 ** (tries - 1);
      if (!failure || tries === TRIES || wait > LONGEST_WAIT) throw error;
      onWait(wait, error as Error);
      await sleep(wait);
    }
  }
}

/**
 * How long an answer asks to wait, in milliseconds: `Retry-After` in seconds or as a date (by the server's own clock, where
 * it shows it), else the `RateLimit` of which nothing remains. Undefined where it says nothing that can be understood.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function requestedDelay(headers: Headers, now: number = Date.now()): number | undefined {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // Date.parse makes something of nearly everything; a date of HTTP has letters.
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(date)) {
    const shown = Date.parse(headers.get("date") ?? "");
    return Math.max(0, date - (Number.isNaN(shown) ? now : shown));
  }
  const reset = /;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  return reset === undefined ? undefined : Number(reset) * 1000;
}
