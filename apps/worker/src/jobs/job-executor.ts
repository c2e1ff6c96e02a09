import { Inject, Injectable } from "@nestjs/common";
import { JOBS, type JobName } from "@tellwire/contract";
import { DeadLetterRepository, type OutboxRef } from "@tellwire/persistence";
import type { Logger } from "@tellwire/telemetry";
import { afterFailure, HopelessError } from "../dead-letter/after-failure.js";
import { LOG } from "../infrastructure/parts.js";
import { WorkerMetrics } from "../infrastructure/worker-metrics.js";
import { HANDLERS, type Handlers } from "./job-handler.js";

export interface Attempt {
  name: string;
  row: OutboxRef;
  payload: unknown;
  /** Counted from 1. */
  attempt: number;
  attempts: number;
}

/** Has one job done by its handler, and decides what a failure means. */
@Injectable()
export class JobExecutor {
  constructor(
    @Inject(HANDLERS) private readonly handlers: Handlers,
    private readonly letters: DeadLetterRepository,
    private readonly metrics: WorkerMetrics,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  /**
   * @returns milliseconds until the job’s time comes; 0 if it has been dealt with
   * @throws what failed, if the same job is to be tried again
   */
  async execute(job: Attempt): Promise<number> {
    try {
      const early = await this.handle(job);
      this.metrics.jobs.inc({ job: job.name, outcome: early > 0 ? "early" : "done" });
      return early;
    } catch (error) {
      const consequence = afterFailure(error, job.attempt, job.attempts);
      this.metrics.jobs.inc({ job: job.name, outcome: consequence });
      const { message } = error as Error;
      this.log.warn({ job: job.name, id: job.row.id, err: message, consequence }, "job not done");
      if (consequence === "retry") throw error;
      if (consequence === "park") await this.letters.park([job.row], message);
      return 0;
    }
  }

  private handle({ name, row, payload }: Attempt): Promise<number> {
    const handler = this.handlers.get(name as JobName);
    if (handler === undefined) throw new HopelessError(`No handler for the job ${name}`);
    const parsed = JOBS[handler.job].payload.safeParse(payload);
    if (!parsed.success) throw new HopelessError(parsed.error.message);
    return handler.handle(row, parsed.data as never);
  }
}
