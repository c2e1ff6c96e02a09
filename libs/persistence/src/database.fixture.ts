import { randomUUID } from "node:crypto";
import { startDatabase, type DatabasePiece } from "@tellwire/cluster";
import type { PublishItem } from "@tellwire/contract";
import { connectDatabase, type DatabaseConnection } from "./database.js";
import { migrate } from "./migrate.js";

/** A migrated database of a test's own, on real Postgres behind real PgBouncer. */
export interface TestDatabase extends DatabasePiece {
  connection: DatabaseConnection;
}

export async function startTestDatabase(connections = 8): Promise<TestDatabase> {
  const piece = await startDatabase();
  await migrate(piece.url);
  const connection = connectDatabase({ databaseUrl: piece.url, databasePool: connections });
  const stop = async (): Promise<void> => {
    await connection.close();
    await piece.stop();
  };
  return { ...piece, connection, stop };
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
  body: Buffer.from(JSON.stringify({ text: randomUUID() })),
  headers: null,
  correlationId: null,
  expiresAt: null,
  sendAt: null,
  ...change,
});
