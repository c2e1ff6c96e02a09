import { randomFillSync } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";

const DAYS = 10;
const DAY_MS = 86_400_000;
/** Postgres counts microseconds from 2000-01-01. */
const POSTGRES_EPOCH_MS = 946_684_800_000;
const ROWS_AT_ONCE = 2_000;
const COLUMNS = "tenant_id, topic_id, seq, at, id, sender, kind, body, priority";

/**
 * Loads messages by COPY into the partitions of the last ten days, today among them:
 * as many each day, as many of each topic, in the order in which they would have come.
 * Leaves the tables as a vacuum would, so that none runs while there is measuring.
 */
export async function loadMessages(
  db: pg.Client,
  topics: readonly string[],
  messages: number,
): Promise<void> {
  const stored = await db.query<{ topic_id: string }>(
    "select topic_id from topics where topic = any($1) order by topic_id",
    [topics],
  );
  const topicIds = stored.rows.map((row) => BigInt(row.topic_id));
  const perTopicAndDay = messages / topicIds.length / DAYS;
  const now = Date.now();
  const today = now - (now % DAY_MS);
  for (let ago = DAYS - 1; ago >= 0; ago--) {
    const from = today - ago * DAY_MS;
    const firstSeq = (DAYS - 1 - ago) * perTopicAndDay + 1;
    const to = Math.min(from + DAY_MS, now);
    const rows = rowsOf({ topicIds, perTopic: perTopicAndDay, firstSeq, from, to });
    await loadPartition(db, from, rows);
    console.log(`  loaded ${DAYS - ago} of ${DAYS} days`);
  }
  await db.query("update topics set head = $2, last_at = now() where topic = any($1)", [
    topics,
    messages / topicIds.length,
  ]);
  await db.query("vacuum (analyze) topics");
}

/** Fills the partition of a day before it is one: indexes that are made at once take a fraction of the time. */
async function loadPartition(db: pg.Client, from: number, rows: Iterable<Buffer>): Promise<void> {
  const [low, high] = [from, from + DAY_MS].map((ms) => new Date(ms).toISOString());
  const [y, m, d] = low!.slice(0, 10).split("-");
  const partition = `messages_y${y}m${m}d${d}`;
  await db.query("set maintenance_work_mem = '256MB'");
  await db.query("begin");
  await db.query(`drop table if exists ${partition}`);
  await db.query(`create table ${partition} (like messages including all excluding indexes)`);
  // Frozen, which only a table made in the same transaction can be: no vacuum will come for them.
  const copy = `copy ${partition} (${COLUMNS}) from stdin (format binary, freeze)`;
  await pipeline(Readable.from(rows), db.query(copyFrom(copy)));
  await db.query(
    `alter table messages attach partition ${partition} for values from ('${low}') to ('${high}')`,
  );
  await db.query("commit");
  await db.query(`vacuum (analyze) ${partition}`);
}

interface Day {
  topicIds: readonly bigint[];
  perTopic: number;
  firstSeq: number;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
}

/** The file format of COPY, binary: made from one row whose changing parts are written over. */
function* rowsOf({ topicIds, perTopic, firstSeq, from, to }: Day): Generator<Buffer> {
  const { row, offsets } = template();
  yield Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
  const count = perTopic * topicIds.length;
  for (let first = 0; first < count; first += ROWS_AT_ONCE) {
    const size = Math.min(ROWS_AT_ONCE, count - first);
    const chunk = Buffer.allocUnsafe(size * row.length);
    for (let i = 0; i < size; i++) {
      const n = first + i;
      const base = i * row.length;
      const at = Math.floor(from + ((to - from) * n) / count);
      row.copy(chunk, base);
      chunk.writeBigInt64BE(topicIds[n % topicIds.length]!, base + offsets.topicId);
      chunk.writeBigInt64BE(BigInt(firstSeq + Math.floor(n / topicIds.length)), base + offsets.seq);
      chunk.writeBigInt64BE(BigInt(at - POSTGRES_EPOCH_MS) * 1000n, base + offsets.at);
      // A UUIDv7, as edges make them.
      randomFillSync(chunk, base + offsets.id, 16);
      chunk.writeUIntBE(at, base + offsets.id, 6);
      chunk[base + offsets.id + 6] = 0x70;
    }
    yield chunk;
  }
  yield Buffer.from([0xff, 0xff]);
}

function template() {
  const text = '"text":"' + "The quick brown fox jumps over the lazy dog. ".repeat(7).slice(0, 300);
  const fields = [
    Buffer.from("demo"),
    Buffer.alloc(8),
    Buffer.alloc(8),
    Buffer.alloc(8),
    Buffer.alloc(16),
    Buffer.from("load0@demo"),
    Buffer.from("message"),
    Buffer.from(`{${text}"}`),
    Buffer.from([0, 1]),
  ];
  const pieces = [Buffer.from([0, fields.length])];
  const starts: number[] = [];
  let at = 2;
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field.length);
    pieces.push(length, field);
    starts.push(at + 4);
    at += 4 + field.length;
  }
  const [, topicId, seq, sent, id] = starts as [number, number, number, number, number];
  return { row: Buffer.concat(pieces), offsets: { topicId, seq, at: sent, id } };
}
