import { randomUUID } from "node:crypto";
import type { Keys } from "@tellwire/contract";
import { Script, type RedisConnection } from "@tellwire/redis";

const lua = <R>(name: string): Script<R> =>
  Script.fromFile<R>(new URL(`../../lua/${name}.lua`, import.meta.url));

/** Who is alive and who owns what, in Redis and by Redis' clock. */
export class LeaseRepository {
  private readonly heartbeatScript = lua<string[]>("heartbeat-1");
  private readonly acquireScript = lua<number>("acquire-1");
  private readonly renewScript = lua<number>("renew-1");
  private readonly releaseScript = lua<number>("release-1");
  private acquired = 0;

  /**
   * @param process unique to this run of this router
   * @param ttlMs how long a lease outlives its last renewal
   */
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly process: string,
    private readonly ttlMs: number,
  ) {}

  /** Says that this router lives. @returns every router that said so within the lease time */
  heartbeat(): Promise<string[]> {
    return this.heartbeatScript.run(
      this.redis.client,
      [this.keys.routers()],
      [this.process, this.ttlMs],
    );
  }

  async leave(): Promise<void> {
    await this.redis.client.zrem(this.keys.routers(), this.process);
  }

  /** @returns the token, or null while another router holds the lease */
  async acquire(partition: number): Promise<string | null> {
    const token = `${this.process}:${++this.acquired}`;
    const held = await this.acquireScript.run(
      this.redis.client,
      [this.keys.lease(partition)],
      [this.process, token, this.ttlMs],
    );
    if (held !== 1) return null;
    await this.redis.client.set(this.keys.epoch(partition), randomUUID(), "NX");
    return token;
  }

  async renew(partition: number, token: string): Promise<boolean> {
    return (
      (await this.renewScript.run(
        this.redis.client,
        [this.keys.lease(partition)],
        [token, this.ttlMs],
      )) === 1
    );
  }

  async release(partition: number, token: string): Promise<void> {
    await this.releaseScript.run(this.redis.client, [this.keys.lease(partition)], [token]);
  }
}
