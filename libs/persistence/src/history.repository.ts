import type pg from "pg";
import { tenantOf, type HistoryPage, type StoredMessage, type TopicHead } from "@tellwire/contract";
import { storedMessage, type MessageRow } from "./message-row.js";

export interface PageRequest {
  /** Canonical. */
  topic: string;
  /** The messages that follow this seq, oldest first. */
  after?: number | null;
  /** The newest messages before this seq; the newest of all if neither is given. */
  before?: number | null;
  limit: number;
  /** Only what is to this user's inbox, where the topic is a shared one. */
  to?: string;
}

const MAX_PAGE = 1000;
/** Of bodies and headers; a page holds at least one message, whatever its size. */
const PAGE_BYTES = 4 * 1024 * 1024;

interface PageRow extends Omit<MessageRow, "seq"> {
  log_epoch: string;
  head: number | null;
  floor: number | null;
  /** Null in the one row of an empty page. */
  seq: number | null;
  /** How much a page of one recipient could have held, up to one more than it may; else null. */
  found: number | null;
}

/** What is at or below the floor is gone, even if its partition has not been dropped yet. */
const PAGE = `select e.log_epoch, t.head, t.floor, m.*
  from log_meta e
  left join topics t on t.tenant_id = $1 and t.topic = $2
  left join lateral tellwire_page(t.tenant_id, t.topic_id,
              case when $3::bigint is not null then greatest($3::bigint, t.floor) end,
              $4::bigint, $5::int, $6::bigint, $7::text) m on m.seq > t.floor`;

const HEADS = `select coalesce(t.head, 0) as head, coalesce(t.floor, 0) as floor, e.log_epoch
  from log_meta e
  cross join unnest($1::text[], $2::text[]) with ordinality as w(tenant, topic, ord)
  left join topics t on t.tenant_id = w.tenant and t.topic = w.topic
  order by w.ord`;

/** Reads the log. Messages come as they are stored; whoever delivers them applies `atTime`. */
export class HistoryRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Ascending by seq, whichever way the page was asked for. Without gaps above
   * `floor`, but for those of a page of one recipient.
   */
  async page(request: PageRequest): Promise<HistoryPage> {
    const page = await this.read(request);
    const first = page.messages[0];
    const after = request.after ?? null;
    if (after === null || first === undefined || request.to !== undefined) return page;
    if (first.seq === Math.max(after, page.floor) + 1) return page;
    // Retention dropped messages while this was read: now the floor says so.
    return this.read(request);
  }

  private async read({ topic, after, before, limit, to }: PageRequest): Promise<HistoryPage> {
    const { rows } = await this.pool.query<PageRow>(PAGE, [
      tenantOf(topic),
      topic,
      after ?? null,
      before ?? Number.MAX_SAFE_INTEGER,
      Math.min(limit, MAX_PAGE),
      PAGE_BYTES,
      to ?? null,
    ]);
    const { head, floor, log_epoch: logEpoch, found } = rows[0]!;
    const messages: StoredMessage[] = [];
    for (const row of rows) {
      if (row.seq !== null) messages.push(storedMessage(topic, row as MessageRow));
    }
    const forwards = typeof after === "number";
    if (!forwards) messages.reverse();
    const page = { messages, head: head ?? 0, floor: floor ?? 0, logEpoch };
    const more = found === null ? hasMore(page, forwards) : found > messages.length;
    return { ...page, more };
  }

  /** In the order of `topics`; those without messages have head 0. */
  async heads(topics: readonly string[]): Promise<{ heads: TopicHead[]; logEpoch: string }> {
    if (topics.length === 0) return { heads: [], logEpoch: await this.logEpoch() };
    const { rows } = await this.pool.query<{ head: number; floor: number; log_epoch: string }>(
      HEADS,
      [topics.map(tenantOf), topics],
    );
    const heads = rows.map(({ head, floor }, n) => ({ topic: topics[n]!, head, floor }));
    return { heads, logEpoch: rows[0]!.log_epoch };
  }

  /** Names this history of the log: a restore to an earlier point must change it. */
  async logEpoch(): Promise<string> {
    const { rows } = await this.pool.query<{ log_epoch: string }>("select log_epoch from log_meta");
    return rows[0]!.log_epoch;
  }

  /** For whoever restored the database to an earlier point: cursors got until now mean nothing. */
  async renewLogEpoch(): Promise<string> {
    const { rows } = await this.pool.query<{ log_epoch: string }>(
      "update log_meta set log_epoch = gen_random_uuid() returning log_epoch",
    );
    return rows[0]!.log_epoch;
  }
}

/** The log has no gaps, so what a page lacks follows from where it ends. */
function hasMore(
  { messages, head, floor }: Pick<HistoryPage, "messages" | "head" | "floor">,
  forwards: boolean,
): boolean {
  if (messages.length === 0) return false;
  return forwards ? messages.at(-1)!.seq < head : messages[0]!.seq > floor + 1;
}
