import { randomUUID } from "node:crypto";
import {
  startDatabase,
  startRedis,
  startRedisCluster,
  type ManagedProcess,
} from "@tellwire/cluster";
import { loadConfig } from "@tellwire/config";
import { Keys, LANES, type PublishItem } from "@tellwire/contract";
import {
  AppendRepository,
  connectDatabase,
  HistoryRepository,
  migrate,
  type AppendResult,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { unpackIngress } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import { workerConfig, type WorkerConfig } from "./config.js";
import { startWorker } from "./worker.js";

const PARTITIONS = 4;

/** Real servers, and what routers do with the streams: this bench appends in their place. */
export interface Bench {
  redisNode: ManagedProcess;
  redis: RedisConnection;
  database: DatabaseConnection;
  history: HistoryRepository;
  keys: Keys;
  worker(change?: Partial<WorkerConfig>): ReturnType<typeof startWorker>;
  append(...publishes: PublishItem[]): Promise<AppendResult[]>;
  /** What has come on the ingress streams since the last call. */
  arrived(): Promise<PublishItem[]>;
  /** {@link arrived}, appended as a router does. */
  route(): Promise<PublishItem[]>;
  stop(): Promise<void>;
}

export async function startBench(clustered = false): Promise<Bench> {
  const [redisPiece, databasePiece] = await Promise.all([
    clustered ? startRedisCluster() : startRedis(),
    startDatabase(),
  ]);
  await migrate(databasePiece.url);
  const config = loadConfig(workerConfig, {
    TELLWIRE_NAME: "worker-1",
    TELLWIRE_HTTP_HOST: "127.0.0.1",
    TELLWIRE_HTTP_PORT: "0",
    TELLWIRE_LOG_LEVEL: "fatal",
    TELLWIRE_DRAIN_MS: "5000",
    TELLWIRE_PARTITIONS: String(PARTITIONS),
    TELLWIRE_DATABASE_URL: databasePiece.url,
    ...("url" in redisPiece
      ? { TELLWIRE_REDIS_URL: redisPiece.url }
      : { TELLWIRE_REDIS_CLUSTER: redisPiece.addresses.join(",") }),
  });
  const redis = new RedisConnection(
    config,
    createLogger({ service: "test", name: "test", level: "fatal" }),
  );
  await redis.ready();
  const database = connectDatabase(config);
  const keys = new Keys(config.keyPrefix);
  const log = new AppendRepository(database.pool);
  const append = async (...publishes: PublishItem[]): Promise<AppendResult[]> =>
    (await log.append({ publishes, heads: [] })).results;
  const arrived = arrivals(redis, keys);
  return {
    redisNode: "redis" in redisPiece ? redisPiece.redis : redisPiece.nodes[0]!,
    redis,
    database,
    history: new HistoryRepository(database.pool),
    keys,
    worker: (change = {}) => startWorker({ ...config, ...change }),
    append,
    arrived,
    async route() {
      const items = await arrived();
      if (items.length > 0) await append(...items);
      return items;
    },
    async stop() {
      redis.close();
      await database.close();
      await Promise.all([redisPiece.stop(), databasePiece.stop()]);
    },
  };
}

/** Reads each entry of the ingress streams once, and removes it as a router does. */
function arrivals(redis: RedisConnection, keys: Keys): () => Promise<PublishItem[]> {
  const streams = LANES.flatMap((lane) =>
    Array.from({ length: PARTITIONS }, (_, partition) => keys.ingress(partition, lane)),
  );
  return async () => {
    const items: PublishItem[] = [];
    for (const stream of streams) {
      for (const [id, [, data]] of await redis.client.xrangeBuffer(stream, "-", "+")) {
        const entry = unpackIngress(data!);
        if (entry.n !== 0) throw new Error("A worker’s entries need no order");
        items.push(...(entry.items as PublishItem[]));
        await redis.client.xdel(stream, id);
      }
    }
    return items;
  };
}

/** A publish of alice's, with an id and a body of its own. */
export const publish = (change: Partial<PublishItem> = {}): PublishItem => ({
  type: "publish",
  req: 1,
  id: randomUUID(),
  topic: "channel:lobby@acme",
  from: "alice@acme",
  role: "user",
  kind: "text",
  priority: "normal",
  body: Buffer.from('{"text":"hello"}'),
  headers: null,
  correlationId: null,
  expiresAt: null,
  sendAt: null,
  ...change,
});

/** Repeats `attempt` until its result satisfies `enough`. */
export async function until<T>(
  attempt: () => Promise<T>,
  enough: (result: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await attempt();
    if (enough(result)) return result;
    if (performance.now() > deadline) {
      throw new Error(`Not in ${timeoutMs} ms; last: ${JSON.stringify(result)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
