import { randomUUID } from "node:crypto";
import type { Keys } from "@tellwire/contract";
import { batch, type Command, type RedisConnection } from "@tellwire/redis";
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
 * another than before, registers anew under a fresh id.
 */
export class Instance {
  private current: string | null = null;
  private fingerprint = "";
  private readonly epochs: (string | null)[];

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly options: InstanceOptions,
    private readonly events: InstanceEvents,
    private readonly log: Logger,
  ) {
    this.epochs = Array.from({ length: options.partitions }, () => null);
  }

  /** Null while not registered. */
  get id(): string | null {
    return this.current;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.current === null) await this.register();
        else await this.beat(this.current);
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
    const fingerprint = await this.redis.fingerprint();
    const id = `${this.options.name}.${randomUUID().slice(0, 8)}`;
    const key = this.keys.egress(id);
    const made = await batch(this.redis.client, [
      // A first, empty entry: routers never create the stream themselves.
      ["XADD", key, "*", FIELD, ""],
      ["PEXPIRE", key, this.options.ttlMs],
    ]);
    throwFirst(made);
    const epochs = await this.readEpochs();
    for (const [p, epoch] of epochs.entries()) this.epochs[p] = epoch;
    this.fingerprint = fingerprint;
    this.current = id;
    this.log.info({ instance: id }, "registered");
    this.events.registered(id);
  }

  private async beat(id: string): Promise<void> {
    const renewed = await batch(this.redis.client, [
      ["PEXPIRE", this.keys.egress(id), this.options.ttlMs],
    ]);
    throwFirst(renewed);
    const fingerprint = await this.redis.fingerprint();
    if (renewed[0] !== 1 || fingerprint !== this.fingerprint) {
      this.log.warn({ instance: id }, "registration lost");
      this.suspend();
      await this.register();
      return;
    }
    for (const [p, epoch] of (await this.readEpochs()).entries()) {
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

  private async readEpochs(): Promise<(string | null)[]> {
    const replies = await batch(
      this.redis.client,
      this.epochs.map((_, p): Command => ["GET", this.keys.epoch(p)]),
    );
    throwFirst(replies);
    return replies.map((reply) => (reply === null ? null : String(reply)));
  }
}

function throwFirst(replies: unknown[]): void {
  const error = replies.find((reply) => reply instanceof Error);
  if (error !== undefined) throw error;
}
