import { Cluster, Redis, type ClusterOptions, type RedisOptions } from "ioredis";
import type { RedisConfig } from "@tellwire/config";
import type { Logger } from "@tellwire/telemetry";

export type RedisClient = Redis | Cluster;

/** Redis as it stands would lose what it must keep, or is too old. */
export class RedisUnsuitable extends Error {}

const OLDEST_MAJOR = 7;

const backoff = (times: number): number => Math.min(50 * 2 ** Math.min(times, 5), 1000);

/**
 * A command that met a broken connection fails at once: nothing is queued while
 * Redis is away and nothing is sent again behind the caller's back, because only
 * the caller knows what order and repetition mean for it.
 */
const STRICT: RedisOptions = {
  // One form of reply whichever way a command is called: RESP3 flattens maps in `call`.
  protocol: 2,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: backoff,
  connectTimeout: 5000,
  keepAlive: 10_000,
};

/** One place that knows whether Redis is one node or a Cluster. */
export class RedisConnection {
  readonly client: RedisClient;
  private readonly duplicates = new Set<RedisClient>();

  constructor(
    private readonly config: Partial<Pick<RedisConfig, "redisUrl" | "redisCluster">>,
    private readonly log: Logger,
  ) {
    this.client = this.create();
  }

  get clustered(): boolean {
    return this.config.redisCluster !== undefined;
  }

  /** A connection of its own, for blocking reads. Closed with {@link close} or {@link release}. */
  duplicate(): RedisClient {
    const client = this.create();
    this.duplicates.add(client);
    return client;
  }

  /**
   * A connection of its own that waits for Redis to come back instead of failing:
   * for libraries that expect that. Closed like a {@link duplicate}.
   */
  patient(): RedisClient {
    const client = this.create({ enableOfflineQueue: true, maxRetriesPerRequest: null });
    this.duplicates.add(client);
    return client;
  }

  release(client: RedisClient): void {
    this.duplicates.delete(client);
    client.disconnect();
  }

  /** Waits for the first connection. @throws RedisUnsuitable */
  async ready(): Promise<void> {
    await waitReady(this.client);
    for (const node of this.masters()) {
      const info = parseInfo(await node.info("server", "memory"));
      const major = Number(info["redis_version"]?.split(".")[0]);
      if (!(major >= OLDEST_MAJOR))
        throw new RedisUnsuitable(`Redis ${OLDEST_MAJOR} or newer is needed`);
      if (info["maxmemory_policy"] !== "noeviction") {
        throw new RedisUnsuitable("Redis may evict keys: set maxmemory-policy to noeviction");
      }
    }
  }

  /** Redis' own clock, in milliseconds: the only one that leases and deadlines are compared by. */
  async time(): Promise<number> {
    const [seconds, micros] = await this.anyMaster().time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }

  /**
   * Names the masters and their runs: another value means that a node restarted
   * or a replica took over, so that the newest writes may be gone.
   * @throws when a master does not answer
   */
  async fingerprint(): Promise<string> {
    const runs = await Promise.all(
      this.masters().map(async (node) => parseInfo(await node.info("server"))["run_id"]),
    );
    return runs.sort().join(" ");
  }

  close(): void {
    for (const client of [this.client, ...this.duplicates]) client.disconnect();
    this.duplicates.clear();
  }

  masters(): Redis[] {
    return this.client instanceof Cluster ? this.client.nodes("master") : [this.client];
  }

  private anyMaster(): Redis {
    const [node] = this.masters();
    if (node === undefined) throw new Error("Connection is closed.");
    return node;
  }

  private create(change: RedisOptions = {}): RedisClient {
    const { redisCluster, redisUrl } = this.config;
    const options = { ...STRICT, ...change };
    const client =
      redisCluster === undefined
        ? new Redis(redisUrl ?? "redis://127.0.0.1:6379", options)
        : new Cluster(
            redisCluster.map((address) => {
              const [host, port] = address.split(":");
              return { host, port: Number(port) };
            }),
            clusterOptions(options),
          );
    // Every broken command is also reported to its caller; without a listener Node would exit.
    client.on("error", (error: Error) =>
      this.log.debug({ err: error.message }, "redis connection"),
    );
    return client;
  }
}

function clusterOptions(redisOptions: RedisOptions): ClusterOptions {
  return {
    redisOptions,
    clusterRetryStrategy: backoff,
    enableOfflineQueue: redisOptions.enableOfflineQueue,
    slotsRefreshTimeout: 2000,
    slotsRefreshInterval: 5000,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    maxRedirections: 8,
    shardedSubscribers: true,
  };
}

/** Resolves when commands can be sent. */
export async function waitReady(client: RedisClient): Promise<void> {
  if (client.status === "ready") return;
  await new Promise<void>((resolve) => client.once("ready", () => resolve()));
}

/** The `key:value` lines of INFO. */
export function parseInfo(text: string): Record<string, string> {
  const entries = text
    .split("\r\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)] as const);
  return Object.fromEntries(entries);
}
