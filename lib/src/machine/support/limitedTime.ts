import { createContext, Script } from "node:vm";

const context: { work?: () => void } = createContext({});
const script = new Script("work()");

/**
 * Runs a function that may not end by itself, such as a regular expression that somebody else wrote.
 *
 * @param milliseconds after which it is stopped, wherever it is; what it has changed by then stays as it is
 * @returns what it returns
 * @throws what it throws, or an Error of code ERR_SCRIPT_EXECUTION_TIMEOUT
 */
export function withinTime<Result>(milliseconds: number, work: () => Result): Result {
  let result: Result;
  context.work = () => {
    result = work();
  };
  try {
    script.runInContext(context, { timeout: milliseconds });
    return result!;
  } finally {
    context.work = undefined;
  }
}

/** Whether an error says that time was up. */
export function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
