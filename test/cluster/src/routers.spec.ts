import { Keys } from "@tellwire/contract";
import {
  eventually,
  publish,
  startTestCluster,
  subscribe,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PARTITIONS = 16;
/** How long partitions may take to find their new owners, in milliseconds. */
const REBALANCED_MS = 5000;
const keys = new Keys("tw");

let cluster: TestCluster;
let tenant: TestTenant;
let redis: Redis;
let traffic: Traffic;

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Partitions by the router that holds their leases; those without one are nobody's. */
async function owners(): Promise<Map<string, number>> {
  const leases = await redis.mget(Array.from({ length: PARTITIONS }, (_, p) => keys.lease(p)));
  const counts = new Map<string, number>();
  for (const lease of leases) {
    const owner = lease?.split(".")[0] ?? "nobody";
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}

/** Every partition is held, and none of these routers holds more than its even share. */
const spreadOver = (...routers: string[]): Promise<void> =>
  eventually(async () => {
    const counts = await owners();
    expect([...counts.keys()].toSorted()).toEqual(routers);
    const most = Math.ceil(PARTITIONS / routers.length);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(most);
  }, REBALANCED_MS);

/** Publishes on many topics, one after the other on each, until it is told to stop. */
class Traffic {
  readonly topics = upTo(24).map((i) => `channel:traffic-${i}@${tenant.name}`);
  private readonly acked = new Map<string, number[]>();
  private readonly senders: Promise<void>[];
  private stopping = false;

  constructor(
    sender: TestClient,
    private readonly readers: TestClient[],
  ) {
    this.senders = this.topics.map((topic) => this.keepSending(sender, topic));
  }

  /** Everything that was said since the last look has been acknowledged, and came, on every topic. */
  async flowsOn(): Promise<void> {
    const before = new Map(this.topics.map((topic) => [topic, this.acked.get(topic)?.length ?? 0]));
    await eventually(() => {
      for (const [topic, n] of before) {
        expect(this.acked.get(topic)?.length).toBeGreaterThan(n + 1);
      }
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.senders);
  }

  /** Each topic's messages came to each reader: all of them, once, in order. */
  async expectWhole(): Promise<void> {
    for (const topic of this.topics) {
      const seqs = this.acked.get(topic) as number[];
      expect(seqs).toEqual(upTo(seqs.length));
      for (const reader of this.readers) {
        await eventually(() => expect(reader.events.seqs(topic)).toEqual(seqs));
        const bodies = reader.events.messages(topic).map(({ body }) => body);
        expect(bodies).toEqual(seqs);
      }
    }
  }

  private async keepSending(sender: TestClient, topic: string): Promise<void> {
    const seqs: number[] = [];
    this.acked.set(topic, seqs);
    while (!this.stopping) {
      // What a killed router had committed is done again by the next one, which finds a duplicate.
      const { seq } = await publish(sender, topic, seqs.length + 1);
      seqs.push(seq);
    }
  }
}

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2, routers: 2 });
  tenant = await cluster.tenant();
  redis = new Redis(cluster.cluster.redisUrl);
  const open = (protocol: "ws" | "socketio", edge: number, user: string): Promise<TestClient> =>
    cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });
  const readers = [await open("ws", 0, "reader-0"), await open("socketio", 1, "reader-1")];
  for (const reader of readers) {
    for (const i of upTo(24)) await subscribe(reader, `channel:traffic-${i}`, 0);
  }
  traffic = new Traffic(await open("ws", 1, "sender"), readers);
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
});

describe("routers share the partitions, under traffic,", () => {
  it("evenly from the start", async () => {
    await spreadOver("router-1", "router-2");
    await traffic.flowsOn();
  });

  it("with one that is added", async () => {
    await cluster.cluster.addService("router");
    await spreadOver("router-1", "router-2", "router-3");
    await traffic.flowsOn();
  });

  it("without one that is stopped, at once", async () => {
    const stopped = cluster.cluster.routers[0]!.stop();
    await spreadOver("router-2", "router-3");
    await traffic.flowsOn();
    await stopped;
  });

  it("without one that is killed, when its lease has run out", async () => {
    await cluster.cluster.routers[1]!.crash();
    await spreadOver("router-3");
    await traffic.flowsOn();
  });

  it("with those that come back", async () => {
    await Promise.all(cluster.cluster.routers.slice(0, 2).map((router) => router.start()));
    await spreadOver("router-1", "router-2", "router-3");
    await traffic.flowsOn();
  });

  it("and lose, double and reorder nothing over it", async () => {
    await traffic.stop();
    await traffic.expectWhole();
  });
});
