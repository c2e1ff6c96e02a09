import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TellwireClient, type CommittedAck } from "@tellwire/client";
import { startCluster, type Cluster, type ManagedProcess } from "@tellwire/cluster";
import { logRows } from "./log-rows.js";
import { runRound } from "./round.js";

/** Shorter than an edge's life after its last heartbeat (6 s). */
const EDGE_PAUSE_MS = 4000;
const PUBLISHERS = 32;
const BUSY_MS = 500;
const SAID_AGAIN = "no answer; saying it again";

const logOf = ({ logFile }: ManagedProcess): string => readFileSync(logFile, "utf8");

async function publish({ url }: ManagedProcess, topic: string): Promise<void> {
  const response = await fetch(`${url}/api/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": "demo-key-123" },
    body: JSON.stringify({ topic, body: "behind" }),
  });
  expect(response.status).toBe(201);
}

describe("what was lost between edge and router", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      env: { TELLWIRE_EGRESS_BOUND: "16" },
    });
  });
  afterAll(() => cluster?.stop());

  it("is read from the log and appended again when an edge falls behind its egress bound", async () => {
    const edge = cluster.edges[0] as ManagedProcess;
    const round = await runRound(
      cluster,
      {
        name: "an edge falls behind",
        on: "one Redis",
        async inject() {
          // So that it surely waits for acks when it is paused.
          const paused = new AbortController();
          const publishers = Array.from({ length: PUBLISHERS }, async (_, i) => {
            while (!paused.signal.aborted) await publish(edge, `channel:behind-${i}`);
          });
          await sleep(BUSY_MS);
          edge.pause();
          paused.abort();
          await sleep(EDGE_PAUSE_MS);
          edge.resume();
          await Promise.all(publishers);
        },
      },
      0,
    );
    expect(round.broken).toEqual([]);
    // It was the bound that did it, not the end of a registration; and acks were lost, not only messages.
    expect(logOf(edge)).toContain("egress entries missing");
    expect(logOf(edge)).toContain(SAID_AGAIN);
    expect(logOf(edge)).not.toContain("registration lost");
  });

  it("is appended again when an entry vanished from the ingress stream", async () => {
    const [edge] = cluster.edges as [ManagedProcess];
    const before = logOf(edge).split(SAID_AGAIN).length;
    const redis = new Redis(cluster.redisUrl);
    const client = new TellwireClient({
      url: edge.url,
      apiKey: "demo-key-123",
      user: "alice",
      pipeline: 3,
    });
    await client.connect();
    const topic = `channel:${crypto.randomUUID()}@demo`;
    await client.publish(topic, 0);
    for (const router of cluster.routers) router.pause();
    // What is done may still stand in the streams.
    for (const key of await ingressKeys(redis)) await redis.xtrim(key, "MAXLEN", 0);
    const say = (n: number) =>
      client.publish(topic, n, { priority: "high" }) as Promise<CommittedAck>;
    const published = [say(1)];
    await expect.poll(() => entriesOf(redis)).toBe(1);
    // The first may have answered a read that was waiting; these have not.
    published.push(say(2), say(3));
    await expect.poll(() => entriesOf(redis)).toBeGreaterThan(1);
    for (const key of await ingressKeys(redis)) await redis.xtrim(key, "MAXLEN", 0);
    for (const router of cluster.routers) router.resume();
    const acks = await Promise.all(published);
    expect(acks.map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(logOf(edge).split(SAID_AGAIN).length).toBeGreaterThan(before);
    const log = await logRows(cluster.directDatabaseUrl, [topic]);
    expect(log.get(topic)?.slice(1)).toEqual(acks.map(({ seq, id }) => ({ seq, id })));
    await client.close();
    redis.disconnect();
  });
});

const ingressKeys = (redis: Redis): Promise<string[]> => redis.keys("tw:*:ingress:express");

async function entriesOf(redis: Redis): Promise<number> {
  const lengths = await Promise.all((await ingressKeys(redis)).map((key) => redis.xlen(key)));
  return lengths.reduce((sum, length) => sum + length, 0);
}
