import { withDatabase } from "./database.js";

/** `seq` is one sequence for all rooms: rooms have no gapless order of their own here. */
const SCHEMA = `
  CREATE TABLE messages (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    topic text NOT NULL,
    sender text NOT NULL,
    body jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX messages_by_topic ON messages (topic, seq);
`;

/** Creates the table of a peer that stores messages by itself. @throws if the database would acknowledge what is not on disk */
export const createMessagesTable = (url: string): Promise<void> =>
  withDatabase(url, async (client) => {
    for (const setting of ["fsync", "synchronous_commit"]) {
      const { rows } = await client.query(`SELECT current_setting($1) AS value`, [setting]);
      if (rows[0]?.value !== "on") throw new Error(`Postgres runs with ${setting} off`);
    }
    await client.query(SCHEMA);
  });
