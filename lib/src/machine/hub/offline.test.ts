import { join } from "node:path";
import { expect, test } from "vitest";
import { userCache } from "../support/userCache";
import { offlineReason } from "./offline";

test("each of three variables forbids downloads, and is named", () => {
  expect(offlineReason(false, {})).toBeUndefined();
  for (const name of ["TOKEN_GEOMETRY_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) {
    for (const value of ["1", "true", "YES", "on"])
      expect(offlineReason(false, { [name]: value })).toBe(`${name} is set`);
    for (const value of ["", "0", "false"]) expect(offlineReason(false, { [name]: value })).toBeUndefined();
  }
});

test("downloads go into the user's cache, or where a variable says", () => {
  expect(userCache({})).toMatch(/\.cache\/token-geometry$/);
  expect(userCache({ XDG_CACHE_HOME: "/c" })).toBe(join("/c", "token-geometry"));
  expect(userCache({ XDG_CACHE_HOME: "/c", TOKEN_GEOMETRY_CACHE: "/own" })).toBe("/own");
});
