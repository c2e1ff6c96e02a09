import { randomUUID } from "node:crypto";
import { Keys, tenantOf, type PublishItem } from "@tellwire/contract";
import {
  AccessRepository,
  AppendRepository,
  connectDatabase,
  DeadLetterRepository,
  InstallationRepository,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { ControlReader } from "@tellwire/streams";
import { createLogger, HealthServer, Metrics } from "@tellwire/telemetry";
import { Appender } from "./append/appender.js";
import { Authoriser } from "./append/authoriser.js";
import { LogWriter } from "./append/log-writer.js";
import type { RouterConfig } from "./config.js";
import { EgressWriter } from "./fanout/egress-writer.js";
import { Recorder, type Recorded } from "./fanout/recorder.js";
import { Intake } from "./intake/intake.js";
import { LeaseRepository } from "./lease/lease.repository.js";
import { Ownership } from "./lease/ownership.js";
import { observe } from "./router-metrics.js";

/** Renewals in one lease time. */
const RENEWALS = 4;
const LATE_APPEND_MS = 100;

/** A router, from its parts: leases decide what is read, what is read is appended, what is appended is fanned out. */
export async function startRouter(config: RouterConfig): Promise<{ stop: () => Promise<void> }> {
  const log = createLogger({ service: "router", name: config.name, level: config.logLevel });
  const metrics = new Metrics("router");
  const process = `${config.name}.${randomUUID().slice(0, 8)}`;
  const keys = new Keys(config.keyPrefix);
  const stopping = new AbortController();

  const redis = new RedisConnection(config, log);
  const database = connectDatabase(config);
  await redis.ready();
  await database.assertDurable();
  await new InstallationRepository(database.pool).assertPartitions(config.partitions);

  const authoriser = new Authoriser(new AccessRepository(database.pool, config.tenantChannels));
  const egress = new EgressWriter(redis, keys, process, config.egressBound);
  const leases = new LeaseRepository(redis, keys, process, config.leaseMs);
  const ownership: Ownership = new Ownership(
    redis,
    keys,
    leases,
    {
      process,
      partitions: config.partitions,
      intervalMs: config.leaseMs / RENEWALS,
      window: { messages: config.partitionWindow, bytes: config.partitionWindowBytes },
    },
    {
      quiet: (partition) => appender.quiet(partition),
      acquired: () => appender.pump(),
      gone: (edges) => egress.gone(edges),
      forget: (edges) => {
        forget(edges);
        appender.pump();
      },
    },
    log,
  );
  const forget = (edges: string[]): void => {
    for (const edge of edges) {
      egress.forget(edge);
      for (const partition of ownership.owned.values()) {
        partition.forget(edge);
        partition.forgetWriter(edge);
      }
    }
  };
  const recorded = ({ gone, lost }: Recorded): void => {
    forget(gone);
    ownership.drop(lost);
  };
  const letters = new DeadLetterRepository(database.pool);
  const hopeless = (item: PublishItem, error: string): void => {
    if (item.outboxId === undefined) return;
    const row = { tenant: tenantOf(item.topic), id: item.outboxId };
    // Should it fail, the worker offers the row again, and it comes back here.
    letters.park([row], error).catch((failure: Error) => {
      log.warn({ topic: item.topic, id: item.id, err: failure.message }, "not parked");
    });
  };
  const appender = new Appender(
    ownership.owned,
    authoriser,
    new LogWriter(new AppendRepository(database.pool), log),
    new Recorder(redis, keys, egress),
    {
      items: config.appendItems,
      bytes: config.appendBytes,
      inFlight: config.appendsInFlight,
      restMs: config.appendRestMs,
      lateMs: LATE_APPEND_MS,
    },
    { recorded, hopeless },
    {
      batch: metrics.histogram(
        "append_batch_messages",
        "Messages of one append.",
        [0, 1, 2, 5, 10, 20, 50, 100, 200, 500],
      ),
      seconds: metrics.latency("append_seconds", "From sending an append to its answer."),
      outcomes: metrics.counter("append_outcomes_total", "What became of publishes.", ["outcome"]),
    },
    log,
  );
  observe(metrics, ownership.owned, appender, redis, keys);

  const intake = new Intake(redis, keys, log, ownership.owned, {
    room: () => appender.room(),
    work: () => appender.pump(),
  });
  const control = new ControlReader(
    redis,
    keys,
    log,
    (e) => authoriser.forget(e),
    () => authoriser.forgetAll(),
  );
  const loops = [
    ownership.run(stopping.signal),
    intake.run(stopping.signal),
    control.run(stopping.signal),
  ];

  const health = new HealthServer(metrics, () =>
    redis.client.status === "ready" ? null : "redis",
  );
  const port = await health.listen(config.httpPort, config.httpHost);
  log.info({ port }, "router runs");

  return {
    async stop() {
      stopping.abort();
      await Promise.all([...loops, appender.stop()]);
      await ownership
        .leave()
        .catch((error: Error) => log.warn({ err: error.message }, "leases were not given up"));
      await health.close();
      redis.close();
      await database.close();
      log.info("router stopped");
    },
  };
}
