import { hostname } from "node:os";
import { z } from "zod";

/** A whole number in the environment. */
export const whole = (least: number, most: number, fallback: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback);

/** `true` or `false` in the environment. */
export const flag = (fallback: boolean) =>
  z
    .enum(["true", "false"])
    .default(fallback ? "true" : "false")
    .transform((value) => value === "true");

/** What every service is told. */
export const serviceConfig = {
  /** Unique among the cluster's processes of its kind; Socket.IO's session ids begin with an edge's name. By default the host's, which in a container is its id. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and hyphens")
    .prefault(() => hostname().split(".", 1)[0]!.toLowerCase()),
  /** Address to listen on: for clients at an edge, for health and metrics at the others. */
  httpHost: z.string().default("0.0.0.0"),
  /** Port to listen on; 0 for any. */
  httpPort: whole(0, 65_535, 8080),
  /** Least important lines that are logged. */
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info"),
  /** Milliseconds that a stopping service may take to finish what it has begun, and an edge to move its clients. */
  drainMs: whole(0, 600_000, 10_000),
};

const node = z.string().regex(/^[^:,\s]+:\d+$/, "host:port");

export const redisConfig = {
  /** One node: `redis://[user:password@]host:port[/db]`, or `rediss://` for TLS. */
  redisUrl: z
    .string()
    .regex(/^rediss?:\/\//, "redis:// or rediss://")
    .optional(),
  /** A Redis Cluster: `host:port` of some of its nodes, separated by commas. */
  redisCluster: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(node).min(1))
    .optional(),
  /** Starts every key, so that several clusters can share a Redis. */
  keyPrefix: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default("tw"),
  /** Partitions of the topics, the same for every service. Fixed when a cluster is installed: 64 or more where it shall grow. */
  partitions: whole(1, 1024, 16),
};

export const databaseConfig = {
  /** Through PgBouncer in transaction mode. */
  databaseUrl: z.string().regex(/^postgres(ql)?:\/\//, "postgres://"),
  /** Connections this process opens to PgBouncer. */
  databasePool: whole(1, 200, 8),
};

/** The router for Intermud-3, to which MUDs connect; the same for edges and session. */
export const intermudConfig = {
  /** The federation whose members are the router's network, and which MUDs that connect become members of; without it there is no router. */
  i3Federation: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "a tenant's name")
    .optional(),
  /** The name under which the router is known to MUDs. */
  i3Router: z
    .string()
    .regex(/^\*[\x21-\x7e]{1,62}$/, "an asterisk and a name without blanks")
    .default("*tellwire"),
  /** Where MUDs reach the router, `host:port`. They are told, and connect there if they came by another way: it must be right. */
  i3Address: node.optional(),
};

export type ServiceConfig = {
  [K in keyof typeof serviceConfig]: z.infer<(typeof serviceConfig)[K]>;
};
export type RedisConfig = { [K in keyof typeof redisConfig]: z.infer<(typeof redisConfig)[K]> };
export type IntermudConfig = z.infer<z.ZodObject<typeof intermudConfig>>;
export type DatabaseConfig = {
  [K in keyof typeof databaseConfig]: z.infer<(typeof databaseConfig)[K]>;
};
