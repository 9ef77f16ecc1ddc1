import { UserError } from "./errors";

/** A person has stopped the work: nothing else is tried in its place. */
export class Stopped extends UserError {}

/** Something that is told how far a long computation has come: a bar in a notebook, a line in a terminal, nothing in a test. */
export interface ProgressReporter {
  /**
   * @param done units of work that are finished, 0..total
   * @param total units of work there are
   * @param note what is being worked on, in a few words
   * @throws Stopped if the work is to end here, because a person has stopped it
   */
  update(done: number, total: number, note?: string): void;
  /** The work has ended, well or not; says so in `note`. Further calls do nothing. */
  finish(note?: string): void;
}

/** A reporter that shows nothing. */
export const silentProgress: ProgressReporter = {
  update(): void {},
  finish(): void {},
};
