/**
 * Does some work for each of many things, several at a time, and takes the results in the order of the things. The first
 * error ends it: nothing more is begun, what is under way is told by the signal, and is waited for.
 *
 * @param count how many are worked on at once, 1 or more
 * @param work what is done; it is to end soon once its signal is aborted, what it returns or throws is then of no interest
 * @param take called with each result, after the results of all things before
 * @throws the first error of `work` or `take`; results before it that are complete were taken
 */
export async function sideBySide<Thing, Result>(
  things: readonly Thing[],
  count: number,
  work: (thing: Thing, signal: AbortSignal) => Promise<Result>,
  take: (thing: Thing, result: Result) => void,
): Promise<void> {
  const stop = new AbortController();
  const results = new Map<number, Result>();
  let begun = 0;
  let taken = 0;
  const lane = async (): Promise<void> => {
    while (begun < things.length && !stop.signal.aborted) {
      const index = begun++;
      try {
        const result = await work(things[index], stop.signal);
        if (stop.signal.aborted) return;
        results.set(index, result);
        for (; results.has(taken); taken++) {
          take(things[taken], results.get(taken)!);
          results.delete(taken);
        }
      } catch (error) {
        if (!stop.signal.aborted) stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
  if (stop.signal.aborted) throw stop.signal.reason;
}
