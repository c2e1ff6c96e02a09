import { Redis } from "ioredis";
import { Client } from "pg";

import { databaseUrl } from "./postgres.js";
import { loadSecrets } from "./secrets.js";
import type { ClusterState } from "./state-file.js";

const SCAN_COUNT = 1_000;

/** Looks behind the public ports, at what must not grow in a long run. */
export class InnerFigures {
  private readonly redis: Redis;
  private readonly databaseUrl: string;

  constructor(dataDir: string, { processes }: ClusterState) {
    const portOf = (name: string): number => processes.find((each) => each.name === name)!.port;
    this.redis = new Redis(portOf("redis"), "127.0.0.1");
    // A failed look is told by the promise of its commands.
    this.redis.on("error", () => {});
    this.databaseUrl = databaseUrl(loadSecrets(dataDir), portOf("postgres"));
  }

  /** Rejects when Redis or Postgres does not answer. */
  async look(): Promise<Record<string, number>> {
    const [keys, memory, entries, connections] = await Promise.all([
      this.redis.dbsize(),
      this.redis.info("memory"),
      this.streamEntries(),
      this.postgresConnections(),
    ]);
    return {
      "Redis keys": keys,
      "Redis memory used": Number(/^used_memory:(\d+)/m.exec(memory)?.[1]),
      "Redis stream entries": entries,
      "Postgres connections": connections,
    };
  }

  close(): void {
    this.redis.disconnect();
  }

  private async streamEntries(): Promise<number> {
    let total = 0;
    let cursor = "0";
    do {
      const [next, keys] = await this.redis.scan(cursor, "COUNT", SCAN_COUNT, "TYPE", "stream");
      const lengths = await Promise.all(keys.map((key) => this.redis.xlen(key)));
      total += lengths.reduce((a, b) => a + b, 0);
      cursor = next;
    } while (cursor !== "0");
    return total;
  }

  private async postgresConnections(): Promise<number> {
    const client = new Client(this.databaseUrl);
    await client.connect();
    try {
      const { rows } = await client.query<{ count: string }>(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
      );
      return Number(rows[0]!.count);
    } finally {
      await client.end();
    }
  }
}
