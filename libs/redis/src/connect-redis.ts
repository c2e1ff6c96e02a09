import { Cluster, Redis, type ClusterOptions, type RedisOptions } from "ioredis";
import type { RedisConfig } from "@tellwire/config";
import type { Logger } from "@tellwire/telemetry";

export type RedisClient = Redis | Cluster;

/** Redis as it stands would lose what it must keep, or is too old. */
export class RedisUnsuitable extends Error {}

const OLDEST_MAJOR = 7;

/**
 * How long an answer may take, in milliseconds. A node that is frozen, or behind a
 * network that swallows everything, keeps its connections open: without a bound
 * whoever asks it would wait for ever.
 */
const ANSWER_MS = 2000;
/** The same where a library waits for jobs in Redis, for 10 s at a time. */
const PATIENT_MS = 15_000;

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
  connectTimeout: ANSWER_MS,
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
    this.client = this.create(answerWithin(ANSWER_MS));
  }

  get clustered(): boolean {
    return this.config.redisCluster !== undefined;
  }

  /**
   * A connection of its own, for blocking reads. Closed with {@link close} or {@link release}.
   * @param blockMs the longest that a read on it blocks, in milliseconds
   */
  duplicate(blockMs = 0): RedisClient {
    const client = this.create(answerWithin(ANSWER_MS + blockMs));
    this.duplicates.add(client);
    return client;
  }

  /**
   * A connection of its own that waits for Redis to come back instead of failing:
   * for libraries that expect that. Closed like a {@link duplicate}.
   */
  patient(): RedisClient {
    const client = this.create({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      socketTimeout: PATIENT_MS,
    });
    this.duplicates.add(client);
    return client;
  }

  release(client: RedisClient): void {
    this.duplicates.delete(client);
    client.disconnect();
  }

  /**
   * Waits for the first connection, and looks at the masters that answer: with one
   * of them away a service still starts.
   * @throws RedisUnsuitable
   */
  async ready(): Promise<void> {
    await waitReady(this.client);
    const answers = this.masters().map((node) => node.info("server", "memory"));
    for (const answer of await Promise.allSettled(answers)) {
      if (answer.status === "rejected") continue;
      const info = parseInfo(answer.value);
      const major = Number(info["redis_version"]?.split(".")[0]);
      if (!(major >= OLDEST_MAJOR))
        throw new RedisUnsuitable(`Redis ${OLDEST_MAJOR} or newer is needed`);
      if (info["maxmemory_policy"] !== "noeviction") {
        throw new RedisUnsuitable("Redis may evict keys: set maxmemory-policy to noeviction");
      }
    }
  }

  /**
   * Redis' own clock, in milliseconds: the only one that leases and deadlines are compared by.
   * @throws when no master answers
   */
  async time(): Promise<number> {
    let failure = new Error("No Redis master is known");
    for (const node of this.steadiest()) {
      try {
        const [seconds, micros] = await node.time();
        return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
      } catch (error) {
        failure = error as Error;
      }
    }
    throw failure;
  }

  close(): void {
    for (const client of [this.client, ...this.duplicates]) client.disconnect();
    this.duplicates.clear();
  }

  masters(): Redis[] {
    return this.client instanceof Cluster ? this.client.nodes("master") : [this.client];
  }

  /** Masters in an order that stays, as their clocks may differ; those that are known to be away last. */
  private steadiest(): Redis[] {
    const rank = (node: Redis): number => (node.status === "ready" ? 0 : 1);
    return this.masters().toSorted(
      (a, b) => rank(a) - rank(b) || addressOf(a).localeCompare(addressOf(b)),
    );
  }

  private create(change: RedisOptions): RedisClient {
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

/** A command fails when it has no answer in time, and so does a connection, to be made anew. */
const answerWithin = (ms: number): RedisOptions => ({ commandTimeout: ms, socketTimeout: ms });

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

/** `host:port` of one node. */
export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** The `key:value` lines of INFO. */
export function parseInfo(text: string): Record<string, string> {
  const entries = text
    .split("\r\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)] as const);
  return Object.fromEntries(entries);
}
