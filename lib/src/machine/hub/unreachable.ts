/** How it stands with another try. */
export interface NextTry {
  /**
   * `soon`: the trouble passes by itself (the hub is busy, a connection broke). `later`: there is no way to it, as without
   * a network. `never`: something on the way answers in its place.
   */
  when: "soon" | "later" | "never";
  /** Milliseconds that the hub asks to wait. */
  delay?: number;
}

/** The hub did not answer, or could not: something that may work later, or without the network from the cache. */
export class HubUnreachable extends Error {
  override name = "HubUnreachable";

  constructor(
    message: string,
    readonly next: NextTry = { when: "soon" },
  ) {
    super(message);
  }
}

/** Finds out whether an error is about a hub that cannot be reached, itself or by its cause. */
export function unreachable(error: unknown): HubUnreachable | undefined {
  if (error instanceof HubUnreachable) return error;
  return error instanceof Error && error.cause ? unreachable(error.cause) : undefined;
}
