// danfojs-node takes SheetJS from an address outside the npm registry, for Excel files alone.
// Nothing here reads or writes Excel, so the tables come without it: use CSV.
const refuse = () => {
  throw new Error("Excel files are not supported here: save the table as CSV");
};

module.exports = {
  read: refuse,
  readFile: refuse,
  writeFile: refuse,
  utils: { sheet_to_json: refuse, json_to_sheet: refuse, book_new: refuse, book_append_sheet: refuse },
};
