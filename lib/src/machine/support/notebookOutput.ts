/** One output in several forms, by MIME type; the viewer takes the richest it can show. */
export type MimeBundle = Record<string, unknown>;

/** The function by which tslab's kernel sends an output to the notebook. */
type WriteDisplayData = (
  content: { data: MimeBundle; metadata: Record<string, unknown>; transient: { display_id?: string } },
  update: boolean,
) => void;

/**
 * tslab's own way to the notebook, undefined outside a kernel. tslab's public `display` sends one MIME type a message; this is
 * what it calls itself. The module is looked up among the loaded ones, since the kernel may be another copy of tslab (a
 * global one) than the project's.
 */
function writeDisplayData(): WriteDisplayData | undefined {
  for (const [path, loaded] of Object.entries(require.cache)) {
    if (!path.replaceAll("\\", "/").endsWith("tslab/dist/jupyter.js")) continue;
    const write = loaded?.exports?.lastWriteDisplayData;
    if (typeof write === "function") return write;
  }
  return undefined;
}

/** Whether this program runs inside a notebook. */
export function inNotebook(): boolean {
  return writeDisplayData() !== undefined;
}

/**
 * Shows an output in the notebook.
 *
 * @param id name of an output that is to be changed later
 * @param update change the output of that name, rather than showing a new one
 * @returns false outside a notebook, where nothing is shown
 */
export function sendToNotebook(data: MimeBundle, id?: string, update = false): boolean {
  const write = writeDisplayData();
  if (!write) return false;
  write({ data, metadata: {}, transient: id === undefined ? {} : { display_id: id } }, update);
  return true;
}
