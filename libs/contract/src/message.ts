/** Numbers in the log; names towards clients. */
export const PRIORITIES = ["low", "normal", "high", "critical"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The two orders of urgency before the append: express carries critical and high. */
export const LANES = ["express", "bulk"] as const;
export type Lane = (typeof LANES)[number];

export const laneOf = (priority: Priority): Lane =>
  priority === "critical" || priority === "high" ? "express" : "bulk";

/**
 * A message as every client sees it, whatever its protocol. Immutable.
 * A message that expired or was erased is delivered as a tombstone: same `id`,
 * `topic`, `seq`, `from`, `to` and `at`, `kind: "tombstone"`, `body: null`.
 */
export interface Message {
  /** UUID, version 7 where the server gives it. */
  id: string;
  topic: string;
  /** 1, 2, 3 … per topic, without gaps. */
  seq: number;
  /** `alice@acme`, or `@acme` for a session of the tenant as such. */
  from: string;
  kind: string;
  body: unknown;
  /** Commit time, ISO 8601 in UTC with milliseconds; never goes back within a topic. */
  at: string;
  priority: Priority;
  headers: Record<string, string>;
  correlation_id: string | null;
  /** In a shared inbox: the user's inbox that is meant, `user:alice@mud`; absent where the tenant is. */
  to?: string;
}

/**
 * A message between services and in the log. Body and headers stay the JSON
 * text that the sender's edge made, so nothing between the edges parses them.
 */
export interface StoredMessage {
  id: string;
  topic: string;
  seq: number;
  from: string;
  kind: string;
  /** JSON text in UTF-8. */
  body: Buffer;
  /** Milliseconds since 1970. */
  at: number;
  priority: Priority;
  /** JSON text of an object in UTF-8, or null for `{}`. */
  headers: Buffer | null;
  correlationId: string | null;
  /** Milliseconds since 1970; a tombstone is delivered from then on. */
  expiresAt: number | null;
  /** Canonical; only in shared inboxes, so that no other message carries a byte of it. */
  to?: string;
}

export const TOMBSTONE = "tombstone";
/** The copy of a direct message in its sender's own inbox; its header `to` names the original's topic. */
export const COPY = "sent";
/** Kinds that say something in the server's name, so that no client may use them. */
export const RESERVED_KINDS: readonly string[] = [TOMBSTONE, COPY];

/** The message with nothing left but its place in the order. */
export function tombstone(message: StoredMessage): StoredMessage {
  return {
    ...message,
    kind: TOMBSTONE,
    body: Buffer.from("null"),
    headers: null,
    correlationId: null,
    expiresAt: null,
  };
}

/** The message, or its tombstone once it has expired at `now` (milliseconds). */
export const atTime = (message: StoredMessage, now: number): StoredMessage =>
  message.expiresAt !== null && message.expiresAt <= now ? tombstone(message) : message;

/** The JSON text of a {@link Message}. Made once per message; each protocol wraps it. */
export function messageJson(m: StoredMessage): string {
  return (
    `{"id":"${m.id}","topic":${JSON.stringify(m.topic)},"seq":${m.seq},"from":${JSON.stringify(m.from)},` +
    `"kind":${JSON.stringify(m.kind)},"body":${m.body.toString("utf8")},"at":"${new Date(m.at).toISOString()}",` +
    `"priority":"${m.priority}","headers":${m.headers === null ? "{}" : m.headers.toString("utf8")},` +
    `"correlation_id":${JSON.stringify(m.correlationId)}${m.to === undefined ? "" : `,"to":${JSON.stringify(m.to)}`}}`
  );
}
