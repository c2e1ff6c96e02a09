import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** Counts the transactions of the cluster's database: under load nearly all of them are appends. */
export class AppendCount {
  private constructor(private readonly client: pg.Client) {}

  static async open(url: string): Promise<AppendCount> {
    const client = new pg.Client(url);
    // A connection that breaks, as when all is being stopped, fails the next query; that is enough.
    client.on("error", () => {});
    await client.connect();
    return new AppendCount(client);
  }

  /** The commits while `work` was going on, in how many seconds, and what it returned. */
  async during<T>(
    work: () => Promise<T>,
  ): Promise<{ result: T; commits: number; seconds: number }> {
    const [before, begun] = [await this.commits(), performance.now()];
    const result = await work();
    // Sessions tell what they did once a second at most.
    await delay(1_100);
    const commits = (await this.commits()) - before;
    return { result, commits, seconds: (performance.now() - begun) / 1000 };
  }

  close(): Promise<void> {
    return this.client.end();
  }

  private async commits(): Promise<number> {
    const { rows } = await this.client.query<{ commits: string }>(
      "select xact_commit as commits from pg_stat_database where datname = current_database()",
    );
    return Number(rows[0]!.commits);
  }
}
