import type { WireError } from "./errors.js";
import type { StoredMessage } from "./message.js";

/** What became of a publish. */
export interface Ack {
  req: number;
  result:
    | { status: "committed"; seq: number; at: number; duplicate: boolean }
    | { status: "scheduled"; duplicate: boolean }
    | { status: "failed"; error: WireError };
}

/** A topic's newest seq, and the one below which retention has dropped messages (0: none). */
export interface TopicHead {
  topic: string;
  head: number;
  floor: number;
}

/**
 * One entry of an edge's egress stream: what one append means to that edge.
 * `heads` come from the same append: every message above them follows in later
 * entries of whichever router owns the partition.
 */
export interface EgressEntry {
  /** The router process. */
  writer: string;
  /** Counts the writer's entries to this edge instance from 1: a hole shows what was trimmed or lost. */
  n: number;
  messages: StoredMessage[];
  acks: Ack[];
  heads: TopicHead[];
}
