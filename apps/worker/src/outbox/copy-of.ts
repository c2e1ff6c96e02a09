import { createHash } from "node:crypto";
import { COPY, inboxOf, placeOf, type PublishItem, type StoredMessage } from "@tellwire/contract";
import type { CopyOriginal } from "@tellwire/persistence";

/**
 * The copy of a direct message for the inbox of its sender, whose other devices
 * see it there. Its id follows from the original's, so however often it is made
 * it is appended once.
 */
export function copyOf(
  { message: original, sharesInbox }: CopyOriginal,
  outboxId: string,
): PublishItem {
  const headers =
    original.headers === null
      ? {}
      : (JSON.parse(original.headers.toString("utf8")) as Record<string, string>);
  return {
    type: "publish",
    req: 0,
    id: copyId(original),
    ...placeOf(inboxOf(original.from), sharesInbox),
    from: original.from,
    role: "system",
    kind: COPY,
    priority: original.priority,
    body: original.body,
    headers: Buffer.from(JSON.stringify({ ...headers, to: original.to ?? original.topic })),
    correlationId: original.correlationId,
    expiresAt: original.expiresAt,
    sendAt: null,
    outboxId,
  };
}

/**
 * A UUID of version 8 (RFC 9562, section 5.8) from the first bytes of SHA-256.
 * The topic is part of it: one id may be used in several topics.
 */
function copyId({ id, topic }: StoredMessage): string {
  const bytes = createHash("sha256").update(`copy ${topic} ${id}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
