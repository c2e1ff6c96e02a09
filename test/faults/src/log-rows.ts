import pg from "pg";

/** A message as it stands in Postgres. */
export interface Row {
  seq: number;
  id: string;
}

/** What Postgres itself holds of some topics, past every service; by topic, in order. */
export async function logRows(
  databaseUrl: string,
  topics: readonly string[],
): Promise<Map<string, Row[]>> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ topic: string; seq: string; id: string }>(
      `select t.topic, m.seq, m.id from messages m
         join topics t on t.tenant_id = m.tenant_id and t.topic_id = m.topic_id
        where t.topic = any($1) order by t.topic, m.seq, m.at`,
      [topics],
    );
    const found = new Map<string, Row[]>(topics.map((topic) => [topic, []]));
    for (const { topic, seq, id } of rows) found.get(topic)?.push({ seq: Number(seq), id });
    return found;
  } finally {
    await client.end();
  }
}
