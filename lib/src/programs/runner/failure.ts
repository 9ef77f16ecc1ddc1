/** Why a cell failed, for people. */
export interface CellFailure {
  kind: "type error" | "runtime error" | "unhandled rejection" | "time-out" | "kernel ended";
  /** What went wrong, without a stack trace. */
  message: string;
  /** All that the kernel said about it, with its stack trace. */
  detail: string;
}

// tslab prints a diagnostic as "line:column - message", with a file name before it if it is about an imported file.
export const DIAGNOSTIC = /^(?:\S.* )?(\d+):\d+ - /;
// ... and these two when a promise that nobody waits for fails; the cell itself is then reported as done.
const ASYNCHRONOUS = /^(?:UnhandledPromiseRejection|UncaughtException): ?/;

/**
 * Reads the failure out of what a failed cell wrote to stderr: tslab sends no Jupyter `error` message. Type errors are one
 * write each and the cell did not run; a runtime error is the last write, stack trace included.
 */
export function failureFromStderr(writes: string[]): CellFailure {
  const detail = writes.join("").trimEnd();
  const diagnostics = writes.filter((write) => DIAGNOSTIC.test(write));
  if (diagnostics.length > 0 && diagnostics.length === writes.length) {
    // A diagnostic and its explanations ("is not assignable because ...") share their position: the first says what.
    const byPosition = new Map<string, string>();
    for (const line of diagnostics.toReversed()) byPosition.set(line.split(" - ", 1)[0], line.trim());
    return { kind: "type error", message: [...byPosition.values()].reverse().join("; "), detail };
  }
  const last = writes.at(-1) ?? "the kernel reported an error without saying which";
  return { kind: "runtime error", message: messageOfInspected(last), detail: last.trimEnd() };
}

/** The failure of a promise that the cell left behind, if there is one. */
export function asynchronousFailure(writes: string[]): CellFailure | undefined {
  const found = writes.find((write) => ASYNCHRONOUS.test(write));
  if (found === undefined) return undefined;
  const message = `${messageOfInspected(found.replace(ASYNCHRONOUS, ""))} (in a promise that the cell did not await)`;
  return { kind: "unhandled rejection", message, detail: found.trimEnd() };
}

// What Node puts before the stack of an error that was not caught: file and line, the source line, carets.
const SOURCE_EXCERPT = /^[^\n]*:\d+\n(?:[^\n]*\n){0,3}?\s*\^+\s*\n/;

/** The message of an error that was printed with its stack trace, without the class name if that says nothing. */
function messageOfInspected(text: string): string {
  const [beforeStack] = text
    .replace(SOURCE_EXCERPT, "")
    .trim()
    .split(/\n\s+at /, 1);
  return beforeStack.trim().replace(/^(?:User)?Error: /, "");
}
