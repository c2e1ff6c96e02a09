import { Injectable } from "@nestjs/common";
import { LRUCache } from "lru-cache";
import {
  PRESENCE_AGE_MS,
  tenantOf,
  type Identity,
  type Params,
  type Result,
} from "@tellwire/contract";
import { SessionRepository } from "@tellwire/persistence";
import { Announcer } from "../infrastructure/announcer.js";
import { Reach } from "../infrastructure/reach.js";
import { onlineSince, presenceView, type PresenceView } from "./presence-view.js";
import { PresenceRepository } from "./presence.repository.js";

const TENANTS = 1000;
const WHO_LIMIT = 100;
/** Users that one event names. */
const NAMED_AT_ONCE = 500;

type UserPresence = Result<"presence">["users"][number];

const iso = (ms: number): string => new Date(ms).toISOString();

/** Who is there. Everybody hears of the own tenant and its fellows in a federation only. */
@Injectable()
export class PresenceService {
  /** One reading serves everybody who asks soon after. */
  private readonly views = new LRUCache<string, Promise<PresenceView>>({
    max: TENANTS,
    ttl: PRESENCE_AGE_MS,
  });

  constructor(
    private readonly entries: PresenceRepository,
    private readonly sessions: SessionRepository,
    private readonly announcer: Announcer,
    private readonly reach: Reach,
  ) {}

  async presence(who: Identity, params: Params<"presence">): Promise<Result<"presence">> {
    const users = await this.reach.users(params.users, who);
    const found = new Map<string, UserPresence>();
    for (const [tenant, of] of Map.groupBy(users, tenantOf)) {
      for (const one of await this.presenceIn(tenant, of)) found.set(one.user, one);
    }
    return { users: users.map((user) => found.get(user) as UserPresence) };
  }

  private async presenceIn(tenant: string, users: readonly string[]): Promise<UserPresence[]> {
    const view = await this.view(tenant);
    const away = users.filter((user) => !view.has(user));
    const lastSeen =
      away.length === 0 ? new Map<string, number>() : await this.sessions.lastSeen(tenant, away);
    return users.map((user) => {
      if (view.has(user)) return { user, status: "online", last_seen: null };
      const seen = lastSeen.get(user);
      return { user, status: "offline", last_seen: seen === undefined ? null : iso(seen) };
    });
  }

  async who(who: Identity, { limit = WHO_LIMIT, tenant }: Params<"who">): Promise<Result<"who">> {
    const view = await this.view(await this.reach.tenant(tenant, who));
    const users = [...view].slice(0, limit).map(([user, sessions]) => ({
      user,
      sessions: sessions.length,
      since: iso(onlineSince(sessions)),
    }));
    return { users, count: view.size };
  }

  async locate(who: Identity, params: Params<"locate">): Promise<Result<"locate">> {
    const user = await this.reach.user(params.user, who);
    const sessions = (await this.view(tenantOf(user))).get(user) ?? [];
    return {
      user,
      found: sessions.length > 0,
      sessions: sessions.map(({ session, since }) => ({ session_id: session, since: iso(since) })),
    };
  }

  /** Clears away what edges have told that are gone, and says who went offline with them. */
  async clearDead(): Promise<void> {
    const at = Date.now();
    for (const [tenant, users] of await this.entries.clearDead()) {
      const online = presenceView(await this.entries.read(tenant));
      const gone = [...users].filter((user) => !online.has(user));
      for (let i = 0; i < gone.length; i += NAMED_AT_ONCE) {
        const named = gone.slice(i, i + NAMED_AT_ONCE);
        await this.announcer.announce({ type: "offline", users: named, at });
      }
    }
  }

  private view(tenant: string): Promise<PresenceView> {
    const known = this.views.get(tenant);
    if (known !== undefined) return known;
    const reading = this.entries.read(tenant).then(presenceView);
    this.views.set(tenant, reading);
    reading.catch(() => this.views.delete(tenant));
    return reading;
  }
}
