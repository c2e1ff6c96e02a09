import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { Keys } from "@tellwire/contract";
import { connectDatabase, InstallationRepository } from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { createLogger, HealthServer, Metrics } from "@tellwire/telemetry";
import type { WorkerConfig } from "./config.js";
import { JobQueues } from "./jobs/job-queues.js";
import { JobRunner } from "./jobs/job-runner.js";
import { LossWatch } from "./outbox/loss-watch.js";
import { OutboxRelay } from "./outbox/outbox-relay.js";
import { Uplinks } from "./uplink/uplinks.js";
import { WorkerModule } from "./worker.module.js";

/**
 * A replica of the worker: does what is delayed, retried or unordered. Postgres
 * holds all that is to be done; Redis only its next turn.
 * @returns the port of health and metrics, and how to stop it
 */
export async function startWorker(
  config: WorkerConfig,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const log = createLogger({ service: "worker", name: config.name, level: config.logLevel });
  const metrics = new Metrics("worker");
  const keys = new Keys(config.keyPrefix);
  const stopping = new AbortController();

  const redis = new RedisConnection(config, log);
  const database = connectDatabase(config);
  await redis.ready();
  await database.assertDurable();
  await new InstallationRepository(database.pool).assertPartitions(config.partitions);

  const app = await NestFactory.createApplicationContext(
    WorkerModule.with({ config, log, metrics, keys, redis, database }),
    { logger: false, abortOnError: false },
  );
  await app.get(JobQueues).ready();
  const relaying = app.get(OutboxRelay).run(stopping.signal);
  const watching = app.get(LossWatch).run(stopping.signal);
  const linking = app.get(Uplinks).run(stopping.signal);
  const runner = app.get(JobRunner);
  runner.start();

  const health = new HealthServer(metrics, () =>
    redis.client.status === "ready" ? null : "redis",
  );
  const port = await health.listen(config.httpPort, config.httpHost);
  log.info({ port }, "worker runs");

  return {
    port,
    async stop() {
      stopping.abort();
      await Promise.all([relaying, watching, linking, runner.stop(config.drainMs)]);
      await app.close();
      await health.close();
      redis.close();
      await database.close();
      log.info("worker stopped");
    },
  };
}
