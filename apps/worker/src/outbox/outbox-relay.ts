import { Inject, Injectable } from "@nestjs/common";
import type { PublishItem } from "@tellwire/contract";
import {
  CopyRepository,
  DeadLetterRepository,
  OutboxRepository,
  type OutboxRow,
} from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { hasHadItsChances } from "../dead-letter/patience.js";
import { LOG } from "../infrastructure/parts.js";
import { WorkerMetrics } from "../infrastructure/worker-metrics.js";
import { JobQueues } from "../jobs/job-queues.js";
import { copyOf } from "./copy-of.js";
import { IngressWriter } from "./ingress-writer.js";

const ROWS = 200;
const IDLE_MS = 200;
/** What did not get through is offered again this soon: it was Redis that was away, not time. */
const AGAIN_MS = 1000;

type CopySource = Parameters<CopyRepository["originals"]>[0][number];

/**
 * Carries outbox rows to where their work is done: copies straight to their
 * ingress stream, the rest to the job queues. A row stays until the work itself
 * deletes it, so what gets lost on the way is carried again.
 */
@Injectable()
export class OutboxRelay {
  constructor(
    private readonly outbox: OutboxRepository,
    private readonly copies: CopyRepository,
    private readonly letters: DeadLetterRepository,
    private readonly ingress: IngressWriter,
    private readonly queues: JobQueues,
    private readonly metrics: WorkerMetrics,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const rows = await this.outbox.claim(ROWS);
        await this.relay(rows);
        if (rows.length === ROWS) continue;
        await pause(IDLE_MS, signal);
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "outbox not relayed; trying again");
        await pause(AGAIN_MS, signal);
      }
    }
  }

  private async relay(rows: OutboxRow[]): Promise<void> {
    const [spent, fresh] = split(rows, hasHadItsChances);
    if (spent.length > 0) {
      await this.letters.park(spent, "not done within its time, however often it was tried");
      this.count(spent, "parked");
    }
    const [copies, jobs] = split(fresh, (row) => row.kind === "message.copy");
    await Promise.all([this.relayCopies(copies), this.relayJobs(jobs)]);
  }

  private async relayCopies(rows: OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    const originals = await this.copies.originals(rows.map((row) => row.payload as CopySource));
    const items: PublishItem[] = [];
    for (const [n, row] of rows.entries()) {
      const original = originals[n]!;
      // Of what has been erased meanwhile there is nothing left to copy.
      if (original === null) await this.outbox.done([row]);
      else await this.unlessBroken(row, () => items.push(copyOf(original, row.id)));
    }
    const left = new Set((await this.ingress.write(items)).map((item) => item.outboxId));
    const [refused, taken] = split(rows, (row) => left.has(row.id));
    this.count(taken, "relayed");
    await this.again(refused);
  }

  private async relayJobs(rows: OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await this.queues.add(rows);
      this.count(rows, "relayed");
    } catch (error) {
      this.log.warn({ err: (error as Error).message }, "jobs not enqueued; trying again");
      await this.again(rows);
    }
  }

  private async again(rows: OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    this.count(rows, "postponed");
    await this.outbox.postpone(rows, AGAIN_MS);
  }

  /** One row that cannot be read must not hold up the others. */
  private async unlessBroken(row: OutboxRow, work: () => void): Promise<void> {
    try {
      work();
    } catch (error) {
      await this.letters.park([row], (error as Error).message);
      this.count([row], "parked");
    }
  }

  private count(rows: OutboxRow[], outcome: string): void {
    for (const { kind } of rows) this.metrics.offered.inc({ kind, outcome });
  }
}

function split<T>(all: readonly T[], belongs: (one: T) => boolean): [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []];
  for (const one of all) (belongs(one) ? yes : no).push(one);
  return [yes, no];
}
