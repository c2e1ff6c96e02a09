import { Inject, Injectable } from "@nestjs/common";
import { OutboxRepository, ScheduledRepository } from "@tellwire/persistence";
import { Metrics, type Logger } from "@tellwire/telemetry";
import type { Counter } from "prom-client";
import { JobQueues } from "../jobs/job-queues.js";
import { LOG } from "./parts.js";

/** A scheduled message later than this is counted as overdue, in milliseconds. */
const OVERDUE_MS = 10_000;

/** What an operator sees of the work to be done and of what became of it. */
@Injectable()
export class WorkerMetrics {
  readonly offered: Counter<"kind" | "outcome">;
  readonly jobs: Counter<"job" | "outcome">;

  constructor(
    metrics: Metrics,
    outbox: OutboxRepository,
    scheduled: ScheduledRepository,
    queues: JobQueues,
    @Inject(LOG) log: Logger,
  ) {
    this.offered = metrics.counter("outbox_offered_total", "Outbox rows offered", [
      "kind",
      "outcome",
    ]);
    this.jobs = metrics.counter("jobs_total", "Jobs done, by what became of them", [
      "job",
      "outcome",
    ]);
    // A scrape must not fail because Postgres or Redis is away: then these are missing.
    const guarded =
      <T>(collect: (target: T) => Promise<void>) =>
      (target: T): Promise<void> =>
        collect(target).catch((error: Error) => {
          log.debug({ err: error.message }, "depth unknown");
        });
    const oldest = metrics.gauge("outbox_oldest_seconds", "How late the latest outbox row is");
    metrics.gauge(
      "outbox_due",
      "Outbox rows that are due and not done, 10,000 at most",
      [],
      guarded(async (gauge) => {
        const depth = await outbox.depth();
        gauge.set(depth.due);
        oldest.set(depth.oldestMs / 1000);
      }),
    );
    metrics.gauge(
      "scheduled_overdue",
      "Scheduled messages past their time",
      [],
      guarded(async (gauge) => gauge.set(await scheduled.overdue(OVERDUE_MS))),
    );
    metrics.gauge(
      "queue_jobs",
      "Jobs in the queues",
      ["queue", "state"],
      guarded(async (gauge) => {
        for (const { queue, state, count } of await queues.depths()) {
          gauge.set({ queue, state }, count);
        }
      }),
    );
  }
}
