import { Inject, Injectable } from "@nestjs/common";
import { Queue, type ConnectionOptions } from "bullmq";
import { Keys, MAINTENANCE, QUEUES } from "@tellwire/contract";
import type { OutboxRow } from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import type { Logger } from "@tellwire/telemetry";
import type { WorkerConfig } from "../config.js";
import { CONFIG, LOG } from "../infrastructure/parts.js";

/** What a job carries; its name is the row's kind and its id the row's. */
export interface JobData {
  tenant: string;
  payload: unknown;
}

/** Tries of a job within BullMQ, and the wait after the first; it doubles each time. */
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const STATES = ["waiting", "active", "delayed", "failed"] as const;

/** The way into the queues. A job that is there already is not added again. */
@Injectable()
export class JobQueues {
  private readonly jobs: Queue<JobData>;
  private readonly maintenance: Queue;

  constructor(
    redis: RedisConnection,
    keys: Keys,
    @Inject(CONFIG) private readonly config: WorkerConfig,
    @Inject(LOG) log: Logger,
  ) {
    // Fails at once while Redis is away: the outbox keeps what could not be added.
    const connection = redis.client as ConnectionOptions;
    const options = { connection, prefix: keys.queues() };
    this.jobs = new Queue(QUEUES.jobs, options);
    this.maintenance = new Queue(QUEUES.maintenance, options);
    for (const queue of [this.jobs, this.maintenance]) {
      queue.on("error", (error) => log.debug({ err: error.message }, "queue"));
    }
  }

  /** A queue whose first look at Redis fails never recovers: such a process must not start. */
  async ready(): Promise<void> {
    await Promise.all([this.jobs.waitUntilReady(), this.maintenance.waitUntilReady()]);
  }

  async add(rows: readonly OutboxRow[]): Promise<void> {
    await this.jobs.addBulk(
      rows.map(({ tenant, id, kind, payload, dueIn }) => ({
        name: kind,
        data: { tenant, payload },
        opts: {
          jobId: id,
          delay: Math.max(0, Math.ceil(dueIn)),
          attempts: ATTEMPTS,
          backoff: { type: "exponential", delay: BACKOFF_MS },
          // An id that stays in Redis could not be offered again.
          removeOnComplete: true,
          removeOnFail: true,
        },
      })),
    );
  }

  /** One schedule for all replicas, whichever sets it. */
  async scheduleMaintenance(): Promise<void> {
    await this.maintenance.upsertJobScheduler(
      MAINTENANCE.retention,
      { every: this.config.retentionEveryMs },
      { name: MAINTENANCE.retention, opts: { removeOnComplete: true, removeOnFail: true } },
    );
  }

  async depths(): Promise<{ queue: string; state: string; count: number }[]> {
    const each = [this.jobs, this.maintenance].map(async (queue) => {
      const counts = await queue.getJobCounts(...STATES);
      return STATES.map((state) => ({ queue: queue.name, state, count: counts[state] ?? 0 }));
    });
    return (await Promise.all(each)).flat();
  }
}
