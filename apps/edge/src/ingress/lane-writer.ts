import {
  sizeOf,
  type Ack,
  type IngressEntry,
  type IngressItem,
  type Lane,
  type PublishItem,
} from "@tellwire/contract";
import { TenantShares } from "@tellwire/streams";

/** A publish without an ack yet. */
export interface Pending {
  item: PublishItem;
  tenant: string;
  bytes: number;
  /** Local clock, milliseconds. */
  since: number;
  settle: (result: Ack["result"]) => void;
  /** The client was told that no answer has come; the publish still waits for one. */
  late: boolean;
}

/** An entry in the stream: its last publish, and the topics it wished for. */
interface Written {
  id: string;
  lastReq: number;
  added: string[];
}

/** Bounds of one stream entry; one item always fits. */
const ENTRY_ITEMS = 256;
const ENTRY_BYTES = 256 * 1024;

/**
 * What this edge has to say to one lane of one partition, in order. Everything
 * unanswered is kept; {@link restart} says it all again, first and in order,
 * under a new epoch, and the router ignores what is left of the epoch before.
 */
export class LaneWriter {
  /** Publishes without an ack, in the order they came. */
  readonly pending = new Map<number, Pending>();
  /** The same by tenant. */
  readonly shares: TenantShares;
  /** Topics that this edge wants (kept by the express lane only). */
  readonly wanted = new Set<string>();
  /** Wishes whose head has not come yet, and since when they wait (local clock), the oldest first. */
  readonly unanswered = new Map<string, number>();
  /** Items not written in this epoch yet. */
  private outgoing: IngressItem[] = [];
  private epoch = 1;
  private n = 0;
  private everWanted = false;
  /** Entries written in this epoch that something may still wait for. */
  private written: Written[] = [];
  private restartedAt = 0;
  /** Acks may have been lost: the lane is looked into without waiting for it to stall. */
  doubted = false;
  /** The oldest entry when the lane was last found to be passed over; undefined if it was not. */
  suspect: string | null | undefined;

  constructor(
    readonly partition: number,
    readonly lane: Lane,
    /** Publishes that may be without an ack. */
    most: number,
  ) {
    this.shares = new TenantShares(most);
  }

  get waiting(): boolean {
    return this.pending.size > 0 || this.unanswered.size > 0;
  }

  get dirty(): boolean {
    return this.outgoing.length > 0;
  }

  /**
   * Since when the oldest of what is unanswered has waited in this epoch (local
   * clock). Answers to what came later do not count: one ack may be lost while
   * others go on coming.
   */
  get waitingSince(): number {
    const publish = this.pending.values().next().value?.since ?? Infinity;
    const wish = this.unanswered.values().next().value ?? Infinity;
    return Math.max(Math.min(publish, wish), this.restartedAt);
  }

  publish(pending: Pending): void {
    this.pending.set(pending.item.req, pending);
    this.shares.add(pending.tenant, 1);
    this.outgoing.push(pending.item);
  }

  want(topic: string, now: number): void {
    this.everWanted = true;
    this.wanted.add(topic);
    this.unanswered.set(topic, now);
    this.outgoing.push({ type: "interest", add: [topic], remove: [], reset: false });
  }

  unwant(topic: string): void {
    this.wanted.delete(topic);
    this.unanswered.delete(topic);
    this.outgoing.push({ type: "interest", add: [], remove: [topic], reset: false });
  }

  /** The ack of a publish has come. @returns the publish, or undefined if it was answered before */
  acked(req: number): Pending | undefined {
    const pending = this.pending.get(req);
    if (pending !== undefined && this.pending.delete(req)) this.shares.remove(pending.tenant, 1);
    return pending;
  }

  headCame(topic: string): void {
    this.unanswered.delete(topic);
  }

  /** Says everything unanswered again, under a new epoch. */
  restart(now: number): void {
    this.epoch++;
    this.n = 0;
    this.written = [];
    this.restartedAt = now;
    this.doubted = false;
    this.suspect = undefined;
    this.outgoing = [];
    if (this.everWanted) {
      for (const topic of this.wanted) this.unanswered.set(topic, now);
      this.outgoing.push({ type: "interest", add: [...this.wanted], remove: [], reset: true });
    }
    for (const { item } of this.pending.values()) this.outgoing.push(item);
  }

  /** The next entry to write, or null when all is said. */
  next(writer: string): IngressEntry | null {
    if (this.outgoing.length === 0) return null;
    let bytes = 0;
    let count = 0;
    while (
      count < this.outgoing.length &&
      count < ENTRY_ITEMS &&
      (count === 0 || bytes < ENTRY_BYTES)
    ) {
      const item = this.outgoing[count++] as IngressItem;
      bytes += item.type === "publish" ? sizeOf(item) : item.add.length * 64;
    }
    const items = merged(this.outgoing.splice(0, count));
    return { writer, epoch: this.epoch, n: ++this.n, items };
  }

  /** An entry of this epoch stands in the stream. */
  wrote(entry: IngressEntry, id: string): void {
    if (entry.epoch !== this.epoch) return;
    const last = entry.items.findLast((item) => item.type === "publish");
    this.written.push({
      id,
      lastReq: last?.req ?? 0,
      added: entry.items.flatMap((item) => (item.type === "interest" ? item.add : [])),
    });
    while (this.written.length > 1 && this.isAnswered(this.written[0] as Written)) {
      this.written.shift();
    }
  }

  /** The oldest entry that something still waits for; null if none was written. */
  get oldestEntry(): string | null {
    return this.written.find((entry) => !this.isAnswered(entry))?.id ?? null;
  }

  private isAnswered({ lastReq, added }: Written): boolean {
    const oldest = this.pending.keys().next().value ?? Infinity;
    return lastReq < oldest && !added.some((topic) => this.unanswered.has(topic));
  }
}

/** Joins neighbouring wishes, so that a thousand subscriptions are one item. */
function merged(items: IngressItem[]): IngressItem[] {
  const result: IngressItem[] = [];
  for (const item of items) {
    const last = result.at(-1);
    const joins = item.type === "interest" && last?.type === "interest" && !item.reset;
    // Within one item additions come before removals, so order is kept only while none is undone.
    if (joins && !item.add.some((topic) => last.remove.includes(topic))) {
      last.add.push(...item.add);
      last.remove.push(...item.remove);
    } else {
      result.push(
        item.type === "interest" ? { ...item, add: [...item.add], remove: [...item.remove] } : item,
      );
    }
  }
  return result;
}
