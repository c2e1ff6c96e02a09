import { isObject } from "./errors.js";
import type { Session } from "./types.js";

/** The session, from the result of `authenticate`. */
export function sessionFrom(result: unknown): Session {
  const given = isObject(result) ? result : {};
  return {
    tenant: String(given["tenant"]),
    user: typeof given["user"] === "string" ? given["user"] : null,
    sessionId: String(given["session_id"]),
    resumed: given["resumed"] === true,
  };
}
