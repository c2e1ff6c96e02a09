import { Cluster } from "ioredis";
import { describe, expect, it } from "vitest";

import { eventually } from "./eventually.js";
import { startRedisCluster } from "./pieces.js";

describe("a Redis Cluster", () => {
  it("serves every slot, and loses only a third of them with a node", async () => {
    const piece = await startRedisCluster({ autoRestart: false });
    const client = new Cluster(piece.addresses.map((each) => `redis://${each}`));
    const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
    for (const key of keys) expect(await client.set(key, "x")).toBe("OK");

    piece.nodes[2]!.kill();
    await piece.nodes[2]!.exited;
    const patient = { retryDelayOnClusterDown: 50, maxRedirections: 3 };
    const survivor = new Cluster(
      piece.addresses.slice(0, 2).map((each) => `redis://${each}`),
      { ...patient, redisOptions: { maxRetriesPerRequest: 0, connectTimeout: 500 } },
    );
    const answers = await Promise.allSettled(keys.map((key) => survivor.get(key)));
    const served = answers.filter((answer) => answer.status === "fulfilled").length;
    expect(served).toBeGreaterThan(20);
    expect(served).toBeLessThan(60);

    client.disconnect();
    survivor.disconnect();
    await piece.stop();
  });

  it("gives each master a replica that is in step", async () => {
    const piece = await startRedisCluster({ masters: 3, replicas: 3 });
    const client = new Cluster(piece.addresses.map((each) => `redis://${each}`));
    await eventually(
      async () => {
        // A replica is listed once it has copied something.
        for (let i = 0; i < 60; i++) await client.set(`key-${i}`, "x");
        const slots = (await client.cluster("SLOTS")) as unknown[][];
        expect(slots.map((range) => range.length - 2)).toEqual([2, 2, 2]);
      },
      { timeoutMs: 10_000 },
    );
    client.disconnect();
    await piece.stop();
  });
});
