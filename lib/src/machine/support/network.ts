import type { Dispatcher } from "undici";
import { messageOf, UserError } from "./errors";
import { type NamedProxy, proxyFor, proxyVariables, shownProxy } from "./proxies";

/**
 * As the global `fetch`, by way of the proxies that the environment names (see {@link proxyFor}), redirects included. Where
 * it names none it is the global `fetch`.
 *
 * @throws UserError if a variable holds no address of a proxy
 */
export const networkFetch: typeof fetch = async (input, init) => {
  if (proxyVariables().length === 0) return fetch(input, init);
  // undici's own fetch: Node's is of another version, and knows other agents.
  const undici = await import("undici");
  dispatcher ??= new undici.Agent().compose((direct) => (options, handler) => {
    const proxy = proxyFor(new URL(String(options.origin)));
    return proxy ? agentFor(proxy, undici).dispatch(options, handler) : direct(options, handler);
  });
  const url = new URL(input instanceof Request ? input.url : input);
  proxyFor(url);
  const headers = Object.fromEntries(new Headers(init?.headers));
  return (await undici.fetch(url, { ...init, headers, dispatcher } as object)) as unknown as Response;
};

let dispatcher: Dispatcher | undefined;

/** Agents by the addresses of their proxies: they keep connections. */
const agents = new Map<string, Dispatcher>();

function agentFor({ address }: NamedProxy, { ProxyAgent }: typeof import("undici")): Dispatcher {
  const known = agents.get(address.href);
  if (known) return known;
  const token = basicLogin(address);
  // Without a tunnel where the address is of HTTP, as everywhere: proxies tend to allow tunnels to port 443 alone.
  const agent = new ProxyAgent({ uri: address.href, token, proxyTunnel: false });
  agents.set(address.href, agent);
  return agent;
}

/** The name and password that an address holds, as the headers for them have it; undefined if it holds none. */
export function basicLogin({ username, password }: URL): string | undefined {
  const login = [username, password].map(decodeURIComponent).join(":");
  return login === ":" ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
}

const NO_ADDRESS = "its address is not known here: no network?";

/** Codes of connections that do not come about. */
const NO_WAY: Record<string, string> = {
  ENOTFOUND: NO_ADDRESS,
  EAI_AGAIN: NO_ADDRESS,
  ECONNREFUSED: "it refuses the connection",
  EHOSTUNREACH: "there is no way to it: no network?",
  ENETUNREACH: "there is no way to it: no network?",
};

/** Codes of connections that broke off. */
const BROKEN = new Set([
  "ECONNRESET",
  "EPIPE",
  "ECONNABORTED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "UND_ERR_SOCKET",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
]);

/** Why there was no answer. */
export interface NetworkReason {
  /** In words without addresses or secrets, but for the proxy on the way. */
  reason: string;
  /** Whether there was a connection, which broke off. */
  isBroken: boolean;
}

/** What stood in the way of an answer of an address. @throws the error itself, if it is meant for people already */
export function networkReason(error: unknown, url: URL): NetworkReason {
  const chain = causesOf(error);
  const told = chain.find((each) => each instanceof UserError);
  if (told) throw told;
  const said = chain.map(messageOf).join("; ");
  const proxy = proxyFor(url);
  const named = proxy ? shownProxy(proxy) : "a proxy on the way";
  // fetch makes no answer of a 407, and an abort of a tunnel that is refused.
  if (/\b407\b|proxy authentication required/i.test(said)) {
    const login = "it wants a name and a password, as in http://NAME:PASSWORD@HOST:PORT";
    return { reason: `${named} answers 407: ${login}`, isBroken: false };
  }
  const refused = /Proxy response \((\d+)\)/.exec(said)?.[1];
  if (refused) return { reason: `${named} answers ${refused}`, isBroken: false };
  if (chain.some(({ name }) => name === "TimeoutError" || name === "AbortError")) {
    return { reason: "it does not answer", isBroken: false };
  }
  const of = chain.map(({ code }) => code).find((code) => typeof code === "string") ?? "";
  if (NO_WAY[of]) {
    return { reason: proxy ? `${shownProxy(proxy)}: ${NO_WAY[of]}` : NO_WAY[of], isBroken: false };
  }
  if (/CERT|ISSUER|SIGNATURE|^ERR_(TLS|SSL)/.test(of)) {
    return {
      reason: `its certificate is not trusted here (${of}): NODE_EXTRA_CA_CERTS names a file with others`,
      isBroken: false,
    };
  }
  return {
    reason: `the connection ${proxy ? `by way of ${shownProxy(proxy)} ` : ""}failed${of && `: ${of}`}`,
    isBroken: BROKEN.has(of),
  };
}

/** An error with all that caused it, from the outside in. */
function causesOf(error: unknown): (Error & { code?: unknown })[] {
  if (!(error instanceof Error)) return [];
  return [error, ...causesOf(error.cause), ...(error instanceof AggregateError ? error.errors.flatMap(causesOf) : [])];
}
