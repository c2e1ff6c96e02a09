import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import type { RedisClient, RedisConnection } from "@tellwire/redis";

const COUNT = 64;
/** Short, so that a stopping reader can let the read end by itself and loses nothing. */
const BLOCK_MS = 500;
/** A consumer that has not read for this long is one whose process died. */
const FORGOTTEN_MS = 600_000;

type RawRead = [key: Buffer, entries: [id: Buffer, fields: Buffer[]][]][] | null;

export interface RequestEntry {
  /** When it was written, in Redis milliseconds. */
  at: number;
  data: Buffer;
}

/**
 * Takes entries of a request stream that other replicas take from as well. There
 * is nothing to acknowledge: what a dying replica has taken is asked again.
 */
export class RequestReader {
  private readonly consumer = `${hostname()}-${randomUUID()}`;
  private readonly client: RedisClient;

  constructor(
    private readonly redis: RedisConnection,
    private readonly key: string,
    private readonly group: string,
  ) {
    this.client = redis.duplicate(BLOCK_MS);
  }

  /** The next entries, or none after half a second. */
  async read(): Promise<RequestEntry[]> {
    try {
      const streams = (await this.client.callBuffer(
        "XREADGROUP",
        "GROUP",
        this.group,
        this.consumer,
        "COUNT",
        COUNT,
        "BLOCK",
        BLOCK_MS,
        "NOACK",
        "STREAMS",
        this.key,
        ">",
      )) as RawRead;
      return (streams?.[0]?.[1] ?? []).map(([id, fields]) => ({
        at: Number(id.toString().split("-")[0]),
        data: fields[1] ?? Buffer.alloc(0),
      }));
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.createGroup();
      return [];
    }
  }

  /** Entries nobody has taken yet; 0 while there is no group. */
  async lag(): Promise<number> {
    try {
      const groups = (await this.redis.client.call("XINFO", "GROUPS", this.key)) as unknown[][];
      const group = groups.find((fields) => fields[fields.indexOf("name") + 1] === this.group);
      return group === undefined ? 0 : Number(group[group.indexOf("lag") + 1] ?? 0);
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  /** Removes the consumers of processes that died. */
  async forgetTheDead(): Promise<void> {
    const consumers = (await this.redis.client.call(
      "XINFO",
      "CONSUMERS",
      this.key,
      this.group,
    )) as unknown[][];
    for (const fields of consumers) {
      const name = String(fields[fields.indexOf("name") + 1]);
      if (Number(fields[fields.indexOf("idle") + 1]) > FORGOTTEN_MS) {
        await this.redis.client.xgroup("DELCONSUMER", this.key, this.group, name);
      }
    }
  }

  async close(): Promise<void> {
    await this.redis.client
      .xgroup("DELCONSUMER", this.key, this.group, this.consumer)
      .catch(() => {});
    this.redis.release(this.client);
  }

  /** From the stream's start: what was asked while there was no group is answered too. */
  private async createGroup(): Promise<void> {
    try {
      await this.redis.client.xgroup("CREATE", this.key, this.group, "0", "MKSTREAM");
    } catch (error) {
      // Another replica was faster.
      if (!(error instanceof Error) || !error.message.startsWith("BUSYGROUP")) throw error;
    }
  }
}

/** The stream or its group is not there: at the very first start, or Redis lost everything. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && /NOGROUP|UNBLOCKED|no such key/.test(error.message);
