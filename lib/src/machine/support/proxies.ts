import { BlockList, isIP, isIPv4 } from "node:net";
import { UserError } from "./errors";

/** A server that passes requests on. */
export interface NamedProxy {
  /** The environment variable that names it. */
  variable: string;
  /** With the name and password that it wants, if any. */
  address: URL;
}

/** A variable that is set, by its name as it stands in the environment. */
interface Setting {
  variable: string;
  value: string;
}

/** Kinds of proxies: of HTTP, and SOCKS, which resolves names itself. */
const PROTOCOLS = ["http:", "https:", "socks5:"];

/**
 * The proxy for an address by the environment: HTTP_PROXY for http, HTTPS_PROXY for https, ALL_PROXY where there is none
 * of these, none for hosts of NO_PROXY. In small letters a variable goes before the one in capitals, which it
 * switches off if it is empty, as in curl and Python.
 *
 * @throws UserError if what the variable holds is no address of a proxy
 * @see https://everything.curl.dev/usingcurl/proxies/env.html
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv = process.env): NamedProxy | undefined {
  const scheme = url.protocol.slice(0, -1);
  if (!["http", "https"].includes(scheme)) return undefined;
  const settings = [`${scheme}_proxy`, "all_proxy"].map((name) => variableOf(name, environment));
  const named = settings.find((setting) => setting?.value);
  if (!named || isDirect(url, variableOf("no_proxy", environment)?.value ?? "")) return undefined;
  return { variable: named.variable, address: proxyAddress(named.variable, named.value) };
}

/** The variables by which requests go another way than without them. */
export function proxyVariables(environment: NodeJS.ProcessEnv = process.env): Setting[] {
  const set = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]
    .map((name) => variableOf(name, environment))
    .filter((setting) => setting !== undefined)
    .filter(({ value }) => value !== "");
  return set.every(({ variable }) => /^no/i.test(variable)) ? [] : set;
}

/** A proxy's address for messages: without name and password. */
export function shownProxy({ address, variable }: NamedProxy): string {
  return `the proxy ${address.protocol}//${address.host} (${variable})`;
}

function variableOf(name: string, environment: NodeJS.ProcessEnv): Setting | undefined {
  const variable = [name, name.toUpperCase()].find((spelling) => environment[spelling] !== undefined);
  return variable === undefined ? undefined : { variable, value: (environment[variable] ?? "").trim() };
}

/** The address that a variable holds. @throws UserError if it is none of a proxy */
export function proxyAddress(variable: string, value: string): URL {
  // Without a scheme it is HTTP, with or without slashes; socks5h is how curl calls a SOCKS proxy that resolves names.
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value.replace(/^\/\//, "")}`;
  const text = whole.replace(/^socks(5h?)?:/i, "socks5:");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !PROTOCOLS.includes(url.protocol)) {
    throw new UserError(`${variable} is no address of a proxy of the form http://host:port`);
  }
  return url;
}

/** Whether NO_PROXY names a host: `*`, a name with all below it, an address, a range of addresses; with or without a port. */
function isDirect({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  const ownPort = port || (protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).some((text) => {
    if (text === "*") return true;
    const entry = text.replace(/^[a-z]+:\/\//i, "");
    const [, bracketed, plain, wanted] = /^(?:\[(.+)\]|([^:]*)|(?:.*:.*:.*))(?::(\d+))?$/.exec(entry) ?? [];
    if (wanted !== undefined && wanted !== ownPort) return false;
    const name = (bracketed ?? plain ?? entry).toLowerCase();
    if (isIP(host)) return isAmong(host, name);
    const domain = name.replace(/^\*?\./, "").replace(/\.$/, "");
    return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
  });
}

/** Whether an address is another one, or in its range ("10.0.0.0/8"). */
function isAmong(address: string, range: string): boolean {
  const [base, bits] = range.split("/");
  const family = isIPv4(base) ? "ipv4" : "ipv6";
  const widest = family === "ipv4" ? 32 : 128;
  const width = Number(bits ?? widest);
  if (!isIP(base) || !(Number.isInteger(width) && width >= 0 && width <= widest)) return false;
  const block = new BlockList();
  block.addSubnet(base, width, family);
  return block.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}
