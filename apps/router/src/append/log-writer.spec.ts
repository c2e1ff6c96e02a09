import { randomUUID } from "node:crypto";
import { startDatabase, type DatabasePiece } from "@tellwire/cluster";
import type { PublishItem } from "@tellwire/contract";
import {
  AppendRepository,
  connectDatabase,
  migrate,
  type DatabaseConnection,
} from "@tellwire/persistence";
import { createLogger } from "@tellwire/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LogWriter } from "./log-writer.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

const publish = (topic: string): PublishItem => ({
  type: "publish",
  req: 1,
  id: randomUUID(),
  topic,
  from: "alice@acme",
  role: "user",
  kind: "message",
  priority: "normal",
  body: Buffer.from("1"),
  headers: null,
  correlationId: null,
  expiresAt: null,
  sendAt: null,
});

describe("LogWriter, where a batch takes longer than the database allows", () => {
  let piece: DatabasePiece;
  let database: DatabaseConnection;
  let writer: LogWriter;

  beforeAll(async () => {
    piece = await startDatabase();
    await migrate(piece.directUrl);
    const direct = connectDatabase({ databaseUrl: piece.directUrl, databasePool: 1 });
    // Each row takes its time, so that only a small batch is done within the limit.
    await direct.pool.query(`
      create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.02); return new; end $$;
      create trigger slow before insert on messages for each row execute function slow();
      do $$ begin
        execute format('alter database %I set statement_timeout = %L', current_database(), '500ms');
      end $$`);
    await direct.close();
    database = connectDatabase({ databaseUrl: piece.url, databasePool: 2 });
    writer = new LogWriter(new AppendRepository(database.pool), log);
  });
  afterAll(async () => {
    await database?.close();
    await piece?.stop();
  });

  it("appends it in parts, in order and once", async () => {
    const topic = `channel:${randomUUID()}@acme`;
    const items = upTo(64).map(() => publish(topic));
    const since = performance.now();
    const appended = await writer.append(items, [topic], () => performance.now() - since > 15_000);
    expect(appended?.outcomes).toMatchObject(upTo(64).map((seq) => ({ status: "committed", seq })));
    expect(appended?.heads).toMatchObject([{ topic, head: 64 }]);
  });
});
