import type { Provider } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import {
  CopyRepository,
  DeadLetterRepository,
  ExpiryRepository,
  OutboxRepository,
  RetentionRepository,
  ScheduledRepository,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { Metrics, type Logger } from "@tellwire/telemetry";
import type { WorkerConfig } from "../config.js";

/** What the process has opened before Nest starts. */
export interface Parts {
  config: WorkerConfig;
  log: Logger;
  metrics: Metrics;
  keys: Keys;
  redis: RedisConnection;
  database: DatabaseConnection;
}

/** Types without a class at run time are injected by these names. */
export const LOG = Symbol("log");
export const CONFIG = Symbol("config");

/** The parts, and the repositories that stand on them, for Nest to hand out. */
export function partsOf({ config, log, metrics, keys, redis, database }: Parts): Provider[] {
  const repositories = [
    OutboxRepository,
    CopyRepository,
    ScheduledRepository,
    ExpiryRepository,
    DeadLetterRepository,
    RetentionRepository,
  ];
  return [
    { provide: CONFIG, useValue: config },
    { provide: LOG, useValue: log },
    { provide: Metrics, useValue: metrics },
    { provide: Keys, useValue: keys },
    { provide: RedisConnection, useValue: redis },
    ...repositories.map((type) => ({ provide: type, useValue: new type(database.pool) })),
  ];
}
