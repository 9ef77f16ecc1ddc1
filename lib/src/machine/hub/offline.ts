/** The variables that forbid downloads: ours, and those of Hugging Face's Python libraries. */
const VARIABLES = ["TOKEN_GEOMETRY_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

/**
 * Why nothing may be downloaded, like "HF_HUB_OFFLINE is set"; undefined if it may.
 *
 * @param wished whether the caller wants no download, whatever the variables say
 */
export function offlineReason(wished = false, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (wished) return "no download is allowed";
  const name = VARIABLES.find((variable) => /^(1|true|yes|on)$/i.test(environment[variable] ?? ""));
  return name && `${name} is set`;
}
