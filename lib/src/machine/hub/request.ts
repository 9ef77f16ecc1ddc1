import { HUB_URL } from "@huggingface/hub";
import { UserError } from "../support/errors";
import type { Repository } from "./cache";
import { accessToken, checkedToken } from "./token";

/** Milliseconds after which a question without an answer is given up. */
const PATIENCE = 30_000;

/** The hub did not answer, or could not: something that may work later, or without the network from the cache. */
export class HubUnreachable extends Error {
  override name = "HubUnreachable";
}

/** A way to ask the hub about one repository. */
export interface HubConnection {
  repository: Repository;
  /** Address of the hub, without a slash at the end. */
  endpoint: string;
  /**
   * As the global `fetch`, with the token for the hub itself and nobody else. Answers that are no success become errors.
   *
   * @throws HubUnreachable if there is no answer, or the hub is too busy
   * @throws UserError if the hub refuses: the message says what to do
   */
  fetch: typeof fetch;
}

/**
 * Prepares questions to the hub: HF_ENDPOINT, else the public one.
 *
 * @param token see {@link accessToken}
 * @throws UserError if HF_ENDPOINT is no address
 */
export function connect(repository: Repository, token?: string): HubConnection {
  const endpoint = hubEndpoint();
  const secret = token === undefined ? accessToken() : checkedToken(token);
  const ask: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    headers.delete("authorization");
    // Files come from other hosts, to which fetch does not pass it on; nor may an answer of the hub send it elsewhere.
    if (secret && url.origin === new URL(endpoint).origin) headers.set("authorization", `Bearer ${secret}`);
    let response: Response;
    try {
      response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), ...init, headers });
    } catch (error) {
      throw new HubUnreachable(networkReason(error));
    }
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw refusal(response, repository, endpoint, secret);
  };
  return { repository, endpoint, fetch: ask };
}

function hubEndpoint(): string {
  const text = (process.env.HF_ENDPOINT || HUB_URL).replace(/\/+$/, "");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new UserError("HF_ENDPOINT is not a plain address of the form https://host");
  }
  return text;
}

const NO_ADDRESS = "its address is not known here: no network?";

/** What stood in the way of an answer, in words without addresses or secrets. */
export function networkReason(error: unknown): string {
  const { name, cause, code } = error as { name?: string; cause?: { code?: string }; code?: string };
  if (name === "TimeoutError" || name === "AbortError") return "it does not answer";
  const reason = cause?.code ?? code;
  const known = { ENOTFOUND: NO_ADDRESS, EAI_AGAIN: NO_ADDRESS, ECONNREFUSED: "it refuses the connection" }[
    reason ?? ""
  ];
  return known ?? (reason ? `the connection failed: ${reason}` : "the connection failed");
}

/** Turns an answer that is no success into an error that says what to do. */
function refusal(response: Response, repository: Repository, endpoint: string, secret?: string): Error {
  const { status, headers } = response;
  const { type, name } = repository;
  const kind = type === "model" ? "model" : "data set";
  const page = `${endpoint}/${type === "model" ? "" : "datasets/"}${name}`;
  const code = headers.get("x-error-code") ?? "";
  const detail = shown(headers.get("x-error-message"), secret);
  if (status === 429 || status >= 500) return new HubUnreachable(`it answers ${status}`);
  if (code === "GatedRepo" || status === 403) {
    const why = secret
      ? `your token gives no access to it (${status}${detail})`
      : `it is only for people with access (${status})`;
    const token = secret
      ? "a fine-grained token also needs the permission to read gated repositories"
      : "then make an access token in your account's settings and put it into HF_TOKEN, or run: hf auth login";
    return new UserError(`${name}: ${why}; ask for access on ${page}; ${token}`);
  }
  if (code === "RevisionNotFound")
    return new UserError(`${name}: the ${kind} has no such branch, tag or commit on the hub (${status})`);
  if (code === "EntryNotFound")
    return new UserError(`${name}: a file is missing on the hub (${status}); look at ${page}`);
  if (status === 401 && secret && code !== "RepoNotFound") {
    return new UserError(
      `${name}: the hub does not accept your token (401${detail}): make a new one, or unset HF_TOKEN for public ones`,
    );
  }
  if (status === 401 || status === 404) {
    const hidden = secret
      ? "if it is private, your token needs access to it"
      : "if it is private, put an access token into HF_TOKEN";
    return new UserError(`${name}: the hub shows no such ${kind} (${status}): check the spelling; ${hidden}`);
  }
  return new UserError(`${name}: the hub answers ${status}${detail}`);
}

/** The hub's own words, made fit for one line. */
function shown(message: string | null, secret?: string): string {
  if (!message) return "";
  const plain = message.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200);
  return `: ${secret ? plain.replaceAll(secret, "***") : plain}`;
}
