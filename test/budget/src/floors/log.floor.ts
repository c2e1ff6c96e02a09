import { randomFillSync } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { startDatabase, startRedis } from "@tellwire/cluster";
import { arrivals, CpuSample } from "@tellwire/loadgen";
import { keepTrack, pidsOf, withDatabase } from "@tellwire/peer-support";
import { Redis } from "ioredis";
import { type Cost, costOf } from "../cost.js";
import { Child } from "./child.js";
import { RECORD_LENGTH } from "./record.js";
import { EGRESS, FIELD, INGRESS, KEPT } from "./streams.js";

/** The columns that every message has, with the one index that a log cannot do without. */
const TABLE = `
create table log (
  tenant_id text collate "C" not null, topic_id bigint not null, seq bigint not null,
  at timestamptz not null, id uuid not null, sender text collate "C" not null,
  kind text not null, body bytea not null, priority smallint not null,
  primary key (tenant_id, topic_id, seq))`;
const TOPICS = 100;
/** Publishes on the way; beyond, the figures would be those of catching up. */
const MOST_ON_THE_WAY = 2_000;

export interface LogFloor {
  /**
   * CPU microseconds a publish at Poisson arrivals, in batches of so many.
   * @throws if it cannot keep up: then it would be no floor
   */
  measure(rate: number, batch: number, seconds: number): Promise<Cost>;
  stop(): Promise<void>;
}

/**
 * The floors of Redis, router, PgBouncer and Postgres in one: each batch is written to
 * a stream, read by a bare router, inserted through PgBouncer, written to another
 * stream and read from there. What writes first and reads last is not counted.
 */
export async function startLogFloor(): Promise<LogFloor> {
  const redis = await keepTrack(startRedis({ autoRestart: false }));
  const database = await keepTrack(startDatabase({ autoRestart: false }));
  await withDatabase(database.directUrl, (direct) => direct.query(TABLE));
  const env = { REDIS_URL: redis.url, DATABASE_URL: database.url };
  const router = await keepTrack(Child.start(new URL("./bare-router.js", import.meta.url), env));
  const driver = new Driver(redis.url);
  const groups = {
    redis: pidsOf([redis.redis]),
    routers: [router.pid],
    pgbouncer: pidsOf([database.pgbouncer]),
    postgres: pidsOf([database.postgres]),
  };
  return {
    async measure(rate, batch, seconds) {
      await driver.drive(rate, batch, 2);
      const [before, begun] = [new CpuSample(groups), performance.now()];
      const passed = await driver.drive(rate, batch, seconds);
      const { elsewhere: _, ...used } = new CpuSample(groups).since(before);
      const ms = performance.now() - begun;
      const cores = Object.entries(used).map(([part, cpu]) => [part, cpu / ms] as const);
      return costOf(Object.fromEntries(cores), passed / (ms / 1000));
    },
    async stop() {
      driver.close();
      for (const each of [router, database, redis]) await each.stop();
    },
  };
}

/** Writes batches as their last publish is due, and sees them come out at the other end. */
class Driver {
  private readonly writer: Redis;
  private readonly reader: Redis;
  private readonly seqs = Array.from({ length: TOPICS }, () => 0n);
  private batches = 0;
  /** Publishes. */
  private written = 0;
  private read = 0;
  private seed = 0;
  private failure: Error | undefined;

  constructor(url: string) {
    this.writer = new Redis(url);
    this.reader = new Redis(url);
    // What goes wrong shows in the commands.
    for (const client of [this.writer, this.reader]) client.on("error", () => {});
    void this.readAll();
  }

  /** Resolves with the publishes that went all the way. */
  async drive(rate: number, batch: number, seconds: number): Promise<number> {
    const begun = performance.now() * 1000;
    let [due, sent] = [0, 0];
    for (const at of arrivals(rate, begun, begun + seconds * 1e6, ++this.seed)) {
      const early = (at - performance.now() * 1000) / 1000;
      if (early >= 1) await delay(Math.floor(early));
      due++;
      // The mean need not be whole: batches are the whole numbers around it.
      const size = Math.floor((this.batches + 1) * batch) - Math.floor(this.batches * batch);
      if (due - sent < size) continue;
      sent += size;
      this.write(size);
      if (this.written - this.read > MOST_ON_THE_WAY) throw new Error("the floor cannot keep up");
    }
    while (this.read < this.written) {
      if (this.failure) throw this.failure;
      await delay(5);
    }
    return sent;
  }

  close(): void {
    this.writer.disconnect();
    this.reader.disconnect();
  }

  private write(size: number): void {
    const batch = Buffer.allocUnsafe(size * RECORD_LENGTH);
    for (let i = 0; i < size; i++) {
      const at = i * RECORD_LENGTH;
      const topic = Math.floor(Math.random() * TOPICS);
      batch.fill("abcdefghij", at, at + RECORD_LENGTH, "latin1");
      batch.writeBigInt64BE(BigInt(topic), at);
      batch.writeBigInt64BE((this.seqs[topic]! += 1n), at + 8);
      randomFillSync(batch, at + 16, 16);
    }
    this.batches++;
    this.written += size;
    this.writer
      .xadd(INGRESS, "MAXLEN", "~", KEPT, "*", FIELD, batch)
      .catch((error: Error) => (this.failure = error));
  }

  /** Until it is closed. */
  private async readAll(): Promise<void> {
    let last = "0";
    for (;;) {
      const read = await this.reader
        .xreadBuffer("COUNT", 100, "BLOCK", 1000, "STREAMS", EGRESS, last)
        .catch(() => undefined);
      if (read === undefined) return;
      const entries = read?.[0]?.[1] ?? [];
      for (const [, fields] of entries) this.read += fields[1]!.length / RECORD_LENGTH;
      last = entries.at(-1)?.[0]?.toString() ?? last;
    }
  }
}
