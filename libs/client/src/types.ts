/** The public vocabulary. Kept free of other packages: this library runs in browsers as it is. */

export type Priority = "low" | "normal" | "high" | "critical";

/**
 * A message of the log. One that expired or was erased arrives as a tombstone:
 * same `id`, `topic`, `seq`, `from`, `to` and `at`, `kind: "tombstone"`, `body: null`.
 */
export interface Message<Body = unknown> {
  id: string;
  /** Whole and canonical: `channel:lobby@acme`. */
  topic: string;
  /** 1, 2, 3 … per topic, without gaps; in an inbox that users share, with gaps of what is to others. */
  seq: number;
  /** `alice@acme`, or `@acme` for a session of the tenant as such. */
  from: string;
  kind: string;
  body: Body;
  /** Commit time, ISO 8601 in UTC with milliseconds; never goes back within a topic. */
  at: string;
  priority: Priority;
  headers: Record<string, string>;
  correlation_id: string | null;
  /** In an inbox that the users of a tenant share: the one that is meant, `user:alice@mud`. */
  to?: string;
}

/** An error as the server words it, the same on every protocol. */
export interface WireError {
  code: number;
  name: string;
  message: string;
  /** Whether the same request may succeed later, unchanged. */
  temporary: boolean;
  /** Seconds. */
  retry_after?: number;
  data?: unknown;
}

/** The message is committed: it survives whatever happens. */
export interface CommittedAck {
  id: string;
  topic: string;
  seq: number;
  at: string;
  /** The id was committed before: by an earlier call, or by an attempt whose answer was lost. */
  duplicate: boolean;
}
export interface ScheduledAck {
  id: string;
  status: "scheduled";
}
/** An ephemeral message was handed on; it may or may not arrive. */
export interface SentAck {
  status: "sent";
}
export type PublishAck = CommittedAck | ScheduledAck | SentAck;

/** A `Date`, ISO 8601 text, or milliseconds since 1970. */
export type Timestamp = Date | string | number;

export interface PublishOptions {
  /** UUID; the same id with the same content is one message, however often published. Made if absent. */
  id?: string;
  kind?: string;
  /** `critical` needs a permission of its own. */
  priority?: Priority;
  headers?: Record<string, string>;
  correlationId?: string;
  expiresAt?: Timestamp;
  sendAt?: Timestamp;
  /** The own user for whom a session of the tenant as such speaks. */
  from?: string;
  /** At most once, to who is there, stored nowhere, not retried. */
  ephemeral?: boolean;
  /** Gives up; the message may have been committed all the same. */
  signal?: AbortSignal;
}

export interface HistoryOptions {
  /** Forward from here; with `before` left out too, pages go back from the newest. */
  after?: number;
  before?: number;
  /** Messages a page: 1–1000; the server decides if absent. */
  limit?: number;
}

/** One page of a topic's messages, rising by seq. */
export interface HistoryPage {
  messages: Message[];
  head: number;
  more: boolean;
  /** Retention has dropped messages of the range asked for. */
  truncated: boolean;
  log_epoch: string;
}

export interface Session {
  tenant: string;
  /** `alice@acme`, or null for a session of the tenant as such. */
  user: string | null;
  sessionId: string;
  resumed: boolean;
}

/**
 * `idle` before `connect`; `connecting` until the first connection stands;
 * `connected`; `reconnecting`; `closed`, for good.
 */
export type ConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

export interface ClientEvents {
  /** `error` tells why, when the server gave a reason not to come back. */
  state: { state: ConnectionState; error?: Error };
  ephemeral: { topic: string; from: string; kind: string; body: unknown; at: string; to?: string };
  /** Someone has acknowledged your messages to their inbox up to a seq. */
  receipt: { topic: string; seq: number; by: string };
  presence: { user: string; status: "online" | "offline"; at: string };
  /** Retention dropped messages up to and including `floor` that had not been delivered here. */
  truncated: { topic: string; floor: number };
  /** The log was restored to an earlier point: what was known of this topic may no longer hold. */
  reset: { topic: string; head: number; log_epoch: string };
  /** The edge is about to stop; the client moves by itself within the time given. */
  drain: { within_ms: number };
  /** The server ended a subscription, or refused to renew it. */
  unsubscribed: { topic: string; error: Error };
}
