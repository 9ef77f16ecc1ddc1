const { sep } = require("node:path");

/**
 * Why Node cannot run the project: it loads ES modules by `require`, which 20.19 and 22.12 brought, and none from a folder
 * with a backslash in its name.
 *
 * @returns one line; undefined if it can
 */
function nodeProblem(version = process.versions.node, folder = __dirname) {
  if (sep === "/" && folder.includes("\\"))
    return `${folder}: Node.js loads no packages from a path with a backslash; rename it`;
  const [major, minor] = version.split(".").map(Number);
  const isEnough = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  return isEnough
    ? undefined
    : `Node.js ${version} cannot run this: install Node.js 20 from 20.19 on, or 22.12 or newer`;
}

module.exports = { nodeProblem };
