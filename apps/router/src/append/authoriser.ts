import {
  decide,
  inboxOf,
  tenantOf,
  TellwireError,
  type ControlEvent,
  type PublishItem,
  type TopicAccess,
  type WireError,
} from "@tellwire/contract";
import type { AccessRepository } from "@tellwire/persistence";
import { LookupCache } from "@tellwire/streams";

/** Cached decisions hold this long at most, should a control event be lost. */
const TTL_MS = 10_000;
const MOST = 100_000;

/** A session of the tenant as such (`@acme`) is no user. */
const userOf = (item: PublishItem): string | null => (item.from.startsWith("@") ? null : item.from);
/** Canonical names are percent-encoded, so a space parts them. */
const keyOf = (topic: string, user: string | null): string => `${topic} ${user ?? ""}`;
const topicOf = (key: string): string => key.slice(0, key.indexOf(" "));

/** Look-ups that were asked for in one turn, and their answers in the same order. */
interface Round {
  keys: string[];
  answers: Promise<TopicAccess[]>;
}

/** Whether a sender may publish to a topic, by the policy as it is at the append. */
export class Authoriser {
  private readonly cache: LookupCache<TopicAccess>;
  private round: Round | null = null;

  constructor(private readonly access: Pick<AccessRepository, "load">) {
    this.cache = new LookupCache({
      most: MOST,
      ttlMs: () => TTL_MS,
      load: (key) => this.load(key),
    });
  }

  /** @returns per item null, or why it is refused */
  async check(items: PublishItem[]): Promise<(WireError | null)[]> {
    const keys = new Set(items.filter(isOwn).map((item) => keyOf(item.topic, userOf(item))));
    const found = new Map(
      await Promise.all([...keys].map(async (key) => [key, await this.cache.get(key)] as const)),
    );
    return items.map((item) => {
      if (item.role === "system") return null;
      const access = found.get(keyOf(item.topic, userOf(item)));
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
    switch (event.type) {
      case "policy":
        if (event.user !== null) return this.cache.forget(keyOf(event.topic, event.user));
        return this.cache.forgetWhere((key) => topicOf(key) === event.topic);
      case "block":
        return this.cache.forget(keyOf(inboxOf(event.user), event.blocked));
      case "tenant":
        return this.cache.forgetWhere((key) => tenantOf(topicOf(key)) === event.tenant);
      default:
    }
  }

  forgetAll(): void {
    this.cache.clear();
  }

  /** All that one batch lacks is asked for in one round trip. */
  private async load(key: string): Promise<TopicAccess> {
    const round = (this.round ??= this.begin());
    const place = round.keys.push(key) - 1;
    return (await round.answers)[place] as TopicAccess;
  }

  private begin(): Round {
    const keys: string[] = [];
    const ask = (): Promise<TopicAccess[]> => {
      this.round = null;
      const asked = keys.map((key) => ({
        topic: topicOf(key),
        user: key.slice(key.indexOf(" ") + 1) || null,
      }));
      return this.access.load(asked, true);
    };
    return { keys, answers: Promise.resolve().then(ask) };
  }
}

/** What another tenant owns is refused without a look; what the system says is not asked about. */
const isOwn = (item: PublishItem): boolean =>
  item.role !== "system" && tenantOf(item.topic) === tenantOf(item.from);
