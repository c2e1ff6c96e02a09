import { createHash } from "node:crypto";

/**
 * The id of the session that a call opens. A call that is repeated gets the same
 * one, so it opens one session and not two. A UUID of version 8 (RFC 9562): its
 * bits come from a hash, since the call's own name could be guessed.
 */
export function sessionIdOf(callId: string, secret: Buffer): string {
  const bytes = createHash("sha256").update(secret).update(callId).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(ends[i - 1] ?? 0, end)).join("-");
}
