import { readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, join } from "node:path";

/** Names font files, or folders of them, that are looked at before the system's. */
export const FONTS_VARIABLE = "TOKEN_GEOMETRY_FONTS";

/** Folders below folders that are looked into: deeper ones are links in a circle. */
const DEEPEST = 6;

/** Font files of the machine, those that are most likely to be plain ones first. */
export function systemFontFiles(environment: NodeJS.ProcessEnv = process.env): string[] {
  const own = (environment[FONTS_VARIABLE] ?? "").split(delimiter).filter(Boolean);
  const home = homedir();
  const folders =
    process.platform === "darwin"
      ? ["/System/Library/Fonts", "/Library/Fonts", join(home, "Library/Fonts")]
      : process.platform === "win32"
        ? [
            join(environment.WINDIR ?? "C:\\Windows", "Fonts"),
            join(environment.LOCALAPPDATA ?? home, "Microsoft/Windows/Fonts"),
          ]
        : ["/usr/share/fonts", "/usr/local/share/fonts", join(home, ".local/share/fonts"), join(home, ".fonts")];
  const systems = folders.flatMap((folder) => fontFilesIn(folder));
  return [
    ...own.flatMap((path) => fontFilesIn(path)),
    ...systems.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)),
  ];
}

/** Regular sans-serif letters look best beside DejaVu's. */
function rank(path: string): number {
  const name = basename(path);
  return (
    (/bold|black|italic|oblique|light|thin|mono|serif/i.test(name) ? 2 : 0) + (/noto|sans|regular/i.test(name) ? 0 : 1)
  );
}

/** Font files in a folder, or the file itself. */
function fontFilesIn(path: string, depth = 0): string[] {
  if (depth > DEEPEST) return [];
  try {
    if (!statSync(path).isDirectory()) return /\.(ttf|otf|ttc|otc)$/i.test(path) ? [path] : [];
    return readdirSync(path)
      .sort()
      .flatMap((name) => fontFilesIn(join(path, name), depth + 1));
  } catch {
    return []; // not there, or not for us
  }
}
