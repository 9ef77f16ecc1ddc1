import { join } from "node:path";
import { userCache } from "../../machine/support/userCache";

/** Where downloaded wheels are kept. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(userCache(environment), "wheels");
}
