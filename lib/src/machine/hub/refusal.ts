import { UserError } from "../support/errors";
import { LONGEST_WAIT, requestedDelay } from "../support/retry";
import type { Repository } from "./cache";
import type { Access } from "./token";
import { HubUnreachable } from "./unreachable";

/** What is asked of whom. */
export interface Question {
  repository: Repository;
  endpoint: string;
  access: Access;
}

/** Of the text of an answer that is no success, so many characters are looked at. */
const READ_TEXT = 10_000;

/** Turns an answer that is no success into an error that says what to do. */
export async function refusal(response: Response, question: Question): Promise<Error> {
  const text = await startOf(response);
  const { status, headers } = response;
  const who = sender(response, question.endpoint);
  if (status === 429 || status >= 500) {
    const delay = requestedDelay(headers);
    const isLong = delay !== undefined && delay > LONGEST_WAIT;
    const asks = isLong ? ` and asks to wait ${Math.ceil(delay / 60_000)} minutes` : "";
    // 511: a network that wants a person to log in first.
    const when = status === 511 ? "never" : isLong ? "later" : "soon";
    return new HubUnreachable(`${who} answers ${status}${asks}`, { when, delay });
  }
  if (!isOfHub(response, text)) {
    return new HubUnreachable(`${who} answers ${status}, not as the hub does: a firewall or a login page?`, {
      when: "never",
    });
  }
  return ownRefusal(response, question);
}

/** A page for people where something for programs was asked for: of a firewall, or of a network that wants a login. */
export function foreignPage(response: Response, endpoint: string): HubUnreachable {
  const who = sender(response, endpoint);
  return new HubUnreachable(`${who} answers with a web page: a firewall or a login page?`, { when: "never" });
}

/** Whether a text is meant for a browser. */
export function isWebPage({ headers }: Response, text: string = ""): boolean {
  return /\b(x?html)\b/i.test(headers.get("content-type") ?? "") || /^\s*<(!doctype|html|head|body)/i.test(text);
}

function sender({ url }: Response, endpoint: string): string {
  const host = URL.canParse(url) ? new URL(url).host : "";
  return host === "" || host === new URL(endpoint).host ? "it" : host;
}

/** The hub's refusals have headers of its own or are JSON; files that are not found may be told in plain words. */
function isOfHub(response: Response, text: string): boolean {
  const { headers, status } = response;
  if (headers.has("x-error-code") || headers.has("x-error-message")) return true;
  if (isWebPage(response, text)) return false;
  return status === 404 || status === 400 || /\bjson\b/i.test(headers.get("content-type") ?? "");
}

async function startOf(response: Response): Promise<string> {
  let text = "";
  try {
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (text.length > READ_TEXT) break;
    }
  } catch {
    // What came is enough.
  }
  return text;
}

function ownRefusal({ status, headers }: Response, { repository, endpoint, access }: Question): UserError {
  const { type, name } = repository;
  const { token, withheld } = access;
  const kind = type === "model" ? "model" : "data set";
  const page = `${endpoint}/${type === "model" ? "" : "datasets/"}${name}`;
  const code = headers.get("x-error-code") ?? "";
  const detail = shown(headers.get("x-error-message"), token);
  if (code === "GatedRepo" || status === 403) {
    const why = token
      ? `your token gives no access to it (${status}${detail})`
      : `it is only for people with access (${status})`;
    const remedy = token
      ? "a fine-grained token also needs the permission to read gated repositories"
      : withheld
        ? `no token was sent: ${withheld}`
        : "then make an access token in your account's settings and put it into HF_TOKEN, or run: hf auth login";
    return new UserError(`${name}: ${why}; ask for access on ${page}; ${remedy}`);
  }
  if (code === "RevisionNotFound")
    return new UserError(`${name}: the ${kind} has no such branch, tag or commit on the hub (${status})`);
  if (code === "EntryNotFound")
    return new UserError(`${name}: a file is missing on the hub (${status}); look at ${page}`);
  if (status === 401 && token && code !== "RepoNotFound") {
    return new UserError(
      `${name}: the hub does not accept your token (401${detail}): make a new one, or unset HF_TOKEN for public ones`,
    );
  }
  if (status === 401 || status === 404) {
    const hidden = token
      ? "your token needs access to it"
      : withheld
        ? `no token was sent: ${withheld}`
        : "put an access token into HF_TOKEN";
    return new UserError(
      `${name}: the hub shows no such ${kind} (${status}): check the spelling; if it is private, ${hidden}`,
    );
  }
  return new UserError(`${name}: the hub answers ${status}${detail}`);
}

/** The hub's own words, made fit for one line. */
function shown(message: string | null, secret?: string): string {
  if (!message) return "";
  const plain = secret ? message.replaceAll(secret, "***") : message;
  return `: ${plain.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200)}`;
}
