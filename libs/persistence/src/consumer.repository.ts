import { sql, type Kysely } from "kysely";
import { held, LeaseLostError, type Lease } from "./lease.repository.js";
import type { Database } from "./database.js";

/** How far a consumer has got with a topic, and how far the topic has. */
export interface ConsumerPosition {
  topic: string;
  /** The last seq that is done. */
  cursor: number;
  head: number;
}

/**
 * Consumers that take the messages of topics in order, one process at a time. A
 * consumer is a name within a tenant; which topics it has, its cursors say.
 */
export class ConsumerRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /** Has a consumer begin with what comes to a topic from now on; one that has it goes on where it is. */
  async begin(tenant: string, consumer: string, topic: string): Promise<void> {
    await sql`
      insert into consumer_cursors (tenant_id, consumer, topic, seq)
      select ${tenant}, ${consumer}, ${topic}::text, coalesce(max(t.head), 0) from topics t
       where t.tenant_id = split_part(${topic}::text, '@', 2) and t.topic = ${topic}
      on conflict do nothing`.execute(this.db);
  }

  async end(tenant: string, consumer: string, topic: string): Promise<void> {
    await this.db
      .deleteFrom("consumer_cursors")
      .where("tenant_id", "=", tenant)
      .where("consumer", "=", consumer)
      .where("topic", "=", topic)
      .execute();
  }

  /** What a consumer has before it, and the time by the database's clock, in milliseconds. */
  async positions(
    tenant: string,
    consumer: string,
  ): Promise<{ now: number; positions: ConsumerPosition[] }> {
    const { rows } = await sql<{ now: number; topic: string | null; seq: number; head: number }>`
      select (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
             c.topic, c.seq, coalesce(t.head, 0) as head
        from (select 1) as always
        left join consumer_cursors c on c.tenant_id = ${tenant} and c.consumer = ${consumer}
        left join topics t on t.tenant_id = split_part(c.topic, '@', 2) and t.topic = c.topic
       order by c.topic`.execute(this.db);
    return {
      now: rows[0]!.now,
      positions: rows.flatMap(({ topic, seq, head }) =>
        topic === null ? [] : [{ topic, cursor: seq, head }],
      ),
    };
  }

  /** @throws LeaseLostError, having changed nothing, if the lease has passed on */
  async advance(lease: Lease, consumer: string, topic: string, seq: number): Promise<void> {
    const { rows } = await sql<{ held: number }>`
      with held as (${held(lease)}),
      moved as (
        update consumer_cursors c set seq = ${seq} from held
         where c.tenant_id = ${lease.tenant} and c.consumer = ${consumer} and c.topic = ${topic})
      select count(*)::int as held from held`.execute(this.db);
    if (rows[0]!.held === 0) throw new LeaseLostError(lease);
  }
}
