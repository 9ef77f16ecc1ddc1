import { createServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type RecordingServer, recordingProxy, recordingServer } from "../../../../tests/support/recordingServers";
import { networkFetch, networkReason } from "./network";
import { proxyFor, proxyVariables, shownProxy } from "./proxies";

const NAMES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()]);

beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());

describe("the proxy of an address", () => {
  const chosen = (address: string, environment: Record<string, string>) =>
    proxyFor(new URL(address), environment)?.address.href;

  test.each<[string, string, Record<string, string>, string | undefined]>([
    ["none", "http://hub.org", {}, undefined],
    ["HTTP_PROXY", "http://hub.org", { HTTP_PROXY: "http://p:1" }, "http://p:1/"],
    ["HTTP_PROXY is not for https", "https://hub.org", { HTTP_PROXY: "http://p:1" }, undefined],
    ["HTTPS_PROXY", "https://hub.org", { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }, "http://p:1/"],
    ["HTTPS_PROXY is not for http", "http://hub.org", { HTTPS_PROXY: "http://p:1" }, undefined],
    ["ALL_PROXY", "https://hub.org", { ALL_PROXY: "http://p:1" }, "http://p:1/"],
    [
      "all_proxy behind the special one",
      "http://hub.org",
      { all_proxy: "http://p:1", HTTP_PROXY: "http://q:1" },
      "http://q:1/",
    ],
    ["small letters first", "http://hub.org", { HTTP_PROXY: "http://p:1", http_proxy: "http://q:1" }, "http://q:1/"],
    ["switched off in small letters", "http://hub.org", { HTTP_PROXY: "http://p:1", http_proxy: "" }, undefined],
    ["without a scheme", "http://hub.org", { http_proxy: "p.corp:3128" }, "http://p.corp:3128/"],
    ["with slashes alone", "http://hub.org", { http_proxy: "//p:3128" }, "http://p:3128/"],
    ["with spaces around", "http://hub.org", { http_proxy: " http://p:1\n" }, "http://p:1/"],
    ["by https", "https://hub.org", { https_proxy: "https://p:1" }, "https://p:1/"],
    ["SOCKS", "https://hub.org", { all_proxy: "socks5h://p:1080" }, "socks5://p:1080"],
    ["files need none", "file:///a", { all_proxy: "http://p:1" }, undefined],
  ])("%s", (_title, address, environment, proxy) => expect(chosen(address, environment)).toBe(proxy));

  test.each<[string, string, boolean]>([
    ["hub.org", "http://hub.org", true],
    ["HUB.org", "http://hub.ORG", true],
    ["hub.org", "http://files.hub.org", true],
    [".hub.org", "http://files.hub.org", true],
    ["*.hub.org", "http://files.hub.org", true],
    ["hub.org.", "http://hub.org", true],
    ["hub.org", "http://github.org", false],
    ["ub.org", "http://hub.org", false],
    ["a, hub.org b", "http://hub.org", true],
    ["a hub.org", "http://hub.org", true],
    ["*", "https://anything", true],
    ["hub.org:8080", "http://hub.org:8080", true],
    ["hub.org:8080", "http://hub.org", false],
    ["hub.org:443", "https://hub.org", true],
    ["hub.org:443", "http://hub.org", false],
    ["https://hub.org", "https://hub.org", true],
    ["10.0.0.0/8", "http://10.1.2.3", true],
    ["10.0.0.0/8", "http://11.1.2.3", false],
    ["10.0.0.0/33", "http://10.1.2.3", false],
    ["10.1.2.3", "http://10.1.2.3:99", true],
    ["127.0.0.1,localhost,::1", "http://[::1]:80", true],
    ["[::1]:81", "http://[::1]:81", true],
    ["[::1]:81", "http://[::1]", false],
    ["fd00::/8", "http://[fd12::1]", true],
    ["fd00::/8", "http://[fe12::1]", false],
    ["1.2.3.4", "http://11.2.3.4", false],
    [",", "http://hub.org", false],
  ])("NO_PROXY=%s: %s", (list, address, isDirect) => {
    const environment = { all_proxy: "http://p:1", NO_PROXY: list };
    expect(chosen(address, environment)).toBe(isDirect ? undefined : "http://p:1/");
    expect(chosen(address, { ...environment, no_proxy: "other" })).toBe("http://p:1/");
  });

  test.each(["http://", "ftp://p:1", "http://p:99999", "socks4://p:1", "p p"])("%s is none", (value) => {
    const environment = { HTTPS_PROXY: value };
    expect(() => proxyFor(new URL("https://hub.org"), environment)).toThrow(/^HTTPS_PROXY is no address of a proxy/);
    expect(proxyFor(new URL("http://hub.org"), environment)).toBeUndefined();
  });

  test("messages have no name and password", () => {
    const proxy = proxyFor(new URL("http://hub.org"), { http_proxy: "http://me:secret@p:1" });
    expect(proxy && shownProxy(proxy)).toBe("the proxy http://p:1 (http_proxy)");
  });

  test("variables that do something", () => {
    expect(proxyVariables({ NO_PROXY: "a" })).toEqual([]);
    expect(proxyVariables({ HTTP_PROXY: "" })).toEqual([]);
    const set = proxyVariables({ NO_PROXY: "a", ALL_PROXY: "http://p:1" });
    expect(set.map(({ variable }) => variable)).toEqual(["ALL_PROXY", "NO_PROXY"]);
  });
});

describe("requests", () => {
  let server: RecordingServer;
  let proxy: RecordingServer;
  const hosts: Record<string, string> = {};

  beforeAll(async () => {
    server = await recordingServer(({ url }, response) => {
      if (url === "/away") response.writeHead(302, { location: "http://other.invalid/there" }).end();
      else response.end(`${url} is here`);
    });
    for (const host of ["hub.invalid", "other.invalid"]) hosts[host] = server.address.slice("http://".length);
    proxy = await recordingProxy(hosts);
  });
  afterAll(async () => {
    await server.stop();
    await proxy.stop();
  });
  afterEach(() => {
    server.requests.length = 0;
    proxy.requests.length = 0;
  });

  test("go by way of the proxy, which knows the host; redirects too, without the token", async () => {
    vi.stubEnv("HTTP_PROXY", proxy.address);
    const headers = { authorization: "Bearer x", "x-mine": "yes" };
    const answer = await networkFetch("http://hub.invalid/away", { headers });
    expect(await answer.text()).toBe("/there is here");
    expect(proxy.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      "GET http://hub.invalid/away",
      "GET http://other.invalid/there",
    ]);
    expect(server.requests.map(({ headers }) => [headers.authorization, headers["x-mine"]])).toEqual([
      ["Bearer x", "yes"],
      [undefined, "yes"],
    ]);
  });

  test("name and password are for the proxy alone", async () => {
    vi.stubEnv("http_proxy", proxy.address.replace("//", "//me:s%40cret@"));
    await (await networkFetch("http://hub.invalid/")).text();
    const login = `Basic ${Buffer.from("me:s@cret").toString("base64")}`;
    expect(proxy.requests[0].headers["proxy-authorization"]).toBe(login);
    expect(server.requests[0].headers.authorization).toBeUndefined();
  });

  test("those to hosts of NO_PROXY go directly", async () => {
    vi.stubEnv("HTTP_PROXY", proxy.address);
    vi.stubEnv("NO_PROXY", "127.0.0.1");
    expect(await (await networkFetch(server.address)).text()).toBe("/ is here");
    expect(proxy.requests).toEqual([]);
  });

  test("those by https in a tunnel", async () => {
    const secure = createServer({}).listen(0, "127.0.0.1");
    await new Promise((resolve) => secure.once("listening", resolve));
    const { port } = secure.address() as AddressInfo;
    vi.stubEnv("ALL_PROXY", proxy.address);
    // A server without a certificate: what counts is that it was asked for through the tunnel.
    await expect(networkFetch(`https://127.0.0.1:${port}/`)).rejects.toThrow();
    expect(proxy.requests.map(({ method, target }) => [method, target])).toEqual([["CONNECT", `127.0.0.1:${port}`]]);
    await new Promise((resolve) => secure.close(resolve));
  });

  const reasonOf = async (address: string) => {
    const error = await networkFetch(address).then(
      () => expect.unreachable("must fail"),
      (error: unknown) => error,
    );
    return networkReason(error, new URL(address)).reason;
  };

  test("a proxy that is not there is named", async () => {
    const gone = createTcpServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => gone.once("listening", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    vi.stubEnv("ALL_PROXY", `http://me:secret@127.0.0.1:${port}`);
    for (const scheme of ["http", "https"]) {
      expect(await reasonOf(`${scheme}://hub.invalid/`)).toBe(
        `the proxy http://127.0.0.1:${port} (ALL_PROXY): it refuses the connection`,
      );
    }
  });

  test("a proxy that wants a name and a password says so", async () => {
    const strict = await recordingServer((_request, response) => void response.writeHead(407).end());
    vi.stubEnv("HTTP_PROXY", strict.address);
    expect(await reasonOf("http://hub.invalid/")).toMatch(
      /^the proxy http:.* \(HTTP_PROXY\) answers 407: it wants a name/,
    );
    await strict.stop();
  });

  test("a proxy that refuses a tunnel is named", async () => {
    for (const status of [403, 407, 502]) {
      const strict = createTcpServer((socket) => {
        socket.once("data", () => socket.end(`HTTP/1.1 ${status} no\r\n\r\n`));
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => strict.once("listening", resolve));
      const { port } = strict.address() as AddressInfo;
      vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${port}`);
      const reason = await reasonOf("https://hub.invalid/");
      expect(reason).toContain(`the proxy http://127.0.0.1:${port} (HTTPS_PROXY) answers ${status}`);
      await new Promise((resolve) => strict.close(resolve));
    }
  });

  test("a variable that holds no address", async () => {
    vi.stubEnv("HTTP_PROXY", "ftp://p");
    await expect(networkFetch(server.address)).rejects.toThrow(/^HTTP_PROXY is no address of a proxy/);
  });
});
