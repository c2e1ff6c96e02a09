import { Injectable } from "@nestjs/common";
import { Keys, type PresenceEntry } from "@tellwire/contract";
import { batch, RedisConnection, type Command } from "@tellwire/redis";
import { packValue, unpackValue } from "@tellwire/streams";
import type { OnlineSession } from "./presence-view.js";

const fieldOf = (instance: string, session: string): string => `${instance} ${session}`;
const instanceOf = (field: string): string => field.slice(0, field.indexOf(" "));

/**
 * Who is online, as the edges tell it, in Redis. An edge changes only what it
 * has told itself, so two edges that see a session move cannot undo each other.
 */
@Injectable()
export class PresenceRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  /** @param reset forgets first whatever this instance has told before */
  async set(instance: string, reset: boolean, entries: readonly PresenceEntry[]): Promise<void> {
    if (reset) await this.clear(instance);
    const tenants = Map.groupBy(entries, (entry) => entry.tenant);
    if (tenants.size === 0) return;
    // The lists first: whatever is told can then be found again and cleared.
    await this.all([
      ["SADD", this.keys.presenceInstances(), instance],
      ["SADD", this.keys.presenceTenants(instance), ...tenants.keys()],
    ]);
    await this.all(
      [...tenants].flatMap(([tenant, told]): Command[] => {
        const key = this.keys.presence(tenant);
        const [online, offline] = [true, false].map((is) => told.filter((e) => e.online === is));
        const set = online!.flatMap((e) => [
          fieldOf(instance, e.session),
          packValue([e.user, e.since]),
        ]);
        const gone = offline!.map((e) => fieldOf(instance, e.session));
        const commands: Command[] = [];
        if (set.length > 0) commands.push(["HSET", key, ...set]);
        if (gone.length > 0) commands.push(["HDEL", key, ...gone]);
        return commands;
      }),
    );
  }

  /** A tenant's entries, without those of edges that are gone. */
  async read(tenant: string): Promise<OnlineSession[]> {
    const stored = await this.redis.client.hgetallBuffer(this.keys.presence(tenant));
    const fields = Object.keys(stored);
    const alive = await this.alive([...new Set(fields.map(instanceOf))]);
    return fields
      .filter((field) => alive.has(instanceOf(field)))
      .map((field) => {
        const [user, since] = unpackValue(stored[field] as Buffer) as [string, number];
        return { session: field.slice(field.indexOf(" ") + 1), user, since };
      });
  }

  /**
   * Removes what edges have told that are gone.
   * @returns by tenant, whom they had told of; to one replica only, if several clear at once
   */
  async clearDead(): Promise<Map<string, Set<string>>> {
    const instances = await this.redis.client.smembers(this.keys.presenceInstances());
    const alive = await this.alive(instances);
    const removed = new Map<string, Set<string>>();
    for (const instance of instances) {
      if (alive.has(instance)) continue;
      for (const [tenant, users] of await this.clear(instance)) {
        removed.set(tenant, new Set([...(removed.get(tenant) ?? []), ...users]));
      }
    }
    return removed;
  }

  private async clear(instance: string): Promise<Map<string, Set<string>>> {
    const { client } = this.redis;
    const removed = new Map<string, Set<string>>();
    for (const tenant of await client.smembers(this.keys.presenceTenants(instance))) {
      const key = this.keys.presence(tenant);
      const told = Object.entries(await client.hgetallBuffer(key)).filter(
        ([field]) => instanceOf(field) === instance,
      );
      if (told.length === 0) continue;
      removed.set(tenant, new Set(told.map(([, value]) => (unpackValue(value) as [string])[0])));
      await client.hdel(key, ...told.map(([field]) => field));
    }
    const [, listed] = await this.all([
      ["DEL", this.keys.presenceTenants(instance)],
      ["SREM", this.keys.presenceInstances(), instance],
    ]);
    return listed === 1 ? removed : new Map();
  }

  private async alive(instances: readonly string[]): Promise<Set<string>> {
    const exists = await this.all(instances.map((one) => ["EXISTS", this.keys.egress(one)]));
    return new Set(instances.filter((_, i) => exists[i] === 1));
  }

  private async all(commands: Command[]): Promise<unknown[]> {
    const replies = await batch(this.redis.client, commands);
    const failed = replies.find((reply) => reply instanceof Error);
    if (failed !== undefined) throw failed;
    return replies;
  }
}
