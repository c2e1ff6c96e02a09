import type { EgressEntry, Keys } from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import { pause, StreamReader, unpackEgress } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";

const COUNT = 256;
const BLOCK_MS = 200;
const RETRY_MS = 100;
/** Entries read between two trims of the stream. */
const TRIM_EVERY = 256;

/** Reads what the routers say to this edge and watches that no entry is missing. */
export class EgressReader {
  private readonly last = new Map<string, number>();
  private stream: string | null = null;
  private after = "0-0";
  private untrimmed = 0;
  /** Times that entries of a router were missing. */
  holes = 0;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly log: Logger,
    private readonly onEntry: (entry: EgressEntry) => void,
    /** Called after each read, when all its entries have been handed on. */
    private readonly onRead: () => void,
    /** Entries of a router are missing: anything may have been in them. */
    private readonly onHole: () => void,
  ) {}

  /** Reads the streams of this instance from now on; null stops. */
  follow(instance: string | null): void {
    this.stream = instance === null ? null : this.keys.egress(instance);
    this.after = "0-0";
    this.last.clear();
  }

  /** Entries that Redis keeps for this edge, read ones included until they are trimmed. */
  async length(): Promise<number> {
    return this.stream === null ? 0 : this.redis.client.xlen(this.stream);
  }

  /** How much newer the stream's newest entry is than the newest one read, in milliseconds. */
  async lag(): Promise<number> {
    if (this.stream === null) return 0;
    const [newest] = await this.redis.client.xrevrange(this.stream, "+", "-", "COUNT", 1);
    return newest === undefined ? 0 : Math.max(0, timeOf(newest[0]) - timeOf(this.after));
  }

  async run(signal: AbortSignal): Promise<void> {
    const reader = new StreamReader(this.redis, BLOCK_MS);
    signal.addEventListener("abort", () => reader.close(), { once: true });
    while (!signal.aborted) {
      const { stream } = this;
      if (stream === null) {
        await pause(RETRY_MS / 10, signal);
        continue;
      }
      try {
        const read = await reader.read(new Map([[stream, this.after]]), COUNT);
        // Another instance may have begun meanwhile.
        if (stream !== this.stream) continue;
        for (const { id, data } of read.get(stream) ?? []) {
          this.after = id;
          if (data.length > 0) this.receive(data);
        }
        if (read.size > 0) this.onRead();
        this.trim(stream, read.get(stream)?.length ?? 0);
      } catch (error) {
        if (signal.aborted) return;
        this.log.debug({ err: (error as Error).message }, "egress read");
        await pause(RETRY_MS, signal);
      }
    }
  }

  private receive(data: Buffer): void {
    let entry: EgressEntry;
    try {
      entry = unpackEgress(data);
    } catch (error) {
      this.log.error({ err: (error as Error).message }, "unreadable egress entry");
      this.missed();
      return;
    }
    const expected = (this.last.get(entry.writer) ?? 0) + 1;
    this.last.set(entry.writer, entry.n);
    this.onEntry(entry);
    if (entry.n !== expected) {
      this.log.warn({ router: entry.writer, expected, n: entry.n }, "egress entries missing");
      this.missed();
    }
  }

  private missed(): void {
    this.holes++;
    this.onHole();
  }

  /** What was read need not be kept; how much is left is no matter of order. */
  private trim(stream: string, read: number): void {
    this.untrimmed += read;
    if (this.untrimmed < TRIM_EVERY) return;
    this.untrimmed = 0;
    this.redis.client.xtrim(stream, "MINID", "~", this.after).catch((error: Error) => {
      this.log.debug({ err: error.message }, "egress trim");
    });
  }
}

/** When an entry was written, in Redis milliseconds. */
const timeOf = (id: string): number => Number(id.split("-")[0]);
