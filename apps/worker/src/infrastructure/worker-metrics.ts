import { Injectable } from "@nestjs/common";
import { DeadLetterRepository, OutboxRepository, ScheduledRepository } from "@tellwire/persistence";
import { Metrics } from "@tellwire/telemetry";
import type { Counter } from "prom-client";
import { JobQueues } from "../jobs/job-queues.js";

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
    letters: DeadLetterRepository,
    queues: JobQueues,
  ) {
    this.offered = metrics.counter("outbox_offered_total", "Outbox rows offered", [
      "kind",
      "outcome",
    ]);
    this.jobs = metrics.counter("jobs_total", "Jobs done, by what became of them", [
      "job",
      "outcome",
    ]);
    metrics.gauge(
      "outbox_due",
      "Outbox rows that are due and not done, 10,000 at most",
      [],
      async (gauge) => gauge.set((await outbox.depth()).due),
    );
    metrics.gauge("outbox_oldest_seconds", "How late the latest outbox row is", [], async (gauge) =>
      gauge.set((await outbox.depth()).oldestMs / 1000),
    );
    metrics.gauge("scheduled_overdue", "Scheduled messages past their time", [], async (gauge) =>
      gauge.set(await scheduled.overdue(OVERDUE_MS)),
    );
    metrics.gauge(
      "dead_letters",
      "Dead letters that wait to be replayed, 10,000 at most",
      [],
      async (gauge) => gauge.set(await letters.waiting()),
    );
    metrics.gauge("queue_jobs", "Jobs in the queues", ["queue", "state"], async (gauge) => {
      for (const { queue, state, count } of await queues.depths()) {
        gauge.set({ queue, state }, count);
      }
    });
  }
}
