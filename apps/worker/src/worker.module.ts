import { Module, type DynamicModule } from "@nestjs/common";
import { ExpireProcessor } from "./expire/expire.processor.js";
import { WorkerMetrics } from "./infrastructure/worker-metrics.js";
import { partsOf, type Parts } from "./infrastructure/parts.js";
import { JobExecutor } from "./jobs/job-executor.js";
import { HANDLERS, handlersByName } from "./jobs/job-handler.js";
import { JobQueues } from "./jobs/job-queues.js";
import { JobRunner } from "./jobs/job-runner.js";
import { IngressWriter } from "./outbox/ingress-writer.js";
import { LossWatch } from "./outbox/loss-watch.js";
import { OutboxRelay } from "./outbox/outbox-relay.js";
import { RetentionProcessor } from "./retention/retention.processor.js";
import { Ephemera } from "./uplink/ephemera.js";
import { PresenceReader } from "./uplink/presence-reader.js";
import { UplinkMetrics } from "./uplink/uplink-metrics.js";
import { provideUplinks } from "./uplink/uplink-tools.js";
import { ScheduleProcessor } from "./schedule/schedule.processor.js";

@Module({
  providers: [
    WorkerMetrics,
    JobQueues,
    JobRunner,
    JobExecutor,
    IngressWriter,
    LossWatch,
    OutboxRelay,
    Ephemera,
    PresenceReader,
    UplinkMetrics,
    ScheduleProcessor,
    ExpireProcessor,
    RetentionProcessor,
    {
      provide: HANDLERS,
      useFactory: (...handlers: [ScheduleProcessor, ExpireProcessor]) => handlersByName(handlers),
      inject: [ScheduleProcessor, ExpireProcessor],
    },
  ],
})
export class WorkerModule {
  static with(parts: Parts): DynamicModule {
    return { module: WorkerModule, providers: [...partsOf(parts), provideUplinks(parts)] };
  }
}
