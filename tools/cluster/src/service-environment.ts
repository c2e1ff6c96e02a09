import type { Role } from "./service.js";
import type { Secrets } from "./secrets.js";

/** The addresses and settings that services are given. */
export interface ServiceSettings {
  /** One URL, or the `host:port` of each node of a Redis Cluster. */
  redis: { url: string } | { nodes: string[] };
  databaseUrl: string;
  secrets: Secrets;
  /** nginx's port for MUDs. */
  mudPort: number;
  /** Added last, so that a test can change any setting. */
  extra: Record<string, string>;
}

/**
 * The environment of one service. Edges face the internet and get no database
 * credentials; only the session service can sign tokens.
 */
export function environmentOf(
  role: Role | "cli",
  settings: ServiceSettings,
): Record<string, string> {
  const { redis, databaseUrl, secrets, mudPort, extra } = settings;
  return {
    NODE_ENV: "production",
    TELLWIRE_LOG_LEVEL: "info",
    TELLWIRE_KEY_PREFIX: "tw",
    TELLWIRE_PARTITIONS: "16",
    TELLWIRE_DEMO_KEYS: "true",
    TELLWIRE_BEHIND_PROXY: "true",
    TELLWIRE_I3_ADDRESS: `127.0.0.1:${mudPort}`,
    TELLWIRE_TOKEN_PUBLIC_KEY: secrets.tokenPublicKey,
    ...("url" in redis
      ? { TELLWIRE_REDIS_URL: redis.url }
      : { TELLWIRE_REDIS_CLUSTER: redis.nodes.join(",") }),
    ...(role === "edge" ? {} : { TELLWIRE_DATABASE_URL: databaseUrl }),
    ...(role === "session" ? { TELLWIRE_TOKEN_PRIVATE_KEY: secrets.tokenPrivateKey } : {}),
    ...extra,
  };
}
