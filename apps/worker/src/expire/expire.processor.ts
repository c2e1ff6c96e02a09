import { Injectable } from "@nestjs/common";
import type { JobPayload } from "@tellwire/contract";
import { ExpiryRepository, type OutboxRef } from "@tellwire/persistence";
import type { JobHandler } from "../jobs/job-handler.js";

/** Erases a message whose time is over. Readers have had its tombstone since the moment itself. */
@Injectable()
export class ExpireProcessor implements JobHandler<"message.expire"> {
  readonly job = "message.expire";

  constructor(private readonly expiry: ExpiryRepository) {}

  handle(row: OutboxRef, payload: JobPayload<"message.expire">): Promise<number> {
    return this.expiry.expire(row, payload);
  }
}
