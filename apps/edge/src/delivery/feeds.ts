import type { ControlEvent, EgressEntry, TopicHead } from "@tellwire/contract";
import type { Logger } from "@tellwire/telemetry";
import { pause } from "@tellwire/streams";
import type { Ingress } from "../ingress/ingress.js";
import { Feed, type FeedHooks } from "./feed.js";
import type { HistorySource } from "./history.js";
import { onceMore } from "./once-more.js";

export interface FeedLimits {
  /** How long a topic stays open here after its last subscriber has left, in milliseconds. */
  lingerMs: number;
  /** Messages and bytes held of one topic, for those who were away shortly. */
  ringMessages: number;
  ringBytes: number;
  /** Bytes of all rings together. */
  ringsBytes: number;
}

const RETRY_MS = 200;
const HEADS_AT_ONCE = 1000;

/** Every topic that has subscribers at this edge. */
export class Feeds {
  private readonly feeds = new Map<string, Feed>();
  /** Bytes by feed, the one that has been quiet longest first. */
  private readonly rings = new Map<Feed, number>();
  private ringBytes = 0;
  private epoch: string | null = null;

  constructor(
    private readonly ingress: Pick<Ingress, "want" | "unwant" | "acks" | "headCame">,
    private readonly history: HistorySource,
    private readonly limits: FeedLimits,
    private readonly now: () => number,
    private readonly log: Logger,
  ) {}

  get size(): number {
    return this.feeds.size;
  }

  get bytes(): number {
    return this.ringBytes;
  }

  /** Subscriptions that are being served older messages. */
  get catchingUp(): number {
    return this.sum((feed) => feed.catching.size);
  }

  /** Messages that came beyond a hole and wait until it is filled. */
  get held(): number {
    return this.sum((feed) => feed.waitingMessages);
  }

  get logEpoch(): string {
    return this.epoch ?? "";
  }

  get(topic: string): Feed | undefined {
    return this.feeds.get(topic);
  }

  all(): IterableIterator<Feed> {
    return this.feeds.values();
  }

  /**
   * The feed of a canonical topic; the first to ask makes this edge want it. It
   * stays open at least until whoever asked releases it.
   */
  open(topic: string): Feed {
    let feed = this.feeds.get(topic);
    if (feed === undefined) {
      feed = new Feed(topic, this.history, this.hooks, {
        messages: this.limits.ringMessages,
        bytes: this.limits.ringBytes,
      });
      this.feeds.set(topic, feed);
      this.ingress.want(topic);
    }
    feed.hold();
    return feed;
  }

  /** What a router says. Messages come before heads: those of the same entry leave no hole. */
  receive(entry: EgressEntry): void {
    for (const message of entry.messages) this.feeds.get(message.topic)?.receive(message);
    for (const head of entry.heads) {
      this.ingress.headCame(head.topic);
      this.feeds.get(head.topic)?.head(head);
    }
    this.ingress.acks(entry.acks);
  }

  /**
   * Something may have been missed: asks the log how far every topic is. Holes come
   * in crowds, and a log that is away must not find a crowd of questions when it is back.
   */
  readonly compareHeads = onceMore(async () => {
    const topics = [...this.feeds.values()].filter((feed) => feed.isOpen).map((feed) => feed.topic);
    // Also without topics: the log's epoch may be another.
    for (let first = 0; first === 0 || first < topics.length; first += HEADS_AT_ONCE) {
      const { heads } = await this.heads(topics.slice(first, first + HEADS_AT_ONCE));
      for (const head of heads) this.feeds.get(head.topic)?.head(head);
    }
  });

  /** Heads by the log itself, asked for until there is an answer or `signal` has aborted. */
  async heads(
    topics: string[],
    signal?: AbortSignal,
  ): Promise<{ heads: TopicHead[]; logEpoch: string }> {
    for (;;) {
      try {
        const answer = await this.history.heads(topics);
        this.hooks.checkEpoch(answer.logEpoch);
        return answer;
      } catch (error) {
        if (signal?.aborted) throw error;
        await this.hooks.retry(error);
      }
    }
  }

  /** Learns the log's epoch before the first client can ask for it. */
  async start(): Promise<void> {
    await this.heads([]);
  }

  onControl(event: ControlEvent): void {
    if (event.type === "log_epoch") this.hooks.checkEpoch(event.logEpoch);
  }

  onGap(): void {
    void this.compareHeads();
  }

  /** Lets go of topics that have long had no subscriber. */
  sweep(): void {
    const now = Date.now();
    for (const [topic, feed] of this.feeds) {
      if (!feed.empty) feed.emptySince = now;
      else if (now - feed.emptySince > this.limits.lingerMs) {
        this.feeds.delete(topic);
        feed.close();
        this.ingress.unwant(topic);
      }
    }
  }

  private readonly hooks: FeedHooks = {
    checkEpoch: (logEpoch) => {
      const before = this.epoch;
      this.epoch = logEpoch;
      if (before !== null && before !== logEpoch) void this.reset(logEpoch);
    },
    now: () => this.now(),
    retry: async (error) => {
      this.log.debug({ err: (error as Error).message }, "history read failed; trying again");
      await pause(RETRY_MS);
    },
    ringChanged: (feed, bytes) => {
      this.ringBytes += bytes - (this.rings.get(feed) ?? 0);
      this.rings.delete(feed);
      if (bytes > 0) this.rings.set(feed, bytes);
      while (this.ringBytes > this.limits.ringsBytes && this.rings.size > 1) {
        const [quietest] = this.rings.keys();
        quietest?.clearRing();
      }
    },
  };

  private sum(of: (feed: Feed) => number): number {
    let sum = 0;
    for (const feed of this.feeds.values()) sum += of(feed);
    return sum;
  }

  private async reset(logEpoch: string): Promise<void> {
    this.log.warn({ logEpoch }, "the log was restored: clients begin anew");
    const topics = [...this.feeds.keys()];
    for (let first = 0; first < topics.length; first += HEADS_AT_ONCE) {
      const { heads } = await this.heads(topics.slice(first, first + HEADS_AT_ONCE));
      for (const { topic, head } of heads) this.feeds.get(topic)?.reset(head, logEpoch);
    }
  }
}
