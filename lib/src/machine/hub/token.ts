import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { huggingFaceHome, withHome } from "./cache";

/** What a hub is shown of its user. */
export interface Access {
  token?: string;
  /** Why no token is sent, for messages: "HF_HUB_DISABLE_IMPLICIT_TOKEN is set"; undefined if there is none to send. */
  withheld?: string;
}

/**
 * The token that a hub may see, if any: the named one, else the user's own unless HF_HUB_DISABLE_IMPLICIT_TOKEN says that
 * only named ones count (HF_TOKEN is none of these either, as in Python). Never one over a line that others can read.
 *
 * @param named for this call, by the program
 * @throws UserError if the token holds characters that cannot be sent (the token itself is not shown)
 * @see https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables#hfhubdisableimplicittoken
 */
export function hubAccess(endpoint: URL, named?: string): Access {
  const { HF_HUB_DISABLE_IMPLICIT_TOKEN: disabled = "" } = process.env;
  const isOpenLine = endpoint.protocol === "http:" && !isThisMachine(endpoint.hostname);
  if (isOpenLine) return { withheld: "no token goes to an address that begins with http:" };
  if (named !== undefined) return clean(named) === "" ? {} : { token: checkedToken(clean(named)) };
  if (/^(1|true|yes|on)$/i.test(disabled)) return { withheld: "HF_HUB_DISABLE_IMPLICIT_TOKEN is set" };
  try {
    return { token: accessToken() };
  } catch (error) {
    if (error instanceof UserError) throw error;
    // A shared HF_HOME may hold another person's token. Public models need none.
    return { withheld: `${tokenPath()} cannot be read` };
  }
}

/**
 * The user's access token: HF_TOKEN, else the file that `hf auth login` writes; undefined without either. It is sent to the
 * hub and goes nowhere else: no message, no file, no result.
 *
 * @throws UserError if it holds characters that cannot be sent (the token itself is not shown)
 */
export function accessToken(): string | undefined {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN } = process.env;
  const token = clean(HF_TOKEN || HUGGING_FACE_HUB_TOKEN || "") || clean(tokenOfFile());
  return token === "" ? undefined : checkedToken(token);
}

function tokenPath(): string {
  const { HF_TOKEN_PATH } = process.env;
  return HF_TOKEN_PATH ? withHome(HF_TOKEN_PATH) : join(huggingFaceHome(), "token");
}

function tokenOfFile(): string {
  try {
    const bytes = readFileSync(tokenPath());
    // Windows PowerShell's `>` writes UTF-16.
    return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8").decode(bytes);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(code)) return "";
    throw error;
  }
}

/** Without line ends, as Python's library has it, and without spaces and marks of encodings around it. */
function clean(token: string): string {
  return token.replaceAll(/[\r\n]/g, "").trim();
}

/** Refuses what cannot be a token. Sent as it is, it would fail with a message that shows it. */
function checkedToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UserError(
      "the access token (HF_TOKEN) holds spaces or other characters that no token has: copy it again",
    );
  }
  return token;
}

/** Whether a host is this machine itself, by its name or address. */
function isThisMachine(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
