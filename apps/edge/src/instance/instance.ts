import { randomUUID } from "node:crypto";
import type { Keys } from "@tellwire/contract";
import { batch, MasterWatch, type Command, type RedisConnection } from "@tellwire/redis";
import { FIELD, pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";

export interface InstanceOptions {
  name: string;
  partitions: number;
  /** How long this edge is believed to live after its last heartbeat, in milliseconds. */
  ttlMs: number;
  intervalMs: number;
}

export interface InstanceEvents {
  /** Redis knows this edge under a new id; nothing said under the old one counts any more. */
  registered(id: string): void;
  /** The registration is gone, or must be renewed. */
  suspended(): void;
  /** The shard of one partition has lost its data. */
  partitionReset(partition: number): void;
}

/**
 * This edge as the rest of the cluster knows it. Its stream expires unless the
 * heartbeat renews it; a heartbeat that finds it gone, or finds Redis to be
 * another than before, registers anew under a fresh id. So does one whose node of
 * a Redis Cluster stays away: another id may belong to another node. The
 * heartbeat waits for no other node than its own.
 */
export class Instance {
  private current: string | null = null;
  /** When the first of the heartbeats that have failed in a row did; null if the last one was good. */
  private failingSince: number | null = null;
  /** Redis is another than before: the registration, or what was said since, may be gone. */
  private outdated = false;
  private looking = false;
  private readonly masters: MasterWatch;
  private readonly epochs: (string | null)[];

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly options: InstanceOptions,
    private readonly events: InstanceEvents,
    private readonly log: Logger,
  ) {
    this.masters = new MasterWatch(redis);
    this.epochs = Array.from({ length: options.partitions }, () => null);
  }

  /** Null while not registered. */
  get id(): string | null {
    return this.current;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.masters.changed();
    while (!signal.aborted) {
      try {
        if (this.current !== null && !(await this.holds(this.current))) {
          this.log.warn({ instance: this.current }, "registration lost");
          this.suspend();
        }
        if (this.current === null) await this.register();
        else this.beginLook();
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "heartbeat failed");
      }
      await pause(this.options.intervalMs, signal);
    }
  }

  /** Says goodbye: routers forget this edge at their next write. */
  async leave(): Promise<void> {
    const id = this.current;
    this.suspend();
    if (id !== null) await batch(this.redis.client, [["DEL", this.keys.egress(id)]]);
  }

  private async register(): Promise<void> {
    this.outdated = false;
    const id = `${this.options.name}.${randomUUID().slice(0, 8)}`;
    const key = this.keys.egress(id);
    const [made, epochs] = await Promise.all([
      batch(this.redis.client, [
        // A first, empty entry: routers never create the stream themselves.
        ["XADD", key, "*", FIELD, ""],
        ["PEXPIRE", key, this.options.ttlMs],
      ]),
      this.readEpochs(),
    ]);
    throwFirst(made);
    for (const [p, epoch] of epochs.entries()) this.epochs[p] = epoch ?? this.epochs[p] ?? null;
    this.failingSince = null;
    this.current = id;
    this.log.info({ instance: id }, "registered");
    this.events.registered(id);
  }

  /**
   * The heartbeat. The node is away when a second one fails: after a pause of this process the first
   * may have run out of time in it.
   * @throws when its node does not answer, for the first time
   */
  private async holds(id: string): Promise<boolean> {
    if (this.outdated) return false;
    try {
      const key = this.keys.egress(id);
      if ((await this.redis.client.pexpire(key, this.options.ttlMs)) !== 1) return false;
      this.failingSince = null;
      return true;
    } catch (error) {
      const now = performance.now();
      this.failingSince ??= now;
      if (now - this.failingSince >= this.options.intervalMs) return false;
      throw error;
    }
  }

  private beginLook(): void {
    if (this.looking) return;
    this.looking = true;
    this.look()
      .catch((error: Error) => this.log.warn({ err: error.message }, "look at Redis failed"))
      .finally(() => (this.looking = false));
  }

  /** Looks whether a node of Redis has lost what was said to it; passes over those that do not answer. */
  private async look(): Promise<void> {
    const [changed, epochs] = await Promise.all([this.masters.changed(), this.readEpochs()]);
    if (changed) this.outdated = true;
    for (const [p, epoch] of epochs.entries()) {
      const known = this.epochs[p];
      if (epoch === null || epoch === known) continue;
      this.epochs[p] = epoch;
      if (known !== null) this.events.partitionReset(p);
    }
  }

  private suspend(): void {
    this.current = null;
    this.events.suspended();
  }

  /** Null where there is none, or none can be read. */
  private async readEpochs(): Promise<(string | null)[]> {
    const replies = await batch(
      this.redis.client,
      this.epochs.map((_, p): Command => ["GET", this.keys.epoch(p)]),
    );
    return replies.map((reply) => (reply instanceof Buffer ? reply.toString() : null));
  }
}

function throwFirst(replies: unknown[]): void {
  const error = replies.find((reply) => reply instanceof Error);
  if (error !== undefined) throw error;
}
