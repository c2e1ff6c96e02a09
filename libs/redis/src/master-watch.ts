import type { Redis } from "ioredis";
import { addressOf, parseInfo, type RedisConnection } from "./connect-redis.js";

/**
 * Notices that a master restarted or that a replica took over, so that the newest
 * writes may be gone. Redis gives the data of a master a new replication id in
 * both cases. A master that does not answer keeps the id it had: that it is away
 * says nothing about what it will hold when it is back.
 */
export class MasterWatch {
  private readonly known = new Map<string, string>();

  constructor(private readonly redis: Pick<RedisConnection, "masters">) {}

  /**
   * Whether the masters that answer are others than when they answered last; false
   * at the first look. Never rejects; takes as long as a command may take.
   */
  async changed(): Promise<boolean> {
    const first = this.known.size === 0;
    const looks = await Promise.all(this.redis.masters().map((node) => this.differs(node)));
    return !first && looks.includes(true);
  }

  private async differs(node: Redis): Promise<boolean> {
    try {
      const id = parseInfo(await node.info("replication"))["master_replid"] ?? "";
      const before = this.known.get(addressOf(node));
      this.known.set(addressOf(node), id);
      return before !== id;
    } catch {
      return false;
    }
  }
}
