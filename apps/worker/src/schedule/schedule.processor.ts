import { Injectable } from "@nestjs/common";
import type { JobPayload } from "@tellwire/contract";
import { OutboxRepository, ScheduledRepository, type OutboxRef } from "@tellwire/persistence";
import { AwayError } from "../dead-letter/after-failure.js";
import type { JobHandler } from "../jobs/job-handler.js";
import { IngressWriter } from "../outbox/ingress-writer.js";

/**
 * Puts a scheduled message whose time has come on its ingress stream, as its
 * sender’s: it is authorised again. The append turns it to sent and deletes the
 * outbox row, or finds it cancelled.
 */
@Injectable()
export class ScheduleProcessor implements JobHandler<"schedule.send"> {
  readonly job = "schedule.send";

  constructor(
    private readonly scheduled: ScheduledRepository,
    private readonly outbox: OutboxRepository,
    private readonly ingress: IngressWriter,
  ) {}

  async handle(row: OutboxRef, payload: JobPayload<"schedule.send">): Promise<number> {
    const due = await this.scheduled.load(payload);
    if (due === null) {
      await this.outbox.done([row]);
      return 0;
    }
    if (due.earlyMs > 0) return due.earlyMs;
    const left = await this.ingress.write([due.item]);
    if (left.length > 0) throw new AwayError("The ingress stream takes nothing now");
    return 0;
  }
}
