import type { RedisConnection } from "@tellwire/redis";
import { FIELD, pause, StreamReader } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { unpackAnswers, type Answer } from "./wire.js";

/** An instance that says nothing for this long is gone, and its replies with it. */
const EXPIRY_MS = 15_000;
const HEARTBEAT_MS = 1000;
const RETRY_MS = 100;
const ENTRIES_AT_ONCE = 1000;

/**
 * Reads the reply stream of one instance. The instance alone makes the stream,
 * and keeps it alive: the service never writes to one that is not there, so
 * replies to the dead cost nothing.
 */
export class ReplyReader {
  private after = "0-0";
  private beatAt = 0;

  constructor(
    private readonly redis: RedisConnection,
    private readonly key: string,
    private readonly log: Logger,
    private readonly onAnswer: (answer: Answer) => void,
  ) {}

  /** Makes the stream, empty but for a marker. */
  async open(): Promise<void> {
    const { client } = this.redis;
    this.after = "0-0";
    await client.xadd(this.key, "*", FIELD, "");
    await client.pexpire(this.key, EXPIRY_MS);
  }

  async run(signal: AbortSignal): Promise<void> {
    const reader = new StreamReader(this.redis, HEARTBEAT_MS);
    signal.addEventListener("abort", () => reader.close(), { once: true });
    while (!signal.aborted) {
      try {
        await this.beat();
        const read = await reader.read(new Map([[this.key, this.after]]), ENTRIES_AT_ONCE);
        for (const { id, data } of read.get(this.key) ?? []) {
          this.after = id;
          if (data.length > 0) unpackAnswers(data).forEach(this.onAnswer);
        }
      } catch (error) {
        if (signal.aborted) break;
        this.log.debug({ err: (error as Error).message }, "rpc replies");
        this.beatAt = 0;
        await pause(RETRY_MS, signal);
      }
    }
    await this.redis.client.unlink(this.key).catch(() => {});
  }

  /** Keeps the stream alive and short; makes it again where Redis has lost it. */
  private async beat(): Promise<void> {
    const now = Date.now();
    if (now - this.beatAt < HEARTBEAT_MS) return;
    const { client } = this.redis;
    if ((await client.pexpire(this.key, EXPIRY_MS)) === 0) await this.open();
    else await client.xtrim(this.key, "MINID", this.after);
    this.beatAt = now;
  }
}
