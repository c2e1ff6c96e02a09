import type { Keys } from "@tellwire/contract";
import { batch, type Command, type RedisConnection } from "@tellwire/redis";
import { FIELD } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { packAnswer, packAnswers, type Answer } from "./wire.js";

/** Entries of one reply stream: an instance that falls behind by more asks again. */
const MAX_REPLIES = 10_000;
/** Bytes of one entry, beyond its first answer: many pages of history at once would be more than Redis takes. */
const ENTRY_BYTES = 1 << 20;

/** Answers of one entry, packed. */
interface Entry {
  answers: Buffer[];
  bytes: number;
}

/**
 * Writes answers: those of one turn to one instance in one entry, or in several
 * where they are large, all instances in one round trip. An answer that cannot be written is dropped, because the
 * caller asks again.
 */
export class ReplyWriter {
  private readonly due = new Map<string, Entry[]>();
  private scheduled = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly log: Logger,
  ) {}

  add(instance: string, answer: Answer): void {
    const packed = packAnswer(answer);
    const entries = this.due.get(instance) ?? [];
    const last = entries.at(-1);
    if (last === undefined || last.bytes + packed.length > ENTRY_BYTES) {
      entries.push({ answers: [packed], bytes: packed.length });
    } else {
      last.answers.push(packed);
      last.bytes += packed.length;
    }
    this.due.set(instance, entries);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.writing = Promise.all([this.writing, this.write()]).then(() => {});
    });
  }

  /** Resolves when everything added so far has been written. */
  async flushed(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.writing;
  }

  private async write(): Promise<void> {
    const commands = [...this.due].flatMap(([instance, entries]) =>
      entries.map(({ answers }): Command => [
        "XADD",
        this.keys.replies(instance),
        "NOMKSTREAM",
        "MAXLEN",
        "~",
        MAX_REPLIES,
        "*",
        FIELD,
        packAnswers(answers),
      ]),
    );
    this.due.clear();
    try {
      for (const result of await batch(this.redis.client, commands)) {
        if (result instanceof Error) throw result;
      }
    } catch (error) {
      this.log.debug({ err: (error as Error).message }, "rpc reply not written");
    }
  }
}
