import { type Command, Option } from "commander";
import { saveRows } from "../../machine/notebook/saveRows";
import { TABLE_FORMATS, type TableFormat, tableFormat } from "../../machine/render/tableFormats";
import { UserError } from "../../machine/support/errors";
import type { Row } from "../../results/row";
import { storedStudy } from "../../results/storedStudy";
import { type CollectArguments, collected, collectOptions } from "./collectOptions";
import { experimentOptions } from "./experimentOptions";
import { besideOutput, wholeNumbers } from "./options";

interface RowsArguments extends CollectArguments {
  out: string;
  format?: TableFormat;
  quantity?: string[];
  layer?: number[];
}

/** `token-geometry rows`: the numbers of an experiment as a table for other programs. */
export function rowsCommand(program: Command): void {
  const command = program
    .command("rows")
    .description(
      "Write the numbers of an experiment as a table that pandas, polars, DuckDB and R read, one number a row: origin, model, prompt, shuffle, layer, depth, quantity, parameter, value, error. Every unit is checked as merge does. The experiment is the store's only one, or that of --manifest, or the one that the options of run describe.",
    );
  experimentOptions(command)
    .requiredOption("--out <file>", "where the table goes; - for standard output")
    .addOption(new Option("--format <name>", "of the table (default: the ending of --out)").choices([...TABLE_FORMATS]))
    .option("--quantity <names...>", "only these, like intrinsicDimension or loss")
    .option("--layer <list>", "only these layers, like 0,5; what belongs to no layer is left out", wholeNumbers);
  collectOptions(command).action(async (options: RowsArguments) => {
    const say = besideOutput(options.out, options.json);
    const format = tableFormat(options.out, options.format);
    const study = storedStudy(...(await collected(options)));
    const saved = await saveRows(chosen(study, options), options.out, { format });
    say.write(
      options.json
        ? `${JSON.stringify(saved)}\n`
        : `${saved.rows} rows of ${study.results.length} units, ${format}; ${saved.path}\n`,
    );
  });
}

/** The rows that are asked for. @throws UserError at their end if there was no row of a quantity or layer */
function* chosen(rows: Iterable<Row>, { quantity, layer }: RowsArguments): Iterable<Row> {
  const wanted = { quantity, layer };
  const there = { quantity: new Set<Row["quantity"]>(), layer: new Set<Row["layer"]>() };
  for (const row of rows) {
    there.quantity.add(row.quantity);
    there.layer.add(row.layer);
    const isAsked = (quantity ?? [row.quantity]).includes(row.quantity);
    if (isAsked && (layer === undefined || (row.layer !== null && layer.includes(row.layer)))) yield row;
  }
  for (const column of ["quantity", "layer"] as const) {
    const known = [...there[column]].filter((value) => value !== null);
    const unknown = wanted[column]?.find((value) => !(known as (typeof value)[]).includes(value));
    if (unknown !== undefined)
      throw new UserError(`no ${column} ${unknown} in the experiment; there are ${known.join(", ")}`);
  }
}
