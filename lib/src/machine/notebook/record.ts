/**
 * The MIME type under which an output says what it is, for programs that read executed notebooks. Viewers pass it over and
 * show one of the other forms.
 */
export const RECORD_TYPE = "application/vnd.token-geometry.v1+json";

/** What an output with a figure says of it; traces and layout are beside it, as application/vnd.plotly.v1+json. */
export interface FigureRecord {
  kind: "figure";
  name: string;
  caption: string;
  provenance?: Record<string, unknown>;
}

/** A table as it is shown. */
export interface TableRecord {
  kind: "table";
  caption?: string;
  columns: string[];
  /** Cells as text, line by line. */
  lines: string[][];
  /** Which columns hold numbers, and stand right. */
  numeric: boolean[];
  /** How many lines are not shown. */
  left: number;
}

/** A picture that is no chart; beside it as image/png. */
export interface PictureRecord {
  kind: "picture";
  name: string;
  caption: string;
  /** In CSS pixels. */
  width: number;
  height: number;
}

/** The output that brings Plotly into a notebook, for charts to be interactive. */
export interface PlotlyRecord {
  kind: "plotly";
}

export type OutputRecord = FigureRecord | TableRecord | PictureRecord | PlotlyRecord;
