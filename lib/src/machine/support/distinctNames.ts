/**
 * Names that differ from one another: of each thing the shortest that no other one has. One whose spellings are used up is
 * numbered: "name (2)".
 *
 * @param spellings of each thing, the one that it has if nobody else claims it first, then longer and longer ones
 * @example distinctNames([["final", "runA/final"], ["final", "runB/final"], ["base"]]); // ["runA/final", "runB/final", "base"]
 */
export function distinctNames(spellings: readonly (readonly [string, ...string[]])[]): string[] {
  const lengths = spellings.map(() => 0);
  const names = () => spellings.map((own, i) => own[lengths[i]]);
  for (let grown = true; grown; ) {
    const counts = new Map<string, number>();
    const taken = names();
    for (const name of taken) counts.set(name, (counts.get(name) ?? 0) + 1);
    grown = false;
    spellings.forEach((own, i) => {
      if (counts.get(taken[i]) === 1 || lengths[i] === own.length - 1) return;
      lengths[i]++;
      grown = true;
    });
  }
  return numbered(names());
}

function numbered(names: readonly string[]): string[] {
  const free = new Set(names);
  const used = new Set<string>();
  return names.map((name) => {
    let unused = name;
    for (let number = 2; used.has(unused) || (unused !== name && free.has(unused)); number++)
      unused = `${name} (${number})`;
    used.add(unused);
    return unused;
  });
}
