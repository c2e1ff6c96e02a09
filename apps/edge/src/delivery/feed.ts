import type { StoredMessage, TopicHead } from "@tellwire/contract";
import { catchUp, nextTurn } from "./catch-up.js";
import { frameOf } from "./encoded-message.js";
import type { HistorySource } from "./history.js";
import { Ring } from "./ring.js";
import type { Subscription } from "./subscription.js";

/** Messages beyond a hole that are kept while it is filled; past it they are read again with the rest. */
const MOST_HELD = 1000;
const PAGE = 500;
/** Messages of a page that are delivered in one turn of the event loop. */
const CHUNK = 50;
/** How long the floor is taken for current; what retention drops later is told by the event. */
const FLOOR_AGE_MS = 1000;

export interface FeedHooks {
  /** The log was restored: what this edge knows of it may never have been. */
  checkEpoch(logEpoch: string): void;
  /** The time by which messages expire, in milliseconds since 1970. */
  now: () => number;
  /** Waits before a read is tried again. */
  retry(error: unknown): Promise<void>;
  /** The ring has grown or shrunk. */
  ringChanged(feed: Feed, bytes: number): void;
}

/**
 * One topic at this edge: what arrives is delivered in order, without gaps and
 * once, to every live subscription; on a hole it holds and reads what is missing.
 */
export class Feed {
  /** Subscriptions that have everything up to {@link contiguous}. */
  readonly live = new Set<Subscription>();
  /** Subscriptions that are still being served older messages, or about to be. */
  readonly catching = new Set<Subscription>();
  readonly ring: Ring;
  /** Everything up to this seq has been delivered here. */
  contiguous = 0;
  /** Messages up to this seq are gone; more may be. */
  floor = 0;
  private floorAt = -Infinity;
  emptySince = 0;
  /** Subscribes under way: who is about to join must not find the feed closed. */
  private holders = 0;
  private opened = false;
  private readonly waiting: (() => void)[] = [];
  private readonly held = new Map<number, StoredMessage>();
  private target = 0;
  private filling = false;
  private closed = false;

  constructor(
    readonly topic: string,
    private readonly history: HistorySource,
    private readonly hooks: FeedHooks,
    ring: { messages: number; bytes: number },
  ) {
    this.ring = new Ring(ring.messages, ring.bytes);
  }

  get empty(): boolean {
    return this.live.size + this.catching.size + this.holders === 0;
  }

  /** Messages that came beyond a hole and wait until it is filled. */
  get waitingMessages(): number {
    return this.held.size;
  }

  get isOpen(): boolean {
    return this.opened;
  }

  *subscribers(): Generator<Subscription> {
    yield* this.live;
    yield* this.catching;
  }

  /** Keeps the feed open until {@link release}. */
  hold(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
    this.emptySince = Date.now();
  }

  /** Resolves when the topic's head is known. */
  ready(): Promise<void> {
    if (this.opened) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The head that a router or the log names. The first one opens the feed. */
  head({ head, floor }: TopicHead): void {
    this.floorRose(floor);
    if (!this.opened) {
      this.opened = true;
      this.contiguous = head;
      for (const resolve of this.waiting.splice(0)) resolve();
    } else if (head > this.contiguous) this.fill(head);
  }

  /** Retention does not tell open feeds: whoever has asked the log does. */
  floorRose(floor: number): void {
    this.floor = Math.max(this.floor, floor);
    this.floorAt = performance.now();
  }

  /**
   * Whether all that follows a cursor is here. Beyond the newest message only the
   * log knows whether the cursor is real, as another edge may be ahead of this
   * one; before the oldest only the log knows what retention has left, and need not
   * be asked by each of a crowd that comes back.
   */
  knows(cursor: number): boolean {
    if (cursor >= this.contiguous) return cursor === this.contiguous;
    return this.ring.reaches(cursor) || performance.now() - this.floorAt < FLOOR_AGE_MS;
  }

  receive(message: StoredMessage): void {
    if (!this.opened || message.seq <= this.contiguous) return;
    if (message.seq === this.contiguous + 1) {
      this.deliver(message);
      if (this.held.size > 0) this.deliverHeld();
      return;
    }
    if (this.held.size < MOST_HELD) this.held.set(message.seq, message);
    this.fill(message.seq);
  }

  /** Lets a subscription join at `after` (the newest message if undefined), to be {@link serve}d. */
  join(subscription: Subscription, after: number | undefined): void {
    subscription.began = after ?? this.contiguous;
    subscription.acked = subscription.cursor = subscription.began;
    this.catching.add(subscription);
  }

  /** Serves a subscription what it lacks, at its client's pace, until it is live. */
  serve(subscription: Subscription): void {
    void catchUp(subscription, this, this.history, (error) => this.hooks.retry(error));
  }

  /** A subscription that was behind has everything now. */
  caughtUp(subscription: Subscription): void {
    this.catching.delete(subscription);
    if (!subscription.over) this.live.add(subscription);
  }

  /** Writes the next message to a subscription, if it wants it. */
  send(subscription: Subscription, message: StoredMessage): void {
    const { connection } = subscription;
    subscription.cursor = message.seq;
    if (!subscription.wants(message)) return;
    const frame = frameOf(message, connection.wire.codec, this.hooks.now, (bytes) => {
      this.ring.grow(message, bytes);
      this.hooks.ringChanged(this, this.ring.bytes);
    });
    connection.send(frame);
  }

  leave(subscription: Subscription): void {
    subscription.ended = true;
    this.live.delete(subscription);
    this.catching.delete(subscription);
  }

  /** The log was restored to an earlier point: begin again at its head. */
  reset(head: number, logEpoch: string): void {
    this.contiguous = head;
    this.target = 0;
    this.held.clear();
    this.clearRing();
    for (const subscription of [...this.live, ...this.catching]) {
      subscription.cursor = head;
      subscription.event("reset", { topic: this.topic, head, log_epoch: logEpoch });
    }
  }

  clearRing(): void {
    this.ring.clear();
    this.hooks.ringChanged(this, 0);
  }

  close(): void {
    this.closed = true;
    this.clearRing();
  }

  /** @param backlog this is one of many that come at once, which is no fault of the client's */
  private deliver(message: StoredMessage, backlog = false): void {
    this.contiguous = message.seq;
    this.ring.push(message);
    this.hooks.ringChanged(this, this.ring.bytes);
    for (const subscription of this.live) {
      if (subscription.cursor >= message.seq) continue;
      if (backlog && !subscription.connection.writable) this.fallBehind(subscription);
      else this.send(subscription, message);
    }
  }

  private fallBehind(subscription: Subscription): void {
    this.live.delete(subscription);
    this.catching.add(subscription);
    setImmediate(() => this.serve(subscription));
  }

  private deliverHeld(): void {
    for (;;) {
      const next = this.held.get(this.contiguous + 1);
      if (next === undefined) break;
      this.held.delete(next.seq);
      this.deliver(next, true);
    }
    if (this.held.size === 0) return;
    for (const seq of this.held.keys()) if (seq <= this.contiguous) this.held.delete(seq);
  }

  /** Reads from the log until everything up to `target` is delivered. */
  private fill(target: number): void {
    this.target = Math.max(this.target, target);
    if (this.filling) return;
    void this.fillUp();
  }

  private async fillUp(): Promise<void> {
    this.filling = true;
    while (this.contiguous < this.target && !this.closed) {
      try {
        const page = await this.history.page(this.topic, this.contiguous, PAGE);
        if (this.closed) break;
        this.hooks.checkEpoch(page.logEpoch);
        if (page.floor > this.contiguous) this.truncate(page.floor);
        for (const [i, message] of page.messages.entries()) {
          if (i % CHUNK === CHUNK - 1) await nextTurn();
          if (this.closed) break;
          if (message.seq === this.contiguous + 1) this.deliver(message, true);
        }
        this.deliverHeld();
        // The log does not reach as far as was said: nothing more can come of asking it.
        if (!page.more && page.head < this.target) this.target = page.head;
      } catch (error) {
        await this.hooks.retry(error);
      }
    }
    // In the turn of the last look at the target, so that no later one goes unseen.
    this.filling = false;
  }

  private truncate(floor: number): void {
    this.floor = floor;
    this.contiguous = floor;
    // It does not reach the newest message any more, as whoever reads it takes for granted.
    this.clearRing();
    for (const subscription of this.live) {
      if (subscription.cursor >= floor) continue;
      subscription.cursor = floor;
      subscription.event("truncated", { topic: this.topic, floor });
    }
  }
}
