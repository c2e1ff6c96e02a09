import { Injectable } from "@nestjs/common";
import { Keys, type PresenceSnapshot, type SnapshotUser } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { unpackValue } from "@tellwire/streams";
import type { Present } from "./presence.js";

/** Sessions of a tenant: of one with more, nobody is told. A list of that length serves nobody. */
const MOST = 5000;

/** Who of a tenant is there, as the tenant itself has told it, or else edges. */
@Injectable()
export class PresenceReader {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  async of(tenant: string): Promise<Present[]> {
    const told = await this.redis.client.get(this.keys.presenceSnapshot(tenant));
    if (told !== null) {
      return (JSON.parse(told) as PresenceSnapshot).users.map((user) => presentIn(tenant, user));
    }
    const key = this.keys.presence(tenant);
    if ((await this.redis.client.hlen(key)) > MOST) return [];
    const values = await this.redis.client.hvalsBuffer(key);
    return values.map((value) => {
      const [user, since] = unpackValue(value) as [string, number];
      return { user, since };
    });
  }
}

const presentIn = (tenant: string, told: SnapshotUser): Present => {
  const { name, title, race, guild, location, status, level, idle } = told;
  const extra = [race, guild].filter(Boolean).join(", ");
  return {
    user: `${encodeURIComponent(name.toLowerCase())}@${tenant}`,
    since: null,
    visname: name,
    status: location || status || "online",
    ...(title !== undefined && { title }),
    ...(level !== undefined && { level: String(level) }),
    ...(idle !== undefined && { idle }),
    ...(extra !== "" && { extra }),
  };
};
