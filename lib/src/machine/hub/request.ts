import { HUB_URL } from "@huggingface/hub";
import { messageOf, UserError } from "../support/errors";
import { networkFetch, networkReason } from "../support/network";
import { type RetryOptions, withRetries } from "../support/retry";
import type { Repository } from "./cache";
import { foreignPage, isWebPage, refusal } from "./refusal";
import { hubAccess } from "./token";
import { HubUnreachable } from "./unreachable";

/** Milliseconds after which a question without an answer is given up. */
const PATIENCE = 30_000;

/** A wait of so many milliseconds is told. */
const LONG_WAIT = 2_000;

/** A way to ask the hub about one repository. */
export interface HubConnection {
  repository: Repository;
  /** Address of the hub, without a slash at the end. */
  endpoint: string;
  /**
   * As the global `fetch`, with the token for the hub itself and nobody else. Answers that are no success become errors.
   *
   * @throws HubUnreachable if there is no answer, the hub is too busy, or another one answers in its place
   * @throws UserError if the hub refuses: the message says what to do
   */
  fetch: typeof fetch;
  /** As `fetch`, for answers in JSON: they have come in full, and where the trouble passes the hub is asked again. */
  ask: typeof fetch;
}

export interface ConnectOptions {
  /** See {@link hubAccess}. */
  token?: string;
  /** See {@link RetryOptions}. */
  pause?: number;
  /** Is told, in a sentence, of a wait that a person would notice. */
  notice?(sentence: string): void;
}

/**
 * Prepares questions to the hub: HF_ENDPOINT, else the public one.
 *
 * @throws UserError if HF_ENDPOINT is no address
 */
export function connect(repository: Repository, options: ConnectOptions = {}): HubConnection {
  const endpoint = hubEndpoint();
  const { origin } = new URL(endpoint);
  const access = hubAccess(new URL(endpoint), options.token);
  const fetchOnce: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    headers.delete("authorization");
    // Files come from other hosts, to which fetch does not pass it on; nor may an answer of the hub send it elsewhere.
    if (access.token && url.origin === origin) headers.set("authorization", `Bearer ${access.token}`);
    let response: Response;
    try {
      response = await networkFetch(url, { signal: AbortSignal.timeout(PATIENCE), ...init, headers });
    } catch (error) {
      throw lostConnection(error, url);
    }
    if (response.ok || response.status === 416) return response;
    throw await refusal(response, { repository, endpoint, access });
  };
  const retries: RetryOptions = {
    pause: options.pause,
    onWait(wait, { message }) {
      const seconds = Math.ceil(wait / 1000);
      if (wait >= LONG_WAIT) options.notice?.(`the hub: ${message}; trying again in ${seconds} s`);
    },
  };
  const ask: typeof fetch = (input, init) =>
    withRetries(
      async () => complete(await fetchOnce(input, init), endpoint),
      (error) => (error instanceof HubUnreachable && error.next.when === "soon" ? error.next : undefined),
      retries,
    );
  return { repository, endpoint, fetch: fetchOnce, ask };
}

/** A failure of the network, as what it means for another try. */
export function lostConnection(error: unknown, url: URL): HubUnreachable {
  const { reason, isBroken } = networkReason(error, url);
  return new HubUnreachable(reason, { when: isBroken ? "soon" : "later" });
}

/** An answer in JSON with all of its text. @throws HubUnreachable if it was cut off, or is something else */
async function complete(response: Response, endpoint: string): Promise<Response> {
  const { status, headers } = response;
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw lostConnection(error, new URL(response.url || endpoint));
  }
  try {
    JSON.parse(text);
  } catch (error) {
    if (isWebPage(response, text)) throw foreignPage(response, endpoint);
    throw new HubUnreachable(`its answer cannot be understood (${messageOf(error)})`);
  }
  return new Response(text, { status, headers });
}

function hubEndpoint(): string {
  const text = (process.env.HF_ENDPOINT || HUB_URL).trim().replace(/\/+$/, "");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new UserError("HF_ENDPOINT is not a plain address of the form https://host");
  }
  return text;
}
