import { databaseConfig, loadConfig, redisConfig } from "@tellwire/config";
import { Keys, type ControlEvent } from "@tellwire/contract";
import { connectDatabase, type DatabaseConnection } from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import { writeControl } from "@tellwire/streams";
import { createLogger } from "@tellwire/telemetry";

const REDIS_PATIENCE_MS = 3000;

/** What a command works with; everything is opened when it is first needed. */
export class Context {
  readonly config = loadConfig({ ...databaseConfig, ...redisConfig });
  private connection: DatabaseConnection | null = null;

  get db(): DatabaseConnection["db"] {
    return this.database.db;
  }

  get pool(): DatabaseConnection["pool"] {
    return this.database.pool;
  }

  /**
   * Tells the running services to forget what has changed. Without Redis, or if
   * it does not answer, they notice when their caches expire.
   */
  async announce(...events: ControlEvent[]): Promise<void> {
    const { redisUrl, redisCluster, keyPrefix } = this.config;
    if (redisUrl === undefined && redisCluster === undefined) return;
    const log = createLogger({ service: "cli", name: "cli", level: "silent" });
    const redis = new RedisConnection({ redisUrl, redisCluster }, log);
    try {
      await withPatience(redis.ready());
      await withPatience(writeControl(redis.client, new Keys(keyPrefix), events));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(
        `Done, but Redis could not be told (${reason}): services notice within a minute.\n`,
      );
    } finally {
      redis.close();
    }
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }

  private get database(): DatabaseConnection {
    this.connection ??= connectDatabase({ ...this.config, name: "tellwire-cli" });
    return this.connection;
  }
}

/** Redis connections are tried for ever; a command is not. */
async function withPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), REDIS_PATIENCE_MS);
  });
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
