import { Inject, Injectable } from "@nestjs/common";
import { Keys, laneOf, partitionOf, type PublishItem } from "@tellwire/contract";
import { batch, RedisConnection, type Command } from "@tellwire/redis";
import { FIELD, packIngress } from "@tellwire/streams";
import type { WorkerConfig } from "../config.js";
import { CONFIG } from "../infrastructure/parts.js";

/** Puts publishes on the ingress streams: one entry for each stream that gets any. */
@Injectable()
export class IngressWriter {
  constructor(
    @Inject(CONFIG) private readonly config: WorkerConfig,
    private readonly keys: Keys,
    private readonly redis: RedisConnection,
  ) {}

  /**
   * Nothing is ever sure to arrive: whoever writes keeps the outbox row, which
   * the append deletes.
   * @returns what could not be written, because Redis is away or the stream has reached its bound
   */
  async write(items: readonly PublishItem[]): Promise<PublishItem[]> {
    const streams = [...this.byStream(items)];
    const lengths = await batch(
      this.redis.client,
      streams.map(([key]): Command => ["XLEN", key]),
    );
    const open = streams.filter((_, n) => {
      const length = lengths[n];
      return typeof length === "number" && length < this.config.ingressBound;
    });
    const written = await batch(
      this.redis.client,
      open.map(([key, group]): Command => ["XADD", key, "*", FIELD, this.entry(group)]),
    );
    const taken = new Set(
      open.flatMap(([, group], n) => (written[n] instanceof Error ? [] : group)),
    );
    return items.filter((item) => !taken.has(item));
  }

  private byStream(items: readonly PublishItem[]): Map<string, PublishItem[]> {
    return Map.groupBy(items, (item) =>
      this.keys.ingress(partitionOf(item.topic, this.config.partitions), laneOf(item.priority)),
    );
  }

  /** Number 0: entries of a worker need no order among themselves. */
  private entry(items: PublishItem[]): Buffer {
    return packIngress({ writer: this.config.name, epoch: 0, n: 0, items });
  }
}
