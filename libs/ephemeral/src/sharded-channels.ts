import { pause } from "@tellwire/streams";
import type { RedisClient, RedisConnection } from "@tellwire/redis";
import { Cluster } from "ioredis";

type Handler = (message: Buffer, channel: Buffer) => void;

const RETRY_MS = 250;

/**
 * Sharded publish/subscribe that outlives Redis, in the form in which the
 * Socket.IO adapter wants it (that of the package `redis`). Left to ioredis, a
 * subscription that meets a breaking connection rejects with nobody listening,
 * which ends the process.
 */
export class ShardedChannels {
  private readonly subscriber: RedisClient;
  private readonly handlers = new Map<string, Handler>();
  private readonly starting: Promise<void>[] = [];
  private readonly stop = new AbortController();
  private waiting = 0;
  /** Messages not sent, because Redis was away or too slow. */
  dropped = 0;

  /** @param most messages that may wait for Redis; past it they are dropped, as what is ephemeral is worth nothing late */
  constructor(
    private readonly redis: RedisConnection,
    private readonly most: number,
  ) {
    this.subscriber = redis.duplicate();
    this.subscriber.on("smessageBuffer", (channel: Buffer, message: Buffer) =>
      this.handlers.get(channel.toString())?.(message, channel),
    );
    // A Cluster's client follows the slots by itself, and handles what fails.
    if (this.subscriber instanceof Cluster) return;
    this.subscriber.options.autoResubscribe = false;
    this.subscriber.on("ready", () => {
      for (const channel of this.handlers.keys()) void this.establish(channel);
    });
  }

  /** Messages that wait for Redis. */
  get inFlight(): number {
    return this.waiting;
  }

  /** Resolves once every channel asked for so far is subscribed to. */
  async ready(): Promise<void> {
    await Promise.all(this.starting);
  }

  sSubscribe(channel: string, handler: Handler): void {
    this.handlers.set(channel, handler);
    this.starting.push(this.establish(channel));
  }

  async sUnsubscribe(channels: string | string[]): Promise<void> {
    for (const channel of [channels].flat()) {
      this.handlers.delete(channel);
      await this.subscriber.sunsubscribe(channel).catch(() => undefined);
    }
  }

  /** At most once: what cannot be sent now is dropped. Never rejects. */
  async sPublish(channel: string, message: string | Buffer): Promise<void> {
    if (this.waiting >= this.most) {
      this.dropped++;
      return;
    }
    this.waiting++;
    try {
      await this.redis.client.spublish(channel, message);
    } catch {
      this.dropped++;
    } finally {
      this.waiting--;
    }
  }

  close(): void {
    this.stop.abort();
    this.redis.release(this.subscriber);
  }

  private async establish(channel: string): Promise<void> {
    while (!this.stop.signal.aborted && this.handlers.has(channel)) {
      try {
        await this.subscriber.ssubscribe(channel);
        return;
      } catch {
        await pause(RETRY_MS, this.stop.signal);
      }
    }
  }
}
