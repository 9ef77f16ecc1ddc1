import { join } from "node:path";
import { expect } from "vitest";
import type { Figure } from "../../lib/src/machine/render/figure";

/**
 * Compares a figure's specification with tests/fixtures/figures/<name>.json (`npx vitest run -u` writes it anew; look at the
 * picture before you commit that). Compact: a trace a line, numbers to six digits, of hover texts the first and the last.
 */
export async function expectFigureSnapshot(figure: Figure, name: string = figure.name): Promise<void> {
  const { data, layout, ...rest } = figure;
  const lines = [
    ...Object.entries(rest).map(([key, value]) => `${JSON.stringify(key)}: ${compact(value)}`),
    `"data": [\n${data.map((trace) => `  ${compact({ ...trace, text: firstAndLast(trace.text) })}`).join(",\n")}\n]`,
    `"layout": {\n${Object.entries(layout)
      .map(([key, value]) => `  ${JSON.stringify(key)}: ${compact(value)}`)
      .join(",\n")}\n}`,
  ];
  await expect(`{\n${lines.join(",\n")}\n}\n`).toMatchFileSnapshot(
    join(__dirname, "../fixtures/figures", `${name}.json`),
  );
}

const compact = (value: unknown) =>
  JSON.stringify(value, (_, part) => (typeof part === "number" ? Number(part.toPrecision(6)) : part));

const firstAndLast = (text: unknown) => (Array.isArray(text) && text.length > 2 ? [text[0], text.at(-1)] : text);
