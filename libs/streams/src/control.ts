import type { ControlEvent, Keys } from "@tellwire/contract";
import type { RedisClient, RedisConnection } from "@tellwire/redis";
import type { Logger } from "@tellwire/telemetry";
import { packValue, unpackValue } from "./pack.js";
import { pause } from "./pause.js";
import { FIELD, StreamReader } from "./stream-reader.js";

const MAX_EVENTS = 10_000;
const BLOCK_MS = 5000;
const RETRY_MS = 250;

/** Tells every cache in the cluster to forget. Best effort: caches also expire. */
export async function writeControl(
  client: RedisClient,
  keys: Keys,
  events: ControlEvent[],
): Promise<void> {
  await Promise.all(
    events.map((event) =>
      client.call("XADD", keys.control(), "MAXLEN", "~", MAX_EVENTS, "*", FIELD, packValue(event)),
    ),
  );
}

/** Follows the control stream from now on. */
export class ControlReader {
  private reader: StreamReader;

  /** @param onGap called when events may have been missed: forget everything */
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly log: Logger,
    private readonly onEvent: (event: ControlEvent) => void,
    private readonly onGap: () => void,
  ) {
    this.reader = new StreamReader(redis, BLOCK_MS);
  }

  async run(signal: AbortSignal): Promise<void> {
    const key = this.keys.control();
    signal.addEventListener("abort", () => this.reader.close(), { once: true });
    let after: string | null = null;
    while (!signal.aborted) {
      try {
        // "$" would skip what comes between two reads, so the newest id is asked for once.
        if (after === null) {
          after = await this.newest(key);
          this.onGap();
        }
        const read = await this.reader.read(new Map([[key, after]]), 1000);
        for (const { id, data } of read.get(key) ?? []) {
          after = id;
          this.onEvent(unpackValue(data) as ControlEvent);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.log.debug({ err: (error as Error).message }, "control stream");
        after = null;
        await pause(RETRY_MS, signal);
      }
    }
  }

  private async newest(key: string): Promise<string> {
    const last = (await this.redis.client.xrevrange(key, "+", "-", "COUNT", 1)) as [
      string,
      string[],
    ][];
    return last[0]?.[0] ?? "0-0";
  }
}
