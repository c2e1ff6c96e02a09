import type { Priority } from "./message.js";

/** Readers accept this version of the stream entries and the one before. */
export const ENVELOPE_VERSION = 1;

/** A publish on its way to the log, validated and authenticated by an edge. */
export interface PublishItem {
  type: "publish";
  /** Names the publish towards the edge that waits for its ack; 0 if none waits. */
  req: number;
  id: string;
  topic: string;
  from: string;
  /**
   * The sender's rights as the edge knows them: a user, a session of the tenant
   * as such (which the channel policies do not bind), the system itself, or an
   * agent: a session of the tenant as such that speaks for the user `from`, whom
   * the policies bind, and who gets no copy of what the tenant has said itself.
   */
  role: "user" | "tenant" | "system" | "agent";
  kind: string;
  priority: Priority;
  body: Buffer;
  headers: Buffer | null;
  correlationId: string | null;
  /** Milliseconds since 1970. */
  expiresAt: number | null;
  /** Milliseconds since 1970; the message is appended no earlier. */
  sendAt: number | null;
  /** The user's inbox that is meant, canonical, where `topic` is a shared inbox. */
  to?: string;
  /** Set when the append of this item completes that outbox row (a copy, or a scheduled message). */
  outboxId?: string;
  /** Set when the item is a scheduled message whose time has come: appended only while still scheduled. */
  scheduled?: boolean;
}

/** Bytes that a publish counts for in every queue: its body and its headers, the two that may be large. */
export const sizeOf = ({ body, headers }: Pick<PublishItem, "body" | "headers">): number =>
  body.length + (headers?.length ?? 0);

/** An edge's wish for topics: its first local subscriber arrived, or its last left. */
export interface InterestItem {
  type: "interest";
  add: string[];
  remove: string[];
  /** Whether `add` is everything the edge wants of the partition: what else was known is forgotten. */
  reset: boolean;
}

export type IngressItem = PublishItem | InterestItem;

/**
 * One entry of an ingress stream. An entry counts only if it carries the number
 * after the last one of its writer and epoch, or number 1 of a newer epoch; all
 * else is ignored, so that a lost entry can never let a later one overtake it.
 * The writer then appends again, in order, under a newer epoch.
 * `n: 0` marks an entry of a writer that needs no order (workers).
 */
export interface IngressEntry {
  /** The edge instance, or the worker's name. */
  writer: string;
  epoch: number;
  n: number;
  items: IngressItem[];
}
