import type { RedisClient, RedisConnection } from "@tellwire/redis";

export interface StreamEntry {
  id: string;
  data: Buffer;
}

/** The one field of every entry: its packed content. */
export const FIELD = "d";

type RawStreams = [key: Buffer, entries: [id: Buffer, fields: Buffer[]][]][] | null;

/**
 * Blocking reads on a connection of their own. On a Cluster the keys of one
 * reader must share a hash tag.
 */
export class StreamReader {
  private readonly client: RedisClient;

  /** @param blockMs how long a read waits for something to come, in milliseconds */
  constructor(
    private readonly redis: RedisConnection,
    private readonly blockMs: number,
  ) {
    this.client = redis.duplicate(blockMs);
  }

  /**
   * What came after each key's last id; nothing if none came in time.
   * Does not wait for Redis to come back: a broken connection is an error.
   */
  async read(
    after: ReadonlyMap<string, string>,
    count: number,
  ): Promise<Map<string, StreamEntry[]>> {
    const streams = (await this.client.callBuffer(
      "XREAD",
      "COUNT",
      count,
      "BLOCK",
      this.blockMs,
      "STREAMS",
      ...after.keys(),
      ...after.values(),
    )) as RawStreams;
    const read = new Map<string, StreamEntry[]>();
    for (const [key, entries] of streams ?? []) {
      read.set(
        key.toString(),
        entries.map(([id, fields]) => ({ id: id.toString(), data: fields[1] ?? Buffer.alloc(0) })),
      );
    }
    return read;
  }

  close(): void {
    this.redis.release(this.client);
  }
}
