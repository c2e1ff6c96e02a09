import type { Keys } from "@tellwire/contract";
import { batch, type RedisConnection } from "@tellwire/redis";
import { FIELD } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { packAnswers, type Answer } from "./wire.js";

/** Entries of one reply stream: an instance that falls behind by more asks again. */
const MAX_REPLIES = 10_000;

/**
 * Writes answers: those of one turn to one instance in one entry, all instances
 * in one round trip. An answer that cannot be written is dropped, because the
 * caller asks again.
 */
export class ReplyWriter {
  private readonly due = new Map<string, Answer[]>();
  private scheduled = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly log: Logger,
  ) {}

  add(instance: string, answer: Answer): void {
    const answers = this.due.get(instance);
    if (answers === undefined) this.due.set(instance, [answer]);
    else answers.push(answer);
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
    const commands = [...this.due].map(
      ([instance, answers]) =>
        [
          "XADD",
          this.keys.replies(instance),
          "NOMKSTREAM",
          "MAXLEN",
          "~",
          MAX_REPLIES,
          "*",
          FIELD,
          packAnswers(answers),
        ] as [string, ...(string | number | Buffer)[]],
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
