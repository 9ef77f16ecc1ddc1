import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { huggingFaceHome } from "./cache";

/**
 * The user's access token: HF_TOKEN, else the file that `hf auth login` writes; undefined without either. It is sent to the
 * hub and goes nowhere else: no message, no file, no result.
 *
 * @throws UserError if it holds characters that cannot be sent (the token itself is not shown)
 */
export function accessToken(): string | undefined {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH } = process.env;
  const path = HF_TOKEN_PATH || join(huggingFaceHome(), "token");
  const token = (HF_TOKEN || HUGGING_FACE_HUB_TOKEN || (existsSync(path) ? readFileSync(path, "utf8") : "")).trim();
  return token === "" ? undefined : checkedToken(token);
}

/** Refuses what cannot be a token. Sent as it is, it would fail with a message that shows it. */
export function checkedToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UserError(
      "the access token (HF_TOKEN) holds spaces or other characters that no token has: copy it again",
    );
  }
  return token;
}
