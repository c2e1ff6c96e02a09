import { isObject } from "./errors.js";
import type { Session } from "./types.js";

/**
 * The session, from the result of `authenticate` or of `whoami` (which a protocol
 * asks that authenticates in its handshake, and which does not tell `resumed`).
 */
export function sessionFrom(result: unknown, offered: string | undefined): Session {
  const given = isObject(result) ? result : {};
  const sessionId = String(given["session_id"]);
  return {
    tenant: String(given["tenant"]),
    user: typeof given["user"] === "string" ? given["user"] : null,
    sessionId,
    resumed: typeof given["resumed"] === "boolean" ? given["resumed"] : sessionId === offered,
  };
}
