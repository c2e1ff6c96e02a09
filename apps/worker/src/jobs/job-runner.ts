import { Inject, Injectable } from "@nestjs/common";
import { DelayedError, Worker, type ConnectionOptions, type Job } from "bullmq";
import { Keys, QUEUES } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { WorkerConfig } from "../config.js";
import { CONFIG, LOG } from "../infrastructure/parts.js";
import { RetentionProcessor } from "../retention/retention.processor.js";
import { JobExecutor } from "./job-executor.js";
import type { JobData } from "./job-queues.js";

/** After an error of Redis, milliseconds until the next look for jobs. */
const RETRY_MS = 500;
/** A job whose worker has died, or whose end a failover has forgotten, is taken up again after this. */
const LOST_AFTER_MS = 5_000;

/** Takes jobs from the queues, as many at once as configured. */
@Injectable()
export class JobRunner {
  private workers: Worker[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: WorkerConfig,
    @Inject(LOG) private readonly log: Logger,
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly executor: JobExecutor,
    private readonly retention: RetentionProcessor,
  ) {}

  start(): void {
    const shared = {
      connection: this.redis.patient() as ConnectionOptions,
      prefix: this.keys.queues(),
      runRetryDelay: RETRY_MS,
      lockDuration: LOST_AFTER_MS,
      stalledInterval: LOST_AFTER_MS,
    };
    this.workers = [
      new Worker<JobData>(QUEUES.jobs, (job, token) => this.run(job, token!), {
        ...shared,
        concurrency: this.config.concurrency,
      }),
      new Worker(QUEUES.maintenance, () => this.retention.run(), shared),
    ];
    for (const worker of this.workers) {
      worker.on("error", (error) => this.log.debug({ err: error.message }, "queue"));
      worker.on("failed", (job, error) =>
        this.log.warn({ job: job?.name, id: job?.id, err: error.message }, "job failed"),
      );
    }
  }

  /** Takes no more jobs and waits for those under way, `ms` at most; the outbox keeps the rest. */
  async stop(ms: number): Promise<void> {
    const closing = Promise.all(this.workers.map((worker) => worker.close()));
    await Promise.race([closing, pause(ms)]).catch((error: Error) =>
      this.log.debug({ err: error.message }, "queue not closed"),
    );
  }

  private async run(job: Job<JobData>, token: string): Promise<void> {
    const early = await this.executor.execute({
      name: job.name,
      row: { tenant: job.data.tenant, id: job.id! },
      payload: job.data.payload,
      attempt: job.attemptsMade + 1,
      attempts: job.opts.attempts ?? 1,
    });
    if (early === 0) return;
    // Queues go by the clocks of their workers; whether the time has come, Postgres says.
    await job.moveToDelayed(Date.now() + Math.ceil(early), token);
    throw new DelayedError();
  }
}
