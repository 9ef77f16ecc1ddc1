import { type CellFailure, DIAGNOSTIC } from "./failure";
import { type Cell, hasTag } from "./notebook";

/**
 * What of a failed cell to show: the parameters of this run that it depends on, since one of these is likely to be wrong, or the
 * line with the type error, or else its first line.
 *
 * @param cells those that ran, in their order, the failed one last
 * @param values what was set, by parameter name
 */
export function blamed(cells: readonly Cell[], cause: CellFailure, values: Readonly<Record<string, string>>): string {
  const failed = cells[cells.length - 1];
  const lines = failed.source.split("\n");
  const line = Number(DIAGNOSTIC.exec(cause.message)?.[1]);
  const wrongLine = lines[line - 1]?.trim();
  if (wrongLine && hasTag(failed, "injected-parameters")) return `\`${wrongLine}\``;
  const named = Object.keys(values).filter((name) => dependsOn(cells, name));
  if (named.length > 0) return named.map((name) => `${name} = ${values[name]}`).join(", ");
  const first = lines.find((text) => text.trim() !== "" && !text.trim().startsWith("//")) ?? failed.source;
  return `\`${wrongLine || first.trim()}\``;
}

/** Whether the last of some cells uses a name, or one that a cell before it declares from that. */
function dependsOn(cells: readonly Cell[], name: string): boolean {
  const names = new Set([name]);
  const uses = ({ source }: Cell) => (source.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? []).some((word) => names.has(word));
  const own = cells.filter((cell) => !hasTag(cell, "parameters") && !hasTag(cell, "injected-parameters"));
  for (const cell of own) if (uses(cell)) for (const declared of declaredIn(cell.source)) names.add(declared);
  return own.includes(cells[cells.length - 1]) && uses(cells[cells.length - 1]);
}

/** Names that statements at the start of a line declare: `const a = …`, `const { a, b } = …`, `function a`. */
function declaredIn(source: string): string[] {
  const statements = source.matchAll(
    /^(?:const|let|var|function|class)\s+(\{[^}]*\}|\[[^\]]*\]|[\p{L}_$][\p{L}\p{N}_$]*)/gmu,
  );
  return [...statements].flatMap(([, names]) => names.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? []);
}
