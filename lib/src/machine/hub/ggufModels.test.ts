import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkpointFiles, useFakeHub } from "../../../../tests/support/useFakeHub";
import { resolveModel } from "./models";

const { hub, options, home, failure } = useFakeHub();

describe("GGUF files", () => {
  const parts = Object.fromEntries([1, 2].map((n) => [`Q8/big-0000${n}-of-00002.gguf`, `part ${n}`.padEnd(2000)]));
  const content = { "small.gguf": "small", "README.md": "# x", "tokenizer.json": "{}", ...parts };

  test("one of a repository, and nothing else of it", async () => {
    const commit = hub.add("models", "owner/gguf", { files: content });
    const path = await resolveModel("owner/gguf/small.gguf", options);
    expect(path).toBe(join(home(), "hub/models--owner--gguf/snapshots", commit, "small.gguf"));
    expect(readFileSync(path, "utf8")).toBe("small");
    expect(readdirSync(join(path, ".."))).toEqual(["small.gguf"]);
  });

  test("the only one of a repository without other weights", async () => {
    hub.add("models", "owner/gguf", { files: { "config.json": "{}", "small.gguf": "small" } });
    expect(await resolveModel("owner/gguf", options)).toMatch(/small\.gguf$/);
    hub.add("models", "owner/both", { files: { ...checkpointFiles("llama-gqa"), "small.gguf": "small" } });
    expect(readdirSync(await resolveModel("owner/both", options))).not.toContain("small.gguf");
  });

  test("all parts of a split one, in a folder of the repository", async () => {
    const commit = hub.add("models", "owner/gguf", { files: content });
    const path = await resolveModel(`hf:owner/gguf/Q8/big-00001-of-00002.gguf@${commit}`, options);
    expect(readFileSync(path, "utf8").trim()).toBe("part 1");
    expect(readFileSync(path.replace("00001", "00002"), "utf8").trim()).toBe("part 2");
    hub.requests.length = 0;
    expect(await resolveModel(`owner/gguf/Q8/big-00001-of-00002.gguf@${commit}`, options)).toBe(path);
    expect(hub.requests).toEqual([]);
  });

  test("a repository at a commit is asked, since the cache may hold one of several", async () => {
    const commit = hub.add("models", "owner/gguf", { files: content });
    await resolveModel("owner/gguf/small.gguf", options);
    expect(await failure(resolveModel(`owner/gguf@${commit}`, options))).toMatch(
      /owner\/gguf: has 2 GGUF files: name one of them, .*Q8\/big-00001-of-00002\.gguf \(split\), small\.gguf/,
    );
  });

  test("a file that is neither there nor here", async () => {
    hub.add("models", "owner/gguf", { files: content });
    expect(await failure(resolveModel("owner/gguf/none.gguf", options))).toMatch(
      /owner\/gguf: has no file none\.gguf, but small\.gguf \(nor is there a file owner\/gguf\/none\.gguf\)/,
    );
  });
});
