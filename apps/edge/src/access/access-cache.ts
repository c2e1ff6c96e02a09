import {
  decide,
  inboxOf,
  may,
  parseTopic,
  senderOf,
  tenantOf,
  TellwireError,
  type Action,
  type ControlEvent,
  type Identity,
  type TopicAccess,
  type TopicType,
} from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";
import { AccessLoader } from "./access-loader.js";
import type { FederationDirectory } from "./federation-directory.js";

const MOST = 50_000;
/** How long a change may go unnoticed should its control event get lost. */
const TTL_MS = 10_000;

/** For what needs no look-up: decisions that depend on who asks alone. */
const UNKNOWN: TopicAccess = { policy: null, role: "none", autoCreate: false, blocked: false };

/** Canonical names are percent-encoded, so a space parts them. */
const keyOf = (topic: string, user: string | null): string => `${topic} ${user ?? ""}`;

const topicOf = (key: string): string => key.slice(0, key.indexOf(" "));

/** Whether what is stored about a topic bears on the action. */
const bears = (type: TopicType, action: Action): boolean =>
  type === "channel" || action === "publish";

/** The two tenants of an answer that is about another tenant's topic; null of one about an own topic. */
function between(key: string): [owner: string, asker: string] | null {
  const asker = key.slice(key.indexOf(" ") + 1);
  const tenants: [string, string] = [tenantOf(topicOf(key)), tenantOf(asker)];
  return asker === "" || tenants[0] === tenants[1] ? null : tenants;
}

/**
 * Who may do what with a topic, as the session service last said. The rule
 * itself is `decide` of the contract, the same as in the router.
 */
export class AccessCache {
  private readonly cache: LookupCache<TopicAccess>;
  private readonly loader: AccessLoader;
  /** Channels that are coming into being. */
  private readonly creating = new Map<string, Promise<TopicAccess>>();
  /**
   * Called when the right to a topic may have changed, for one user or (null)
   * for any; a null topic means any topic. By then the cache has forgotten.
   */
  readonly onChange = new Set<(topic: string | null, user: string | null) => void>();
  /** The same for what other tenants may do with all topics of `owner`: `tenant`, or (null) any. */
  readonly onForeignChange = new Set<(owner: string, tenant: string | null) => void>();

  constructor(
    rpc: Pick<RpcClient, "call">,
    private readonly federations: Pick<FederationDirectory, "reaches">,
  ) {
    this.loader = new AccessLoader(rpc);
    this.cache = new LookupCache({
      most: MOST,
      ttlMs: () => TTL_MS,
      load: (key) => this.ask(key, false),
    });
  }

  /**
   * A caller that opens a subscription registers it in the same turn in which
   * this resolves; a change that comes later then finds it.
   * @param topic canonical
   * @param create whether a public channel may come into being by this use
   * @returns what it was decided by
   * @throws TellwireError `not_permitted`, `not_found`; those of the session service
   */
  async check(who: Identity, topic: string, action: Action, create = false): Promise<TopicAccess> {
    const { type, tenant: owner } = parseTopic(topic, who.tenant);
    const own = owner === who.tenant;
    // Nothing is asked about strangers, so nothing can be learnt by asking.
    if (!own && !(await this.federations.reaches(who.tenant, owner))) {
      throw new TellwireError("not_permitted");
    }
    const access = bears(type, action)
      ? await this.access(topic, own ? who.user : senderOf(who), create)
      : UNKNOWN;
    const asker = {
      tenant: who.tenant,
      user: who.user,
      admin: who.user === null && may(who, "admin"),
    };
    const verdict = decide(asker, topic, action, access);
    if (verdict !== "allow") throw new TellwireError(verdict);
    return access;
  }

  onControl(event: ControlEvent): void {
    switch (event.type) {
      case "policy":
        if (event.user === null) {
          this.cache.forgetWhere((key) => key.startsWith(`${event.topic} `));
        } else {
          this.cache.forget(keyOf(event.topic, event.user));
        }
        return this.changed(event.topic, event.user);
      case "block":
        return this.cache.forget(keyOf(inboxOf(event.user), event.blocked));
      case "tenant":
        this.cache.forgetWhere(
          (key) =>
            tenantOf(topicOf(key)) === event.tenant ||
            between(key)?.includes(event.tenant) === true,
        );
        return this.foreignChanged(event.tenant, null);
      case "federation": {
        const { federation, tenant } = event;
        this.cache.forgetWhere((key) => {
          const tenants = between(key);
          return tenants !== null && (tenants.includes(tenant) || tenants.includes(federation));
        });
        return this.foreignChanged(federation, tenant);
      }
      default:
    }
  }

  /** Control events may have been missed: nothing remembered can be trusted. */
  onGap(): void {
    this.cache.clear();
    this.changed(null, null);
  }

  private changed(topic: string | null, user: string | null): void {
    for (const listener of this.onChange) listener(topic, user);
  }

  private foreignChanged(owner: string, tenant: string | null): void {
    for (const listener of this.onForeignChange) listener(owner, tenant);
  }

  private async access(topic: string, user: string | null, create: boolean): Promise<TopicAccess> {
    const key = keyOf(topic, user);
    const access = await this.cache.get(key);
    if (!create || access.policy !== null || !access.autoCreate) return access;
    if ((await this.created(topic, key)).full === true) {
      throw new TellwireError("not_permitted", "The tenant has as many channels as it may have");
    }
    // Whoever else remembers that it did not exist is let in by that as well, and asks anew here.
    if (this.cache.peek(key)?.policy === null) this.cache.forget(key);
    return this.cache.get(key);
  }

  /** Lets a channel come into being: once, for all who use it first at the same time. */
  private created(topic: string, key: string): Promise<TopicAccess> {
    let creating = this.creating.get(topic);
    if (creating === undefined) {
      creating = this.ask(key, true).finally(() => this.creating.delete(topic));
      this.creating.set(topic, creating);
    }
    return creating;
  }

  private ask(key: string, create: boolean): Promise<TopicAccess> {
    const [topic = "", user = ""] = key.split(" ");
    return this.loader.load(topic, user === "" ? null : user, create);
  }
}
