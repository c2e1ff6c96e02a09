import { Injectable } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { unpackValue } from "@tellwire/streams";
import type { Present } from "./presence.js";

/** Sessions of a tenant: of one with more, nobody is told. A list of that length serves nobody. */
const MOST = 5000;

/** Who of a tenant is there, as edges have told it. */
@Injectable()
export class PresenceReader {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  async of(tenant: string): Promise<Present[]> {
    const key = this.keys.presence(tenant);
    if ((await this.redis.client.hlen(key)) > MOST) return [];
    const values = await this.redis.client.hvalsBuffer(key);
    return values.map((value) => {
      const [user, since] = unpackValue(value) as [string, number];
      return { user, since };
    });
  }
}
