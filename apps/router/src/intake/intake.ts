import { LANES, type Keys } from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import { pause, StreamReader, unpackIngress } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { Partition } from "./partition.js";

/** Entries read of one stream at a time; an entry holds what an edge gathered in a turn. */
const COUNT = 128;
/** How long a read waits: one that was just acquired is read after that, and the round under way, at the latest. */
const BLOCK_MS = 200;
const RETRY_MS = 100;

export interface IntakeHooks {
  /** Resolves when what is read could be worked on: until then more gathers in Redis, and one read brings it all. */
  room(): Promise<void>;
  /** Something was read. */
  work(): void;
}

/**
 * Reads the ingress streams of this router's partitions: on one node all with
 * one blocking read, on a Cluster each partition on a connection of its own.
 */
export class Intake {
  private readonly loops = new Map<number, AbortController>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly log: Logger,
    private readonly owned: ReadonlyMap<number, Partition>,
    private readonly appender: IntakeHooks,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    if (!this.redis.clustered) return this.loop(() => [...this.owned.values()], signal);
    while (!signal.aborted) {
      this.followOwnership(signal);
      await pause(BLOCK_MS, signal);
    }
  }

  /** One loop a partition, begun and ended as partitions come and go. */
  private followOwnership(signal: AbortSignal): void {
    for (const [id, loop] of this.loops) {
      if (this.owned.has(id)) continue;
      loop.abort();
      this.loops.delete(id);
    }
    for (const id of this.owned.keys()) {
      if (this.loops.has(id)) continue;
      const own = new AbortController();
      this.loops.set(id, own);
      const partition = (): Partition[] => {
        const current = this.owned.get(id);
        return current === undefined ? [] : [current];
      };
      void this.loop(partition, AbortSignal.any([signal, own.signal]));
    }
  }

  private async loop(partitions: () => Partition[], signal: AbortSignal): Promise<void> {
    const reader = new StreamReader(this.redis, BLOCK_MS);
    signal.addEventListener("abort", () => reader.close(), { once: true });
    let more = false;
    while (!signal.aborted) {
      // One read brings what gathers during a round; on a Cluster it takes many, which begin at once.
      if (!more && !this.redis.clustered) await this.appender.room();
      if (signal.aborted) return;
      more = false;
      const reading = partitions();
      const after = new Map(reading.flatMap((partition) => partition.toRead()));
      if (after.size === 0) {
        await pause(RETRY_MS / 10, signal);
        continue;
      }
      try {
        const read = await reader.read(after, COUNT);
        // Tenants take turns among what was read.
        more = [...read.values()].some((entries) => entries.length === COUNT);
        if (read.size > 0 && !signal.aborted) this.deliver(reading, read);
      } catch (error) {
        if (signal.aborted) return;
        this.log.debug({ err: (error as Error).message }, "ingress read");
        await pause(RETRY_MS, signal);
      }
    }
  }

  private deliver(reading: Partition[], read: Awaited<ReturnType<StreamReader["read"]>>): void {
    for (const partition of reading) {
      if (partition.lost) continue;
      for (const lane of LANES) {
        for (const { id, data } of read.get(this.keys.ingress(partition.id, lane)) ?? []) {
          partition.receive(lane, id, this.unpacked(partition.id, id, data));
        }
      }
    }
    this.appender.work();
  }

  /** An entry that cannot be read is passed over: it must not stop the partition. */
  private unpacked(
    partition: number,
    id: string,
    data: Buffer,
  ): ReturnType<typeof unpackIngress> | null {
    try {
      return unpackIngress(data);
    } catch (error) {
      this.log.error(
        { partition, entry: id, err: (error as Error).message },
        "unreadable ingress entry",
      );
      return null;
    }
  }
}
