import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { Keys } from "@tellwire/contract";
import {
  connectDatabase,
  FederationRepository,
  InstallationRepository,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { RpcServer, SESSION_PATTERNS } from "@tellwire/rpc";
import { createLogger, HealthServer, Metrics } from "@tellwire/telemetry";
import type { SessionConfig } from "./config.js";
import { AbsenceService } from "./intermud/absence.service.js";
import { SweepService } from "./registry/sweep.service.js";
import { SessionModule } from "./session.module.js";

/**
 * A replica of the session service: answers the calls of the edges from Postgres.
 * Redis carries the calls and holds who is online, nothing that must not be lost.
 * @returns the port of health and metrics, and how to stop it
 */
export async function startSession(
  config: SessionConfig,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const log = createLogger({ service: "session", name: config.name, level: config.logLevel });
  const metrics = new Metrics("session");
  const keys = new Keys(config.keyPrefix);
  const stopping = new AbortController();

  const redis = new RedisConnection(config, log);
  const database = connectDatabase(config);
  await redis.ready();
  await database.assertDurable();
  await new InstallationRepository(database.pool).assertPartitions(config.partitions);
  if (config.i3Federation !== undefined) {
    await new FederationRepository(database.db).create(config.i3Federation);
  }

  const server = new RpcServer(redis, keys, log, metrics, SESSION_PATTERNS, config.rpcInFlight);
  const app = await NestFactory.createMicroservice(
    SessionModule.with({ config, log, keys, redis, database }),
    { strategy: server, logger: false, abortOnError: false },
  );
  await app.listen();
  const loops = [SweepService, AbsenceService].map((part) => app.get(part).run(stopping.signal));

  const health = new HealthServer(metrics, () =>
    redis.client.status === "ready" ? null : "redis",
  );
  const port = await health.listen(config.httpPort, config.httpHost);
  log.info({ port }, "session runs");

  return {
    port,
    async stop() {
      stopping.abort();
      await app.close();
      await Promise.all(loops);
      await health.close();
      redis.close();
      await database.close();
      log.info("session stopped");
    },
  };
}
