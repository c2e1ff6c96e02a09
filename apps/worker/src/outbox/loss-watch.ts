import { Inject, Injectable } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import { OutboxRepository } from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { LOG } from "../infrastructure/parts.js";
import { JobQueues } from "../jobs/job-queues.js";

const LOOK_MS = 1000;

/**
 * Notices that Redis has lost the queues, and has everything offered again at
 * once. Without it the outbox would do the same, each row in its own time.
 */
@Injectable()
export class LossWatch {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly outbox: OutboxRepository,
    private readonly queues: JobQueues,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if ((await this.redis.client.exists(this.keys.queuesEpoch())) === 0) await this.restore();
      } catch (error) {
        this.log.debug({ err: (error as Error).message }, "queues not looked at");
      }
      await pause(LOOK_MS, signal);
    }
  }

  /** The mark is made last: who dies before that leaves the work to the next one. */
  private async restore(): Promise<void> {
    await this.queues.scheduleMaintenance();
    const rows = await this.outbox.rouse();
    await this.redis.client.set(this.keys.queuesEpoch(), new Date().toISOString());
    this.log.info({ rows }, "the queues were empty; everything is offered again");
  }
}
