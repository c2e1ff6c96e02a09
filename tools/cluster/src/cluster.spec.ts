import { createServer } from "node:net";

import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Cluster, startCluster } from "./cluster.js";
import { eventually } from "./eventually.js";
import { isAlive, processTree } from "./proc.js";

async function query(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return Object.values((await client.query(sql)).rows[0])[0];
  } finally {
    await client.end();
  }
}

describe("the servers of a cluster", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ services: false });
  });
  afterAll(() => cluster?.stop());

  it("keeps what Postgres has acknowledged, through PgBouncer", async () => {
    expect(await query(cluster.databaseUrl, "show fsync")).toBe("on");
    expect(await query(cluster.databaseUrl, "show synchronous_commit")).toBe("on");
    expect(await query(cluster.directDatabaseUrl, "select current_user")).toBe("tellwire");
  });

  it("never lets Redis evict", async () => {
    const redis = new Redis(cluster.redisUrl);
    expect(await redis.config("GET", "maxmemory-policy")).toEqual([
      "maxmemory-policy",
      "noeviction",
    ]);
    expect(await redis.config("GET", "appendonly")).toEqual(["appendonly", "yes"]);
    redis.disconnect();
  });

  it("answers for itself at nginx, and in the API's form for edges that are down", async () => {
    expect((await fetch(`${cluster.urls.http}/lb/health`)).status).toBe(200);
    const answer = await fetch(`${cluster.urls.http}/api/rpc/ping`);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { name: "upstream", temporary: true } });
  });

  it.each(["redis", "postgres", "pgbouncer", "nginx"] as const)(
    "starts %s again after kill -9",
    async (name) => {
      const server = cluster[name];
      const before = server.pid!;
      server.kill();
      expect(await server.exited).toEqual({ code: null, signal: "SIGKILL" });
      await server.ready();
      expect(server.pid).not.toBe(before);
      await eventually(() => query(cluster.databaseUrl, "select 1"), { timeoutMs: 10_000 });
    },
  );

  it("freezes a server and lets it go on", async () => {
    const redis = new Redis(cluster.redisUrl, { commandTimeout: 200, maxRetriesPerRequest: 0 });
    await redis.ping();
    cluster.redis.pause();
    await expect(redis.ping()).rejects.toThrow("timed out");
    cluster.redis.resume();
    await eventually(() => redis.ping(), { timeoutMs: 5_000 });
    redis.disconnect();
  });

  it("reloads nginx onto new workers", async () => {
    const before = processTree(cluster.nginx.pid!);
    await cluster.reloadNginx();
    expect(processTree(cluster.nginx.pid!)).not.toEqual(before);
    expect((await fetch(`${cluster.urls.http}/lb/health`)).status).toBe(200);
  });

  it("leaves no process behind", async () => {
    const pids = cluster.processes.flatMap((each) => processTree(each.pid!));
    expect(pids.length).toBeGreaterThan(4);
    await cluster.stop();
    await eventually(async () => expect(pids.filter(isAlive)).toEqual([]), { timeoutMs: 5_000 });
  });
});

describe("a start that cannot succeed", () => {
  it("names the port that is in use, and leaves nothing running", async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port));
    });
    const start = startCluster({ services: false, ports: { base: port } });
    await expect(start).rejects.toThrow(`port ${port}, wanted for nginx, is in use`);
    taken.close();
  });

  it("refuses a folder that another cluster runs on, and says where", async () => {
    const first = await startCluster({ services: false });
    await expect(startCluster({ services: false, dataDir: first.dataDir })).rejects.toThrow(
      `already running at ${first.urls.http}`,
    );
    await first.stop();
  });
});
