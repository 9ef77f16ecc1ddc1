import { messageOf, UserError } from "../support/errors";
import { basicLogin, networkFetch, networkReason } from "../support/network";
import { proxyFor } from "../support/proxies";
import { type Passing, requestedDelay } from "../support/retry";

/** The server answers that it cannot now: it may be able to later. */
class BusyServer extends UserError {
  constructor(
    message: string,
    readonly delay?: number,
  ) {
    super(message);
  }
}

/**
 * As the global `fetch`, with the name and password that an address holds sent as pip sends them, to that server alone.
 *
 * @throws UserError if the server answers with no success, but for ranges that it does not have (416)
 */
export async function fetchFromIndex(address: string, init: RequestInit = {}): Promise<Response> {
  const url = new URL(address);
  const headers = new Headers(init.headers);
  const login = basicLogin(url);
  if (login) headers.set("authorization", login);
  url.username = url.password = "";
  const response = await networkFetch(url, { ...init, headers });
  const { ok, status, statusText } = response;
  if (ok || status === 416) return response;
  await response.body?.cancel();
  const message = `${shownAddress(address)} answers ${status} ${statusText}`.trim();
  throw status === 429 || status >= 500
    ? new BusyServer(message, requestedDelay(response.headers))
    : new UserError(message);
}

/** An address for messages: what follows a question mark may be a signature, which opens the file to everybody. */
export function shownAddress(address: string): string {
  const url = new URL(address);
  url.username = url.password = url.search = url.hash = "";
  return url.href;
}

/** The reason behind fetch's "fetch failed". */
export function failureOf(error: unknown, address: string): string {
  if (proxyFor(new URL(address))) return networkReason(error, new URL(address)).reason;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause ? messageOf(cause) || String((cause as NodeJS.ErrnoException).code) : messageOf(error);
}

/** See `withRetries`: a server that is busy, a connection that broke off. */
export function passingFailure(error: unknown, address: string): Passing | undefined {
  if (error instanceof BusyServer) return error;
  if (error instanceof UserError) return undefined;
  return networkReason(error, new URL(address)).isBroken ? {} : undefined;
}
