import { randomUUID } from "node:crypto";
import { startDatabase, startRedis, startRedisCluster } from "@tellwire/cluster";
import {
  Keys,
  laneOf,
  partitionOf,
  type EgressEntry,
  type IngressItem,
  type Lane,
  type PublishItem,
} from "@tellwire/contract";
import { loadConfig } from "@tellwire/config";
import {
  connectDatabase,
  migrate,
  TenantRepository,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { FIELD, packIngress, unpackEgress } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";
import { routerConfig, type RouterConfig } from "./config.js";
import { startRouter } from "./router.js";

const log = createLogger({ service: "test", name: "test", level: "fatal" });
const PARTITIONS = 4;

/** Real servers, and what an edge does with the streams. */
export interface Bench {
  keys: Keys;
  redis: RedisConnection;
  database: DatabaseConnection;
  router(name: string): ReturnType<typeof startRouter>;
  edge(name?: string): Promise<TestEdge>;
  stop(): Promise<void>;
}

export async function startBench(clustered = false): Promise<Bench> {
  const [redisPiece, databasePiece] = await Promise.all([
    clustered ? startRedisCluster() : startRedis(),
    startDatabase(),
  ]);
  await migrate(databasePiece.directUrl);
  const addresses = "addresses" in redisPiece ? redisPiece.addresses.join(",") : undefined;
  const url = "url" in redisPiece ? redisPiece.url : undefined;
  const config = (name: string): RouterConfig =>
    loadConfig(routerConfig, {
      TELLWIRE_NAME: name,
      TELLWIRE_HTTP_HOST: "127.0.0.1",
      TELLWIRE_HTTP_PORT: "0",
      TELLWIRE_REDIS_URL: url,
      TELLWIRE_REDIS_CLUSTER: addresses,
      TELLWIRE_DATABASE_URL: databasePiece.url,
      TELLWIRE_PARTITIONS: String(PARTITIONS),
      TELLWIRE_LEASE_MS: "1000",
      TELLWIRE_LOG_LEVEL: "fatal",
    });
  const redis = new RedisConnection(config("test"), log);
  await redis.ready();
  const database = connectDatabase(config("test"));
  await new TenantRepository(database.db).create("acme");
  const keys = new Keys("tw");
  return {
    keys,
    redis,
    database,
    router: (name) => startRouter(config(name)),
    async edge(name = `edge.${randomUUID().slice(0, 8)}`) {
      await redis.client.xadd(keys.egress(name), "*", FIELD, "");
      return new TestEdge(name, redis, keys);
    },
    async stop() {
      redis.close();
      await database.close();
      await Promise.all([redisPiece.stop(), databasePiece.stop()]);
    },
  };
}

/** Writes ingress entries and reads its egress stream, as an edge does. */
class TestEdge {
  private readonly numbers = new Map<string, number>();
  private requests = 0;
  epoch = 1;

  constructor(
    readonly name: string,
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  publish(topic: string, body: string, more: Partial<PublishItem> = {}): PublishItem {
    return {
      type: "publish",
      req: ++this.requests,
      id: randomUUID(),
      topic,
      from: "alice@acme",
      role: "user",
      kind: "message",
      priority: "normal",
      body: Buffer.from(JSON.stringify(body)),
      headers: null,
      correlationId: null,
      expiresAt: null,
      sendAt: null,
      ...more,
    };
  }

  /** Writes items, all of one partition and lane, as one entry. */
  async write(topic: string, items: IngressItem[], lane: Lane = "bulk", n?: number): Promise<void> {
    const partition = partitionOf(topic, PARTITIONS);
    const key = `${partition} ${lane} ${this.epoch}`;
    const number = n ?? (this.numbers.get(key) ?? 0) + 1;
    this.numbers.set(key, number);
    await this.redis.client.xadd(
      this.keys.ingress(partition, lane),
      "*",
      FIELD,
      packIngress({ writer: this.name, epoch: this.epoch, n: number, items }),
    );
  }

  send(...items: PublishItem[]): Promise<void[]> {
    return Promise.all(items.map((item) => this.write(item.topic, [item], laneOf(item.priority))));
  }

  want(topic: string): Promise<void> {
    return this.write(
      topic,
      [{ type: "interest", add: [topic], remove: [], reset: false }],
      "express",
    );
  }

  /** Everything that came so far. */
  async received(): Promise<EgressEntry[]> {
    const entries = await this.redis.client.xrangeBuffer(this.keys.egress(this.name), "-", "+");
    return (entries as [Buffer, Buffer[]][])
      .map(([, fields]) => fields[1] as Buffer)
      .filter((data) => data.length > 0)
      .map(unpackEgress);
  }

  async seqs(topic: string): Promise<number[]> {
    const entries = await this.received();
    return entries.flatMap(({ messages }) =>
      messages.filter((m) => m.topic === topic).map(({ seq }) => seq),
    );
  }

  async acks(): Promise<Map<number, EgressEntry["acks"][number]["result"]>> {
    const entries = await this.received();
    return new Map(entries.flatMap(({ acks }) => acks.map(({ req, result }) => [req, result])));
  }

  async head(topic: string): Promise<number | undefined> {
    const entries = await this.received();
    return entries.flatMap(({ heads }) => heads).findLast((head) => head.topic === topic)?.head;
  }
}
