// danfojs-node uses the deprecated package "request" to read tables from the web.
// Nothing here does that, so the tables come without it: download the file first.
module.exports = () => {
  throw new Error("reading a table from the web is not supported here: download the file and read it from disk");
};
