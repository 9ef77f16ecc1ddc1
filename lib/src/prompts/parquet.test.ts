import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hybrid, makeParquet, type ParquetPage, plainTexts } from "../../../tests/support/makeParquet";
import { temporaryFolder } from "../../../tests/support/notebooks";
import { childrenOf } from "../../../tests/support/processes";
import { UserError } from "../machine/support/errors";
import { openParquet } from "./parquet";

function saved(page: ParquetPage): string {
  const path = join(temporaryFolder(), "table.parquet");
  writeFileSync(path, makeParquet(page));
  return path;
}

async function textsOf(path: string, seconds: number): Promise<(string | undefined)[]> {
  const file = await openParquet(path, seconds);
  const texts: (string | undefined)[] = [];
  for await (const { text } of file.texts()) texts.push(text);
  return texts;
}

const PLAIN = 0;
const DICTIONARY = 8;

test("texts in one page", async () => {
  const path = saved({ encoding: PLAIN, content: plainTexts("one", "", "zwei"), rows: 3 });
  expect(await textsOf(path, 60)).toEqual(["one", "", "zwei"]);
});

test.skipIf(process.platform !== "linux")(
  "the process that reads may be killed while it has nothing to do",
  async () => {
    const path = saved({ encoding: PLAIN, content: plainTexts("one"), rows: 1 });
    expect(await textsOf(path, 60)).toEqual(["one"]);
    const [reader] = childrenOf(process.pid, "parquetProcess");
    process.kill(reader, "SIGKILL");
    await expect.poll(() => childrenOf(process.pid).includes(reader), { timeout: 20_000 }).toBe(false);
    expect(await textsOf(path, 60)).toEqual(["one"]);
  },
);

describe("what would bring down the package that reads Parquet ends as an error", () => {
  // The numbers are what a varint can hold; what they do was found by reading the package's source.
  test.each<[string, ParquetPage, RegExp]>([
    [
      "a loop without end: numbers of no bits, fewer than none of them",
      { encoding: DICTIONARY, content: hybrid(0, 0x7fffffff), rows: 100 },
      /it took more than 4.* s/,
    ],
    [
      "memory without end: a run of two thousand million values",
      { encoding: DICTIONARY, content: hybrid(1, 0xfffffffe, 0), rows: 100 },
      /it took more than|invalid|length/i,
    ],
    ["more rows than there can be", { encoding: PLAIN, content: plainTexts("a"), rows: 2 ** 40 }, /row group claims/],
    [
      "a page that claims to unpack to more than there is",
      { encoding: PLAIN, content: Buffer.alloc(40), rows: 3, codec: 2, unpacked: 2 ** 31 - 1 },
      /not a Parquet file that can be read/,
    ],
    [
      "a schema of two thousand million columns",
      { encoding: PLAIN, content: plainTexts("a"), rows: 1, children: 2 ** 31 - 1 },
      /not a Parquet file that can be read/,
    ],
  ])("%s", { timeout: 60_000 }, async (_, page, message) => {
    const path = saved(page);
    const reading = textsOf(path, 4);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(path);
    // And the next file is read as ever.
    const whole = saved({ encoding: PLAIN, content: plainTexts("well"), rows: 1 });
    expect(await textsOf(whole, 60)).toEqual(["well"]);
  });
});
