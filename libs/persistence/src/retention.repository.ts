import type pg from "pg";

/** Waiting longer for a lock would hold up every append behind it. */
const LOCK_TIMEOUT = "500ms";
const LOCK_RETRIES = 20;
const LOCK_NOT_AVAILABLE = "55P03";
const UNDEFINED_TABLE = "42P01";
/** Rows of one DELETE: each is a short transaction. */
const SWEEP = 5000;
/** Topics whose floors rise in one transaction: appends to them wait for it. */
const FLOORS = 500;

interface LastTopic {
  tenant: string;
  topic: number;
}

/**
 * Raises the floors of the topics that come next in a partition to its last
 * message of each. Locks rows in the order in which appends do.
 */
const raiseFloors = (partition: string): string => `
with last as materialized (
  select tenant_id, topic_id, max(seq) as floor from ${partition}
   where (tenant_id, topic_id) > ($1, $2::bigint)
   group by tenant_id, topic_id order by tenant_id, topic_id limit ${FLOORS}
), locked as materialized (
  select t.tenant_id, t.topic, l.floor
    from last l join topics t on t.tenant_id = l.tenant_id and t.topic_id = l.topic_id
   where t.floor < l.floor order by t.tenant_id, t.topic for update of t
), raised as (
  update topics t set floor = l.floor from locked l
   where t.tenant_id = l.tenant_id and t.topic = l.topic
)
select tenant_id as tenant, topic_id as topic from last
 order by tenant_id desc, topic_id desc limit 1`;

const PARTITION = /^messages_y(\d{4})m(\d{2})d(\d{2})$/;

/** Days are UTC. */
const DAY = 86_400_000;

/**
 * Makes the log's partitions of the coming days and drops those that retention
 * has passed. Several may run at once: each step is done by one of them.
 */
export class RetentionRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Makes the partitions of today and the coming days, and those of past days
   * that had none because no worker ran: what came meanwhile moves into them, so
   * that it is dropped when its time comes.
   * @returns how many partitions were made
   */
  async createPartitions(daysAhead: number): Promise<number> {
    const { rows } = await this.pool.query<{ day: string }>(
      `select day::date::text as day
         from generate_series(now() at time zone 'UTC',
                              (now() at time zone 'UTC') + $1 * interval '1 day', '1 day') as day
       union all
       select distinct (at at time zone 'UTC')::date::text from messages_default
        where at < date_trunc('day', now(), 'UTC')`,
      [daysAhead],
    );
    let made = 0;
    for (const { day } of rows) if (await this.createPartition(day)) made++;
    return made;
  }

  /**
   * Drops the partitions whose last message is older than `days`. The floors of
   * the topics rise before: what is at or below a floor counts as gone, whether
   * it is there still or not, so nobody sees a gap that no floor explains. And
   * appends wait for a drop no longer than it takes to forget a table.
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
      await this.raiseFloors(name).catch(unlessDropped);
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

  private createPartition(day: string): Promise<boolean> {
    return this.transaction(async (client) => {
      const { rows } = await retryLock(client, () =>
        client.query<{ created: boolean }>("select tellwire_create_partition($1) as created", [
          day,
        ]),
      );
      return rows[0]!.created;
    });
  }

  /** In as many short transactions as it takes; nothing is added to a day that is past. */
  private async raiseFloors(partition: string): Promise<void> {
    let last: LastTopic | undefined = { tenant: "", topic: 0 };
    while (last !== undefined) last = await this.raiseFloorsAfter(partition, last);
  }

  private raiseFloorsAfter(partition: string, last: LastTopic): Promise<LastTopic | undefined> {
    return this.transaction(async (client) => {
      const { rows } = await retryLock(client, () =>
        client.query<LastTopic>(raiseFloors(partition), [last.tenant, last.topic]),
      );
      return rows[0];
    });
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

/** @returns whether it was there: another worker may have been faster */
async function dropPartition(client: pg.PoolClient, name: string): Promise<boolean> {
  await retryLock(client, () => client.query("lock table messages in access exclusive mode"));
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass($1) is not null as there",
    [name],
  );
  if (rows[0]!.there) await client.query(`drop table ${name}`);
  return rows[0]!.there;
}

/** Another worker has done it meanwhile, floors and all. */
function unlessDropped(error: unknown): void {
  if ((error as pg.DatabaseError).code !== UNDEFINED_TABLE) throw error;
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
