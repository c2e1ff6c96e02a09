import type { Keys, PresenceSnapshot, SnapshotUser } from "@tellwire/contract";
import { batch, type RedisConnection } from "@tellwire/redis";

const LIVES_MS = 30_000;

/** What MUDs say of their users, where every edge finds it; forgotten after 30 s without news. */
export class PresenceSnapshots {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  /** @returns the one before, or null */
  async put(tenant: string, users: SnapshotUser[]): Promise<PresenceSnapshot | null> {
    const key = this.keys.presenceSnapshot(tenant);
    const text = JSON.stringify({ users } satisfies PresenceSnapshot);
    const before = await this.redis.client.set(key, text, "PX", LIVES_MS, "GET");
    return before === null ? null : (JSON.parse(before) as PresenceSnapshot);
  }

  async get(tenant: string): Promise<PresenceSnapshot | null> {
    return (await this.of([tenant])).get(tenant) ?? null;
  }

  /** Of those tenants that have one. */
  async of(tenants: readonly string[]): Promise<Map<string, PresenceSnapshot>> {
    const replies = await batch(
      this.redis.client,
      tenants.map((tenant) => ["GET", this.keys.presenceSnapshot(tenant)]),
    );
    const found = new Map<string, PresenceSnapshot>();
    for (const [i, reply] of replies.entries()) {
      if (!Buffer.isBuffer(reply)) continue;
      found.set(tenants[i] as string, JSON.parse(reply.toString("utf8")) as PresenceSnapshot);
    }
    return found;
  }
}

export interface StatusChange {
  user_name: string;
  status: string;
  previous_status: string | null;
}

/** What a new snapshot says that the one before did not. */
export function statusChanges(
  before: PresenceSnapshot | null,
  after: PresenceSnapshot,
): StatusChange[] {
  const known = new Map(before?.users.map((user) => [user.name.toLowerCase(), user]));
  const changes: StatusChange[] = [];
  for (const user of after.users) {
    const earlier = known.get(user.name.toLowerCase());
    known.delete(user.name.toLowerCase());
    const status = user.status || "online";
    const previous = earlier === undefined ? "offline" : earlier.status || "online";
    if (status !== previous) {
      changes.push({ user_name: user.name, status, previous_status: previous });
    }
  }
  for (const user of known.values()) {
    changes.push({
      user_name: user.name,
      status: "offline",
      previous_status: user.status || "online",
    });
  }
  return changes;
}
