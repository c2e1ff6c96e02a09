import type { Keys } from "@tellwire/contract";
import { MasterWatch, type RedisConnection } from "@tellwire/redis";
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
 *
 * Nothing here waits for anything else: each step begins what is due and is not
 * still under way, so a Redis node that is lost, or a batch that takes long, holds
 * up its own partitions and no others.
 */
export class Ownership {
  /** The partitions that this router owns now. */
  readonly owned = new Map<number, Partition>();
  private readonly masters: MasterWatch;
  /** Those that were alive when that could last be asked, in Redis' order. */
  private routers: string[] = [];
  /** Times that a master was found to be another: what was read before may be wrong. */
  private changes = 0;
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly failing = new Set<string>();

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
  ) {
    this.masters = new MasterWatch(redis);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.step();
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
    await Promise.all(this.underWay.values());
    this.begin("farewell", () => this.leases.leave());
    for (const partition of this.owned.values()) {
      this.begin(nameOf(partition.id), () => this.handOver(partition));
    }
    await Promise.all(this.underWay.values());
  }

  private step(): void {
    this.begin("masters", () => this.checkMasters());
    this.begin("routers", async () => {
      const routers = await this.leases.heartbeat();
      if (routers.join() === this.routers.join()) return;
      this.routers = routers;
      this.keepAll();
    });
    this.keepAll();
    this.begin("edges", () => this.forgetGone());
  }

  /** Begins something unless it is still under way; what fails is begun again in the next step. */
  private begin(name: string, work: () => Promise<void>): void {
    if (this.underWay.has(name)) return;
    const done = work()
      .then(() => void this.failing.delete(name))
      .catch((error: Error) => {
        if (!this.failing.has(name))
          this.log.warn({ of: name, err: error.message }, "leases cannot be kept");
        this.failing.add(name);
      })
      .finally(() => this.underWay.delete(name));
    this.underWay.set(name, done);
  }

  private keepAll(): void {
    for (const [id, owner] of share(this.options.partitions, this.routers).entries()) {
      this.begin(nameOf(id), () => this.keep(id, owner === this.options.process));
    }
  }

  private async keep(id: number, mine: boolean): Promise<void> {
    const partition = this.owned.get(id);
    if (partition === undefined) return mine ? this.acquire(id) : undefined;
    if (!mine) return this.handOver(partition);
    if (!(await this.leases.renew(id, partition.token))) this.drop([partition]);
  }

  /** A write to an edge shows that it is gone; where nothing is said, nobody would find out. */
  private async forgetGone(): Promise<void> {
    const partitions = [...this.owned.values()];
    const known = new Set(partitions.flatMap((p) => [...p.interest.edges, ...p.writers]));
    const gone = await this.hooks.gone([...known]);
    if (gone.length > 0) this.hooks.forget(gone);
  }

  /** A node that restarted, or a replica that took over, may lack the newest writes. */
  private async checkMasters(): Promise<void> {
    if (!(await this.masters.changed())) return;
    this.changes++;
    this.log.warn("redis changed: partitions are read anew");
    this.drop([...this.owned.values()]);
  }

  private async acquire(id: number): Promise<void> {
    const { changes } = this;
    const token = await this.leases.acquire(id);
    if (token === null) return;
    const partition = new Partition(id, token, this.keys, this.options.window);
    const [position, interest] = await Promise.all([
      this.redis.client.hgetall(this.keys.position(id)),
      this.redis.client.hkeys(this.keys.interest(id)),
    ]);
    partition.restore(position, interest);
    // What was read may be of a master that is none any more; the next step reads it again.
    if (changes !== this.changes) return;
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

const nameOf = (partition: number): string => `partition ${partition}`;
