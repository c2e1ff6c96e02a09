import { LRUCache } from "lru-cache";
import {
  decide,
  tenantOf,
  TellwireError,
  type ControlEvent,
  type PublishItem,
  type TopicAccess,
  type WireError,
} from "@tellwire/contract";
import type { AccessRepository } from "@tellwire/persistence";

/** Cached decisions hold this long at most, should a control event be lost. */
const TTL_MS = 10_000;
const MOST = 100_000;

/** A session of the tenant as such (`@acme`) is no user. */
const userOf = (item: PublishItem): string | null => (item.from.startsWith("@") ? null : item.from);
const cacheKey = (topic: string, user: string | null): string => `${topic} ${user ?? ""}`;

/** Whether a sender may publish to a topic, by the policy as it is at the append. */
export class Authoriser {
  private readonly cache = new LRUCache<string, TopicAccess>({ max: MOST, ttl: TTL_MS });

  constructor(private readonly access: Pick<AccessRepository, "load">) {}

  /** @returns per item null, or why it is refused */
  async check(items: PublishItem[]): Promise<(WireError | null)[]> {
    const found = await this.load(items);
    return items.map((item) => {
      if (item.role === "system") return null;
      const access = found.get(cacheKey(item.topic, userOf(item)));
      const asker = {
        tenant: tenantOf(item.from),
        user: userOf(item),
        admin: item.role === "tenant",
      };
      const verdict =
        access === undefined ? "not_permitted" : decide(asker, item.topic, "publish", access);
      return verdict === "allow" ? null : new TellwireError(verdict).toWire();
    });
  }

  forget(event: ControlEvent): void {
    if (event.type === "policy" && event.user !== null)
      this.cache.delete(cacheKey(event.topic, event.user));
    else if (event.type === "block")
      this.cache.delete(cacheKey(`user:${event.user}`, event.blocked));
    else if (event.type === "policy" || event.type === "tenant") this.forgetAll();
  }

  forgetAll(): void {
    this.cache.clear();
  }

  private async load(items: PublishItem[]): Promise<Map<string, TopicAccess>> {
    const found = new Map<string, TopicAccess>();
    const missing = new Map<string, { topic: string; user: string | null }>();
    for (const item of items) {
      if (item.role === "system") continue;
      const user = userOf(item);
      const key = cacheKey(item.topic, user);
      if (found.has(key) || missing.has(key)) continue;
      const cached = this.cache.get(key);
      if (cached !== undefined) found.set(key, cached);
      // What another tenant owns is refused without a look.
      else if (tenantOf(item.topic) === tenantOf(item.from))
        missing.set(key, { topic: item.topic, user });
    }
    if (missing.size > 0) {
      const loaded = await this.access.load([...missing.values()], true);
      for (const [i, key] of [...missing.keys()].entries()) {
        const access = loaded[i];
        if (access === undefined) continue;
        found.set(key, access);
        this.cache.set(key, access);
      }
    }
    return found;
  }
}
