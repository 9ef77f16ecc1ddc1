import { homedir } from "node:os";
import { join } from "node:path";

/** The project's own folder for downloads, outside of the project: TOKEN_GEOMETRY_CACHE, else token-geometry/ of the user's cache. */
export function userCache(environment: NodeJS.ProcessEnv = process.env): string {
  const { TOKEN_GEOMETRY_CACHE, XDG_CACHE_HOME } = environment;
  return TOKEN_GEOMETRY_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "token-geometry");
}
