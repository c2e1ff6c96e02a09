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
import { LookupCache, pause } from "@tellwire/streams";

/** Cached decisions hold this long at most, should a control event be lost. */
const TTL_MS = 10_000;
/** Those in use are looked up anew before that, many at once, so that no batch waits. */
const REFRESH_MS = 6000;
const REFRESH_GATHER_MS = 250;
const MOST = 100_000;
const RETRY_AFTER_S = 1;

/** A session of the tenant as such (`@acme`) is no user. */
const userOf = (item: PublishItem): string | null => (item.from.startsWith("@") ? null : item.from);
/** Who asks, as the look-up wants it told: null for the topic's own tenant as such. */
const askerOf = (item: PublishItem): string | null =>
  tenantOf(item.topic) === tenantOf(item.from) ? userOf(item) : item.from;
/** Canonical names are percent-encoded, so a space parts them. */
const keyOf = (topic: string, user: string | null): string => `${topic} ${user ?? ""}`;
/** Whom the message is for: in a shared inbox one of its users, or all. */
const addresseeOf = ({ to, topic }: PublishItem): string => to ?? topic;
const topicOf = (key: string): string => key.slice(0, key.indexOf(" "));
/** The topic's, and that of who asks. */
const tenantsOf = (key: string): [owner: string, asker: string] => {
  const owner = tenantOf(topicOf(key));
  const asker = key.slice(key.indexOf(" ") + 1);
  return [owner, asker === "" ? owner : tenantOf(asker)];
};

/** Whether a sender may publish to a topic, by the policy as it is at the append. */
export class Authoriser {
  private readonly cache: LookupCache<TopicAccess>;

  constructor(access: Pick<AccessRepository, "load">) {
    const load = (keys: string[]): Promise<TopicAccess[]> =>
      access.load(
        keys.map((key) => ({
          topic: topicOf(key),
          user: key.slice(key.indexOf(" ") + 1) || null,
        })),
        true,
      );
    const now = new Gathered(() => Promise.resolve(), load);
    const soon = new Gathered(() => pause(REFRESH_GATHER_MS), load);
    this.cache = new LookupCache({
      most: MOST,
      ttlMs: () => TTL_MS,
      load: (key) => now.ask(key),
      refresh: { afterMs: REFRESH_MS, load: (key) => soon.ask(key) },
    });
  }

  /** @returns per item null, or why it is refused */
  async check(items: PublishItem[]): Promise<(WireError | null)[]> {
    const keys = items.map((item) =>
      // What the system says is not asked about.
      item.role === "system" ? null : keyOf(addresseeOf(item), askerOf(item)),
    );
    const found = new Map<string, TopicAccess>();
    const unknown = new Set<string>();
    for (const key of keys) {
      if (key === null || found.has(key) || unknown.has(key)) continue;
      const access = this.cache.peek(key);
      if (access === undefined) unknown.add(key);
      else found.set(key, access);
    }
    if (unknown.size > 0) {
      const learn = async (key: string): Promise<void> => {
        found.set(key, await this.cache.get(key));
      };
      await Promise.all([...unknown].map(learn));
    }
    return items.map((item, i) => {
      const key = keys[i] as string | null;
      return key === null ? null : refusalOf(item, found.get(key)!);
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
        return this.cache.forgetWhere((key) => tenantsOf(key).includes(event.tenant));
      case "federation":
        return this.cache.forgetWhere((key) => {
          const [owner, asker] = tenantsOf(key);
          return (
            owner !== asker &&
            [event.federation, event.tenant].some((t) => t === owner || t === asker)
          );
        });
      default:
    }
  }

  forgetAll(): void {
    this.cache.clear();
  }
}

function refusalOf(item: PublishItem, access: TopicAccess): WireError | null {
  const addressee = addresseeOf(item);
  // Its edge has not heard yet how the tenant keeps its inboxes now; said again, it will have.
  if (addressee.startsWith("user:") && (item.to !== undefined) !== (access.sharedInbox === true)) {
    const error = new TellwireError("upstream", "The tenant keeps its inboxes in another way now", {
      retryAfter: RETRY_AFTER_S,
    });
    return error.toWire();
  }
  const asker = {
    tenant: tenantOf(item.from),
    user: userOf(item),
    admin: item.role === "tenant",
  };
  const verdict = decide(asker, addressee, "publish", access);
  return verdict === "allow" ? null : new TellwireError(verdict).toWire();
}

/** Look-ups that come while one waits to leave go with it, in one round trip. */
class Gathered {
  private round: { keys: string[]; answers: Promise<TopicAccess[]> } | null = null;

  constructor(
    private readonly wait: () => Promise<void>,
    private readonly load: (keys: string[]) => Promise<TopicAccess[]>,
  ) {}

  async ask(key: string): Promise<TopicAccess> {
    const round = (this.round ??= this.begin());
    const place = round.keys.push(key) - 1;
    return (await round.answers)[place] as TopicAccess;
  }

  private begin(): { keys: string[]; answers: Promise<TopicAccess[]> } {
    const keys: string[] = [];
    const leave = (): Promise<TopicAccess[]> => {
      this.round = null;
      return this.load(keys);
    };
    return { keys, answers: this.wait().then(leave) };
  }
}
