import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { recordingServer } from "../../../../tests/support/recordingServers";
import { checkpointFiles, TOKEN, useFakeHub } from "../../../../tests/support/useFakeHub";
import { resolveModel } from "./models";
import { connect } from "./request";
import { accessToken, hubAccess } from "./token";

const { hub, options, home, failure } = useFakeHub();

const HUB = new URL("https://hub.org");
/** The tokens that reached the hub. */
const seen = () => [...new Set(hub.requests.map(({ authorization }) => authorization))];

beforeEach(() => void hub.add("models", "owner/tiny", { files: checkpointFiles("llama-gqa") }));

describe("the file of the login", () => {
  const write = (content: string | Buffer) => writeFileSync(join(home(), "token"), content);

  test.each<[string, string | Buffer]>([
    ["a line", `${TOKEN}\n`],
    ["a line of Windows", `${TOKEN}\r\n`],
    ["a line that was wrapped", `${TOKEN.slice(0, 5)}\r\n${TOKEN.slice(5)}`],
    ["with a mark of its encoding", `\ufeff${TOKEN}\r\n`],
    ["of Windows PowerShell, in UTF-16", Buffer.from(`\ufeff${TOKEN}\r\n`, "utf16le")],
    ["with spaces around", `  ${TOKEN}\t\n\n`],
  ])("%s", (_title, content) => {
    write(content);
    expect(accessToken()).toBe(TOKEN);
  });

  test.each(["", "\n", "\ufeff\r\n"])("an empty one is none", (content) => {
    write(content);
    expect(accessToken()).toBeUndefined();
  });

  test("a folder of its name is none, nor is one that cannot be read: what is public needs none", async () => {
    mkdirSync(join(home(), "token"));
    expect(hubAccess(HUB)).toEqual({ token: undefined });
    rmSync(join(home(), "token"), { recursive: true });
    // A link to itself: permissions do not bind the superuser.
    symlinkSync("token", join(home(), "token"));
    expect(hubAccess(HUB)).toEqual({ withheld: `${join(home(), "token")} cannot be read` });
    await resolveModel("owner/tiny", options);
    expect(seen()).toEqual([undefined]);
  });

  test("HF_TOKEN goes before it, an empty one does not; HF_TOKEN_PATH begins as a shell would read it", () => {
    write("hf_of_the_login");
    vi.stubEnv("HF_TOKEN", ` ${TOKEN}\n`);
    expect(accessToken()).toBe(TOKEN);
    vi.stubEnv("HF_TOKEN", " ");
    expect(accessToken()).toBe("hf_of_the_login");
    vi.stubEnv("HF_TOKEN", "");
    vi.stubEnv("HUGGING_FACE_HUB_TOKEN", "hf_older_name");
    expect(accessToken()).toBe("hf_older_name");
    vi.stubEnv("HUGGING_FACE_HUB_TOKEN", undefined);
    writeFileSync(join(home(), "another"), TOKEN);
    vi.stubEnv("HOME", home());
    for (const path of ["~/another", "$HOME/another", `\${HF_HOME}/another`]) {
      vi.stubEnv("HF_TOKEN_PATH", path);
      expect(accessToken()).toBe(TOKEN);
    }
  });
});

describe("HF_HUB_DISABLE_IMPLICIT_TOKEN", () => {
  // The values are those of ENV_VARS_TRUE_VALUES in huggingface_hub 2.4.0, which compares without regard to case.
  test.each(["1", "ON", "on", "Yes", "TRUE", "True"])("%s: neither the login's nor HF_TOKEN is sent", async (value) => {
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", value);
    vi.stubEnv("HF_TOKEN", TOKEN);
    writeFileSync(join(home(), "token"), TOKEN);
    await connect({ type: "model", name: "owner/tiny" }).ask(`${hub.endpoint}/api/models/owner/tiny/revision/main`);
    expect(seen()).toEqual([undefined]);
  });

  test.each(["", "0", "off", "no", "false", "2", "y"])("%s: sent as without it", (value) => {
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", value);
    vi.stubEnv("HF_TOKEN", TOKEN);
    expect(hubAccess(HUB)).toEqual({ token: TOKEN });
  });

  test("a token that the program names is sent", async () => {
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    await resolveModel("owner/tiny", { ...options, token: TOKEN });
    expect(seen()).toContain(`Bearer ${TOKEN}`);
  });

  test("is named where a token is missed", async () => {
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    vi.stubEnv("HF_TOKEN", TOKEN);
    const files = checkpointFiles("llama-gqa");
    for (const kind of ["gated", "private"] as const) {
      hub.add("models", "meta/closed", { files, access: { kind, tokens: [TOKEN] } });
      expect(await failure(resolveModel("meta/closed", options))).toMatch(
        /no token was sent: HF_HUB_DISABLE_IMPLICIT_TOKEN is set/,
      );
    }
  });
});

test("a token is sent by https, and over http to this machine alone", () => {
  vi.stubEnv("HF_TOKEN", TOKEN);
  for (const host of ["localhost:8000", "127.0.0.1", "127.9.9.9:81", "[::1]:80", "hub.localhost"]) {
    expect(hubAccess(new URL(`http://${host}`)).token).toBe(TOKEN);
  }
  expect(hubAccess(new URL("https://mirror.org/hf")).token).toBe(TOKEN);
  for (const host of ["hub.org", "10.0.0.1", "localhost.evil.org", "127.0.0.1.evil.org", "[fd00::1]", "128.0.0.1"]) {
    const withheld = "no token goes to an address that begins with http:";
    expect(hubAccess(new URL(`http://${host}`))).toEqual({ withheld });
    expect(hubAccess(new URL(`http://${host}`), TOKEN)).toEqual({ withheld });
  }
});

describe("redirects", () => {
  const ask = (path: string) => connect({ type: "model", name: "owner/tiny" }).ask(`${hub.endpoint}${path}`);
  const JSON_TYPE = { "content-type": "application/json" };

  test("on the hub itself: a model that was renamed keeps the token", async () => {
    vi.stubEnv("HF_TOKEN", TOKEN);
    hub.instead = ({ url }, response) => {
      if (url !== "/old") return false;
      response.writeHead(307, { location: "/api/models/owner/tiny/revision/main" }).end();
      return true;
    };
    await ask("/old");
    expect(seen()).toEqual([`Bearer ${TOKEN}`]);
  });

  test.each([301, 302, 303, 307, 308])(
    "%i to another port, another host, and back: it is not passed on",
    async (status) => {
      vi.stubEnv("HF_TOKEN", TOKEN);
      const { port } = new URL(hub.endpoint);
      const stranger = await recordingServer(({ url }, response) => {
        const next = url === "/first" ? `http://localhost:${stranger.port}/second` : `${hub.endpoint}/last`;
        response.writeHead(status, { location: next }).end();
      });
      const last: (string | undefined)[] = [];
      hub.instead = ({ url, headers }, response) => {
        if (url === "/last") last.push(headers.authorization);
        if (url === "/last") response.writeHead(200, JSON_TYPE).end("{}");
        else response.writeHead(status, { location: `${stranger.address}/first` }).end();
        return true;
      };
      await ask("/start");
      expect(stranger.requests.map(({ target }) => target)).toEqual(["/first", "/second"]);
      expect(stranger.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
      expect(last).toEqual([undefined]);
      expect(port).not.toBe(String(stranger.port));
      await stranger.stop();
    },
  );

  test("an address elsewhere that the hub names in its answer gets none", async () => {
    vi.stubEnv("HF_TOKEN", TOKEN);
    const stranger = await recordingServer((_request, response) => void response.writeHead(200, JSON_TYPE).end("[]"));
    const connection = connect({ type: "model", name: "owner/tiny" });
    await connection.ask(`${stranger.address}/page=2`, { headers: { Authorization: `Bearer ${TOKEN}` } });
    expect(stranger.requests[0].headers.authorization).toBeUndefined();
    await stranger.stop();
  });
});
