import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { hubCache } from "../../lib/src/machine/hub/cache";
import type { HubOptions } from "../../lib/src/machine/hub/snapshot";
import { UserError } from "../../lib/src/machine/support/errors";
import { FakeHub } from "./fakeHub";

/** An access token that must not appear anywhere. */
export const TOKEN = "hf_TheSecretOfThisTest";

/** The files of a tiny checkpoint, by name. */
export function checkpointFiles(name: string): Record<string, Buffer> {
  const folder = join(__dirname, "../fixtures/models", name);
  return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]));
}

/** A hub and an empty cache for every test of a file; nothing of the user's own is seen. */
export function useFakeHub() {
  const hub = new FakeHub();
  const notices: string[] = [];
  let home = "";
  /** Impatient, and quiet. */
  const options: HubOptions = { download: { idle: 300, pause: 5 }, notice: (sentence) => void notices.push(sentence) };

  beforeAll(() => hub.start());
  afterAll(() => hub.stop());

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "hub-test-"));
    for (const name of ["CACHE", "OFFLINE"]) vi.stubEnv(`HF_HUB_${name}`, undefined);
    for (const name of ["HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, undefined);
    for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"]) {
      vi.stubEnv(name, undefined);
    }
    for (const name of ["http_proxy", "https_proxy", "all_proxy"]) {
      for (const spelling of [name, name.toUpperCase()]) vi.stubEnv(spelling, undefined);
    }
    vi.stubEnv("HF_HOME", home);
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    hub.requests.length = 0;
    hub.repositories.clear();
    hub.mishap = () => false;
    hub.instead = () => false;
    hub.swap = (_path, content) => content;
    hub.down = undefined;
    hub.ranges = true;
    notices.length = 0;
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  return {
    hub,
    options,
    notices,
    home: () => home,
    /** What is left of downloads that did not come to their end. */
    leftovers: (): string[] =>
      existsSync(hubCache())
        ? readdirSync(hubCache(), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".incomplete"))
        : [],
    /** The message of something that must fail, checked to be meant for a person and to hold no secret. */
    async failure(work: Promise<unknown>): Promise<string> {
      const error = await work.then(
        () => expect.unreachable("must fail"),
        (error: unknown) => error,
      );
      expect(error).toBeInstanceOf(UserError);
      const { message, stack, cause } = error as UserError;
      expect(message).not.toMatch(/\n/);
      expect(`${message}${stack}${cause instanceof Error ? cause.stack : ""}`).not.toContain(TOKEN);
      return message;
    },
  };
}
