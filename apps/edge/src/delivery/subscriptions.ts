import { TellwireError } from "@tellwire/contract";
import type { Connection } from "../connection/connection.js";
import type { Feeds } from "./feeds.js";
import type { Feed } from "./feed.js";
import { inTime } from "./in-time.js";
import { Subscription } from "./subscription.js";

export interface SubscribeRequest {
  /** Canonical. */
  topic: string;
  after?: number;
  /** Leaves a subscription that is there already as it is. */
  ifAbsent?: boolean;
}

export interface Subscribed {
  topic: string;
  head: number;
  recovered: boolean;
  truncated: boolean;
  reset?: boolean;
}

const OPEN_TIMEOUT_MS = 15_000;

/** Who receives what at this edge. Whether they may was decided before. */
export class Subscriptions {
  constructor(
    private readonly feeds: Feeds,
    /** Topics of one connection. */
    private readonly most: number,
    private readonly onChange: (connection: Connection) => void,
  ) {}

  /**
   * Subscribes a connection. Messages follow after the caller's answer has been
   * queued. A second subscription to a topic with a cursor begins again there.
   * @param epoch the log's epoch in which the cursors were got, if known
   * @throws TellwireError `invalid_params` past the bound of topics; `upstream` when
   * topics cannot be opened in time
   */
  async subscribe(
    connection: Connection,
    requests: SubscribeRequest[],
    epoch?: string,
  ): Promise<Subscribed[]> {
    const fresh = requests.filter(({ topic }) => !connection.subscriptions.has(topic));
    if (connection.subscriptions.size + fresh.length > this.most) {
      throw new TellwireError("invalid_params", `At most ${this.most} topics a connection`);
    }
    const feeds = requests.map(({ topic }) => this.feeds.open(topic));
    try {
      const heads = await inTime(OPEN_TIMEOUT_MS, "The topic cannot be opened now", (signal) =>
        this.opened(requests, feeds, signal, epoch),
      );
      if (connection.closed) return [];
      const stale = this.isStale(epoch);
      const results = requests.map(({ topic, after, ifAbsent }, i) => {
        const lost = after !== undefined && (stale || after > (heads.get(topic) ?? after));
        const existing = connection.subscriptions.get(topic);
        if (existing !== undefined && (after === undefined || ifAbsent === true)) {
          const head = Math.max((feeds[i] as Feed).contiguous, existing.cursor);
          return { topic, head, recovered: false, truncated: false };
        }
        return this.join(connection, feeds[i] as Feed, after, lost);
      });
      this.onChange(connection);
      return results;
    } finally {
      for (const feed of feeds) feed.release();
    }
  }

  unsubscribe(connection: Connection, topics: string[]): void {
    for (const topic of topics) this.end(connection, topic);
    this.onChange(connection);
  }

  /** Ends a subscription that is no longer permitted. */
  revoke(connection: Connection, topic: string, error: TellwireError): void {
    if (!connection.subscriptions.has(topic)) return;
    this.end(connection, topic);
    connection.event("unsubscribed", { topic, error: error.toWire() });
    this.onChange(connection);
  }

  /** The connection is gone; what it was subscribed to is kept with its session. */
  drop(connection: Connection): void {
    for (const subscription of connection.subscriptions.values()) {
      this.feeds.get(subscription.topic)?.leave(subscription);
    }
  }

  private join(
    connection: Connection,
    feed: Feed,
    after: number | undefined,
    lost: boolean,
  ): Subscribed {
    const { topic } = feed;
    const head = Math.max(feed.contiguous, lost ? 0 : (after ?? 0));
    this.end(connection, topic);
    const subscription = new Subscription(connection, topic);
    connection.subscriptions.set(topic, subscription);
    const truncated = after !== undefined && !lost && after < feed.floor;
    const behind = feed.join(subscription, lost ? undefined : after);
    subscription.acked = subscription.cursor;
    // After this turn, so that the answer leaves before the messages.
    if (behind) setImmediate(() => feed.serve(subscription));
    return {
      topic,
      head,
      recovered: after !== undefined && !lost && !truncated,
      truncated,
      ...(lost && { reset: true }),
    };
  }

  private end(connection: Connection, topic: string): void {
    const subscription = connection.subscriptions.get(topic);
    if (subscription === undefined) return;
    connection.subscriptions.delete(topic);
    subscription.ended = true;
    this.feeds.get(topic)?.leave(subscription);
  }

  /** Resolves when all feeds are open, with the heads of those whose cursors are not known to be real. */
  private async opened(
    requests: SubscribeRequest[],
    feeds: Feed[],
    signal: AbortSignal,
    epoch: string | undefined,
  ): Promise<Map<string, number>> {
    await Promise.all(feeds.map((feed) => feed.ready()));
    // Another edge may be ahead of this one: only the log knows whether the cursor is real.
    const ahead = requests.filter(
      ({ after }, i) => after !== undefined && after > (feeds[i] as Feed).contiguous,
    );
    if (ahead.length === 0 || this.isStale(epoch)) return new Map();
    const topics = ahead.map(({ topic }) => topic);
    const { heads } = await this.feeds.heads(topics, signal);
    return new Map(heads.map(({ topic, head }) => [topic, head]));
  }

  private isStale(epoch: string | undefined): boolean {
    return epoch !== undefined && epoch !== this.feeds.logEpoch;
  }
}
