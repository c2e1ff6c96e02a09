import { withDatabase as connected } from "@tellwire/peer-support";
import type pg from "pg";
import { topicOf } from "../spread.js";

/** Runs `work` on the cluster's database, past PgBouncer. */
export const withDatabase = <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> =>
  connected(url, async (client) => {
    // What is made here takes longer than any statement of the cluster may.
    await client.query("set statement_timeout = 0");
    return work(client);
  });

/** Creates the topics of the demo tenant that {@link topicOf} names, as public channels, so that none is new when it is used. */
export async function createTopics(
  client: pg.Client,
  rooms: number,
  topicsEach: number,
): Promise<string[]> {
  const names = Array.from({ length: rooms * topicsEach }, (_, i) => {
    return `${topicOf(Math.floor(i / topicsEach), i % topicsEach)}@demo`;
  });
  await client.query(
    "insert into topics (tenant_id, topic) select 'demo', topic from unnest($1::text[]) as topic",
    [names],
  );
  await client.query(
    `insert into channels (tenant_id, topic, visibility, read_role, publish_role, join_role)
     select 'demo', topic, 'public', 'none', 'none', 'none' from unnest($1::text[]) as topic`,
    [names],
  );
  await client.query("vacuum analyze topics, channels");
  return names;
}
