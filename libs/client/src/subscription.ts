import { Delivery, type MessageHandler } from "./delivery.js";
import { TopicFeed, type FeedSource } from "./topic-feed.js";
import type { Message } from "./types.js";

export interface SubscribeOptions {
  /** The highest seq one already has: what follows is delivered. Without it, what comes from now on. */
  after?: number;
  /** The `logEpoch` in which `after` was got, where both were kept. */
  logEpoch?: string;
  /**
   * Gets each message, once, in order; if it returns a promise, the next one
   * when that has settled. Without it the subscription is an async iterable.
   */
  onMessage?: MessageHandler;
}

export interface SubscriptionHooks {
  processed(topic: string, seq: number): void;
  truncated(event: { topic: string; floor: number }): void;
  reset(event: { topic: string; head: number; log_epoch: string }): void;
  unsubscribe(topic: string): Promise<void>;
}

/**
 * A topic's messages, each once and in order, however often the connection
 * changes underneath.
 */
export class Subscription implements AsyncIterable<Message> {
  /** Takes what the server sends; not for applications. @internal */
  readonly feed: TopicFeed;
  private readonly delivery: Delivery;
  private done: number | undefined;

  constructor(
    /** Whole and canonical: `channel:lobby@acme`. */
    readonly topic: string,
    options: SubscribeOptions,
    source: FeedSource,
    private readonly hooks: SubscriptionHooks,
    limits: { maxBuffered: number; holeMs: number },
  ) {
    this.done = options.after;
    this.delivery = new Delivery(limits.maxBuffered, options.onMessage, {
      processed: (seq) => {
        this.done = seq;
        hooks.processed(topic, seq);
      },
      roomAgain: () => this.feed.resume(),
    });
    this.feed = new TopicFeed(
      options.after,
      options.logEpoch,
      source,
      {
        room: () => this.delivery.room,
        deliver: (message) => this.delivery.push(message),
        truncated: (floor) => hooks.truncated({ topic, floor }),
        reset: (head, log_epoch) => {
          this.done = head;
          hooks.reset({ topic, head, log_epoch });
        },
      },
      limits.holeMs,
    );
  }

  /** The highest seq the application is through with: the `after` to go on from another time. */
  get cursor(): number | undefined {
    return this.done ?? this.feed.start;
  }

  /** The epoch of `cursor`; to be kept with it. */
  get logEpoch(): string | undefined {
    return this.feed.logEpoch;
  }

  async unsubscribe(): Promise<void> {
    await this.hooks.unsubscribe(this.topic);
  }

  /** Leaving the loop ends the subscription. */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return {
      next: () => this.delivery.next(),
      return: async () => {
        await this.unsubscribe();
        return { done: true, value: undefined };
      },
    };
  }

  /** Nothing more comes; not for applications. @internal */
  end(error: Error | null): void {
    this.feed.stop();
    this.delivery.end(error);
  }
}
