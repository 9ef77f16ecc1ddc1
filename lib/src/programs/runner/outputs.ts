/** Data of one display by MIME type; text types hold strings, JSON types hold values, images base64. */
export type MimeBundle = Record<string, unknown>;

/** An output of a code cell as nbformat 4 names it; text is kept as one string here and split into lines in files. */
export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: Record<string, unknown> }
  | {
      output_type: "execute_result";
      data: MimeBundle;
      metadata: Record<string, unknown>;
      execution_count: number | null;
    }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

type Display = Extract<Output, { data: MimeBundle }>;

/** The displays of a kernel by their id, so that an update reaches all copies, in whichever cells they are. */
export class DisplayRegistry {
  private readonly displays = new Map<string, Display[]>();

  add(id: unknown, display: Display): void {
    if (typeof id !== "string") return;
    const copies = this.displays.get(id);
    if (copies) copies.push(display);
    else this.displays.set(id, [display]);
  }

  update(id: unknown, data: MimeBundle, metadata: Record<string, unknown>): void {
    for (const display of this.displays.get(String(id)) ?? []) {
      display.data = data;
      display.metadata = metadata;
    }
  }
}

/** Collects what the kernel publishes about one cell. */
export class CellOutputs {
  readonly outputs: Output[] = [];
  /** Each write to stderr by itself, since tslab reports an error by one such write. */
  readonly errorWrites: string[] = [];

  constructor(private readonly displays: DisplayRegistry) {}

  /** Takes one message of the iopub channel; types that are no output are ignored. */
  take(type: string, content: Record<string, unknown>): void {
    if (type === "stream") {
      this.write(content.name === "stderr" ? "stderr" : "stdout", String(content.text));
      return;
    }
    const data = content.data as MimeBundle;
    const metadata = (content.metadata ?? {}) as Record<string, unknown>;
    const id = (content.transient as { display_id?: unknown } | undefined)?.display_id;
    if (type === "display_data") {
      this.show(id, { output_type: "display_data", data, metadata });
    } else if (type === "update_display_data") {
      this.displays.update(id, data, metadata);
    } else if (type === "execute_result") {
      const execution_count = (content.execution_count as number | undefined) ?? null;
      this.show(id, { output_type: "execute_result", data, metadata, execution_count });
    } else if (type === "error") {
      const traceback = (content.traceback ?? []) as string[];
      this.outputs.push({ output_type: "error", ename: `${content.ename}`, evalue: `${content.evalue}`, traceback });
    }
  }

  private show(id: unknown, display: Display): void {
    this.outputs.push(display);
    this.displays.add(id, display);
  }

  private write(name: "stdout" | "stderr", text: string): void {
    if (name === "stderr") this.errorWrites.push(text);
    const last = this.outputs.at(-1);
    if (last?.output_type === "stream" && last.name === name) {
      const returns = text.includes("\r") || last.text.endsWith("\r");
      last.text = returns ? overwrite(last.text + text) : last.text + text;
    } else {
      this.outputs.push({ output_type: "stream", name, text: overwrite(text) });
    }
  }
}

/** What a terminal would show of a text in which carriage returns go back to the start of the line (progress lines). */
function overwrite(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(/[^\n]*\r(?=[^\n\r])/g, "");
}
