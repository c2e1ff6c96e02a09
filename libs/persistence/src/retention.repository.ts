import type pg from "pg";

/** Waiting longer for a lock would hold up every append behind it. */
const LOCK_TIMEOUT = "500ms";
const LOCK_RETRIES = 20;
const LOCK_NOT_AVAILABLE = "55P03";
/** Rows of one DELETE: each is a short transaction. */
const SWEEP = 5000;

const PARTITION = /^messages_y(\d{4})m(\d{2})d(\d{2})$/;

/** Days are UTC. */
const DAY = 86_400_000;

/**
 * Makes the log's partitions of the coming days and drops those that retention
 * has passed. Several may run at once: an advisory lock lets one do the work.
 */
export class RetentionRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** @returns how many partitions were made */
  async createPartitions(daysAhead: number): Promise<number> {
    let made = 0;
    for (let day = 0; day <= daysAhead; day++) {
      const created = await this.transaction(async (client) => {
        const { rows } = await retryLock(client, () =>
          client.query<{ created: boolean }>(
            "select tellwire_create_partition((now() at time zone 'UTC')::date + $1::int) as created",
            [day],
          ),
        );
        return rows[0]!.created;
      });
      if (created) made++;
    }
    return made;
  }

  /**
   * Drops the partitions whose last message is older than `days`. The floors of
   * the topics rise in the transaction that drops, so nobody sees a gap that no
   * floor explains.
   * @returns the names of what was dropped
   */
  async dropPartitions(days: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ name: string; today: Date }>(
      `select c.relname as name, now() as today
         from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'messages'::regclass order by c.relname`,
    );
    const dropped: string[] = [];
    for (const { name, today } of rows) {
      if (!isPast(name, today, days)) continue;
      if (await this.transaction((client) => dropPartition(client, name))) dropped.push(name);
    }
    return dropped;
  }

  /** Deletes what only remembers work that ended more than `days` ago. */
  async sweep(days: number): Promise<number> {
    const closed = `delete from scheduled where (tenant_id, topic, sender, id) in (
      select tenant_id, topic, sender, id from scheduled
       where status <> 'scheduled' and changed_at < now() - $1 * interval '1 day' limit ${SWEEP})`;
    const replayed = `delete from dead_letters where (tenant_id, id) in (
      select tenant_id, id from dead_letters
       where replayed_at < now() - $1 * interval '1 day' limit ${SWEEP})`;
    let total = 0;
    for (const statement of [closed, replayed]) {
      let count: number;
      do {
        count = (await this.pool.query(statement, [days])).rowCount ?? 0;
        total += count;
      } while (count === SWEEP);
    }
    return total;
  }

  private async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query("begin");
      await client.query(
        `set local lock_timeout = '${LOCK_TIMEOUT}'; set local statement_timeout = '10min'`,
      );
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      // A connection that failed is closed, which rolls back.
      client.release(failure);
    }
  }
}

function isPast(name: string, now: Date, days: number): boolean {
  const match = PARTITION.exec(name);
  if (match === null) return false;
  const end = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) + DAY;
  return end <= now.getTime() - days * DAY;
}

/** The floors are found before the lock is taken: that reads the whole partition. */
async function dropPartition(client: pg.PoolClient, name: string): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>(
    "select pg_try_advisory_xact_lock(hashtext('tellwire retention')) as mine",
  );
  if (!rows[0]!.mine) return false;
  await client.query(
    `create temporary table retention_floors on commit drop as
     select tenant_id, topic_id, max(seq) as floor from ${name} group by tenant_id, topic_id`,
  );
  // As in the append: first messages, then the rows of topics.
  await retryLock(client, () => client.query("lock table messages in access exclusive mode"));
  await client.query(
    `update topics t set floor = greatest(t.floor, f.floor) from retention_floors f
      where t.tenant_id = f.tenant_id and t.topic_id = f.topic_id`,
  );
  await client.query(`drop table ${name}`);
  return true;
}

/** Gives way to the appends in between, and tries again. */
async function retryLock<T>(client: pg.PoolClient, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    await client.query("savepoint before_lock");
    try {
      return await attempt();
    } catch (error) {
      if ((error as pg.DatabaseError).code !== LOCK_NOT_AVAILABLE || tries === LOCK_RETRIES)
        throw error;
      await client.query("rollback to savepoint before_lock");
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400));
    }
  }
}
