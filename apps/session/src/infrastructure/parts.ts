import type { Provider } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import {
  AccessRepository,
  BlockRepository,
  ChannelRepository,
  FederationRepository,
  HistoryRepository,
  IntermudRouterRepository,
  KeyRepository,
  RevocationRepository,
  ScheduledRepository,
  SessionRepository,
  TenantRepository,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import type { Logger } from "@tellwire/telemetry";
import type { SessionConfig } from "../config.js";

/** What the process has opened before Nest starts. */
export interface Parts {
  config: SessionConfig;
  log: Logger;
  keys: Keys;
  redis: RedisConnection;
  database: DatabaseConnection;
}

/** Types without a class at run time are injected by these names. */
export const LOG = Symbol("log");
export const CONFIG = Symbol("config");

/** The parts, and the repositories that stand on them, for Nest to hand out. */
export function partsOf({ config, log, keys, redis, database }: Parts): Provider[] {
  const { db, pool } = database;
  return [
    { provide: CONFIG, useValue: config },
    { provide: LOG, useValue: log },
    { provide: Keys, useValue: keys },
    { provide: RedisConnection, useValue: redis },
    { provide: AccessRepository, useValue: new AccessRepository(pool, config.tenantChannels) },
    { provide: BlockRepository, useValue: new BlockRepository(db) },
    { provide: ChannelRepository, useValue: new ChannelRepository(db, config.tenantChannels) },
    { provide: FederationRepository, useValue: new FederationRepository(db) },
    { provide: HistoryRepository, useValue: new HistoryRepository(pool) },
    {
      provide: IntermudRouterRepository,
      useValue: new IntermudRouterRepository(db, config.i3Federation ?? ""),
    },
    { provide: KeyRepository, useValue: new KeyRepository(db) },
    { provide: RevocationRepository, useValue: new RevocationRepository(db) },
    { provide: ScheduledRepository, useValue: new ScheduledRepository(pool) },
    {
      provide: SessionRepository,
      useValue: new SessionRepository(db, config.sessionTtlSeconds),
    },
    { provide: TenantRepository, useValue: new TenantRepository(db) },
  ];
}
