import { Inject, Injectable } from "@nestjs/common";
import { RetentionRepository } from "@tellwire/persistence";
import type { Logger } from "@tellwire/telemetry";
import type { WorkerConfig } from "../config.js";
import { CONFIG, LOG } from "../infrastructure/parts.js";

/** Partitions are made this long ahead, so that days without a worker do no harm. */
const DAYS_AHEAD = 7;

@Injectable()
export class RetentionProcessor {
  constructor(
    @Inject(CONFIG) private readonly config: WorkerConfig,
    @Inject(LOG) private readonly log: Logger,
    private readonly retention: RetentionRepository,
  ) {}

  async run(): Promise<void> {
    const { retentionDays } = this.config;
    const created = await this.retention.createPartitions(DAYS_AHEAD);
    const dropped = await this.retention.dropPartitions(retentionDays);
    const swept = await this.retention.sweep(retentionDays);
    this.log.info({ created, dropped, swept }, "retention done");
  }
}
