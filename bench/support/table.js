/** Prints rows of text and numbers to stderr, columns one under the other; a number has three digits that count. */
function printTable(title, header, rows) {
  const cells = [header, ...rows].map((row) => row.map(cellText));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const align = (text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  console.error(`\n${title}`);
  for (const row of cells) console.error(`  ${row.map(align).join("   ")}`);
}

function cellText(value) {
  if (typeof value !== "number") return value ?? "";
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

module.exports = { printTable };
