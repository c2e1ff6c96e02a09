import type { Keys } from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { Partition, type PartitionWindow } from "../intake/partition.js";
import type { LeaseRepository } from "./lease.repository.js";
import { share } from "./rendezvous.js";

export interface OwnershipOptions {
  /** Unique to this run of this router. */
  process: string;
  partitions: number;
  /** Between two looks at who is there, in milliseconds; well below a third of the lease time. */
  intervalMs: number;
  /** Items of one partition that may wait here. */
  window: PartitionWindow;
}

/**
 * Takes, keeps and hands over partitions. A partition is handed over between two
 * batches; one whose lease was lost is dropped at once and what it held is read
 * again by its owner, which may be this router.
 */
export class Ownership {
  /** The partitions that this router owns now. */
  readonly owned = new Map<number, Partition>();
  private fingerprint: string | null = null;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly leases: LeaseRepository,
    private readonly options: OwnershipOptions,
    private readonly hooks: {
      /** Waits until no batch of the partition is under way. */
      quiet: (partition: Partition) => Promise<void>;
      /** There is something to announce. */
      acquired: () => void;
      /** Which of these edge instances are gone. */
      gone: (edges: string[]) => Promise<string[]>;
      /** What these edge instances wanted ends. */
      forget: (edges: string[]) => void;
    },
    private readonly log: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.step();
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "leases cannot be kept");
      }
      await pause(this.options.intervalMs, signal);
    }
  }

  /** Forgets partitions whose state may be wrong; they are taken again in the next step. */
  drop(partitions: Iterable<Partition>): void {
    for (const partition of partitions) {
      if (this.owned.get(partition.id) !== partition) continue;
      partition.lost = true;
      this.owned.delete(partition.id);
      this.log.warn({ partition: partition.id }, "partition lost");
    }
  }

  /** Gives every partition up, so that others need not wait for the leases to expire. */
  async leave(): Promise<void> {
    await this.leases.leave();
    await Promise.all([...this.owned.values()].map((partition) => this.handOver(partition)));
  }

  private async step(): Promise<void> {
    await this.checkRedis();
    const owners = share(this.options.partitions, await this.leases.heartbeat());
    await Promise.all(
      owners.map(async (owner, id) => {
        const partition = this.owned.get(id);
        const mine = owner === this.options.process;
        if (partition === undefined) return mine ? this.acquire(id) : undefined;
        if (!mine) return this.handOver(partition);
        if (!(await this.leases.renew(id, partition.token))) this.drop([partition]);
      }),
    );
    await this.forgetGone();
  }

  /** A write to an edge shows that it is gone; where nothing is said, nobody would find out. */
  private async forgetGone(): Promise<void> {
    const partitions = [...this.owned.values()];
    const known = new Set(partitions.flatMap((p) => [...p.interest.edges, ...p.writers]));
    const gone = await this.hooks.gone([...known]);
    if (gone.length > 0) this.hooks.forget(gone);
  }

  /** A node that restarted, or a replica that took over, may lack the newest writes. */
  private async checkRedis(): Promise<void> {
    const fingerprint = await this.redis.fingerprint();
    if (this.fingerprint !== null && this.fingerprint !== fingerprint) {
      this.log.warn("redis changed: partitions are read anew");
      this.drop([...this.owned.values()]);
    }
    this.fingerprint = fingerprint;
  }

  private async acquire(id: number): Promise<void> {
    const token = await this.leases.acquire(id);
    if (token === null) return;
    const partition = new Partition(id, token, this.keys, this.options.window);
    const [position, interest] = await Promise.all([
      this.redis.client.hgetall(this.keys.position(id)),
      this.redis.client.hkeys(this.keys.interest(id)),
    ]);
    partition.restore(position, interest);
    for (const edge of await this.hooks.gone([
      ...new Set([...partition.interest.edges, ...partition.writers]),
    ])) {
      partition.forget(edge);
      partition.forgetWriter(edge);
    }
    this.owned.set(id, partition);
    this.log.info({ partition: id, topics: interest.length }, "partition acquired");
    this.hooks.acquired();
  }

  private async handOver(partition: Partition): Promise<void> {
    partition.lost = true;
    this.owned.delete(partition.id);
    await this.hooks.quiet(partition);
    await this.leases.release(partition.id, partition.token);
    this.log.info({ partition: partition.id }, "partition handed over");
  }
}
