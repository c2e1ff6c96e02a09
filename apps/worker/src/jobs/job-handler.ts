import { JOBS, type JobName, type JobPayload } from "@tellwire/contract";
import type { OutboxRef } from "@tellwire/persistence";

/** The one handler of a kind of job. Done twice, a job has the effect of once. */
export interface JobHandler<N extends JobName = JobName> {
  readonly job: N;
  /**
   * Does the work, which also deletes the outbox row (or leaves that to the append).
   * @returns milliseconds until it is to be tried again because its time has not come; 0 if done
   */
  handle(row: OutboxRef, payload: JobPayload<N>): Promise<number>;
}

export type Handlers = ReadonlyMap<JobName, JobHandler>;

/** The handlers are injected by this name. */
export const HANDLERS = Symbol("handlers");

/**
 * Binds the catalogue of jobs to its handlers.
 * @throws Error when a job has no handler or two: the process must not start
 */
export function handlersByName(handlers: readonly { readonly job: JobName }[]): Handlers {
  const byName = new Map<JobName, JobHandler>();
  for (const handler of handlers as readonly JobHandler[]) {
    if (byName.has(handler.job)) throw new Error(`Two handlers for the job ${handler.job}`);
    byName.set(handler.job, handler);
  }
  for (const job of Object.keys(JOBS) as JobName[]) {
    if (!byName.has(job)) throw new Error(`No handler for the job ${job}`);
  }
  return byName;
}
