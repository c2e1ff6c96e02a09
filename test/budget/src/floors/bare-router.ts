import { Redis } from "ioredis";
import pg from "pg";
import { FIELD, INGRESS, EGRESS, KEPT } from "./streams.js";
import { binaryArray, columnsOf } from "./record.js";

/**
 * The floor of a router: reads a batch, stores it by one statement, passes it on.
 * No leases, order, rights, topics, numbering, duplicates or outbox.
 */
const INSERT = `
insert into log (tenant_id, topic_id, seq, at, id, sender, kind, body, priority)
select 'demo', topic_id, seq, now(), id, sender, 'message', body, 1
  from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::text[], $5::bytea[])
    as p(topic_id, seq, id, sender, body)`;
const OID = { bytea: 17, int8: 20, text: 25, uuid: 2950 };

const reader = new Redis(process.env.REDIS_URL!);
const writer = new Redis(process.env.REDIS_URL!);
const client = new pg.Client(process.env.DATABASE_URL!);
await client.connect();
process.on("disconnect", () => process.exit());
process.send!("ready");

for (let last = "$"; ;) {
  // Several only if it fell behind.
  const read = await reader.xreadBuffer("COUNT", 10, "BLOCK", 1000, "STREAMS", INGRESS, last);
  const entries = read?.[0]?.[1] ?? [];
  if (entries.length === 0) continue;
  const batch = Buffer.concat(entries.map(([, fields]) => fields[1]!));
  const columns = columnsOf(batch);
  await client.query(INSERT, [
    binaryArray(OID.int8, columns.topicId),
    binaryArray(OID.int8, columns.seq),
    binaryArray(OID.uuid, columns.id),
    binaryArray(OID.text, columns.sender),
    binaryArray(OID.bytea, columns.body),
  ]);
  await writer.xadd(EGRESS, "MAXLEN", "~", KEPT, "*", FIELD, batch);
  last = entries.at(-1)![0].toString();
}
