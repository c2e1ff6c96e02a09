import { Injectable } from "@nestjs/common";
import { LRUCache } from "lru-cache";
import type { Identity, Params, Result } from "@tellwire/contract";
import { SessionRepository } from "@tellwire/persistence";
import { ownUser } from "../infrastructure/own-names.js";
import { onlineSince, presenceView, type PresenceView } from "./presence-view.js";
import { PresenceRepository } from "./presence.repository.js";

/** One reading serves everybody who asks within this time, in milliseconds. */
const FRESH_MS = 200;
const TENANTS = 1000;
const WHO_LIMIT = 100;

const iso = (ms: number): string => new Date(ms).toISOString();

/** Who is there. Everybody hears of the own tenant only. */
@Injectable()
export class PresenceService {
  private readonly views = new LRUCache<string, Promise<PresenceView>>({
    max: TENANTS,
    ttl: FRESH_MS,
  });

  constructor(
    private readonly entries: PresenceRepository,
    private readonly sessions: SessionRepository,
  ) {}

  async presence(who: Identity, params: Params<"presence">): Promise<Result<"presence">> {
    const users = params.users.map((user) => ownUser(user, who));
    const view = await this.view(who.tenant);
    const away = users.filter((user) => !view.has(user));
    const lastSeen =
      away.length === 0
        ? new Map<string, number>()
        : await this.sessions.lastSeen(who.tenant, away);
    return {
      users: users.map((user) => {
        if (view.has(user)) return { user, status: "online", last_seen: null };
        const seen = lastSeen.get(user);
        return { user, status: "offline", last_seen: seen === undefined ? null : iso(seen) };
      }),
    };
  }

  async who(who: Identity, { limit = WHO_LIMIT }: Params<"who">): Promise<Result<"who">> {
    const view = await this.view(who.tenant);
    const users = [...view].slice(0, limit).map(([user, sessions]) => ({
      user,
      sessions: sessions.length,
      since: iso(onlineSince(sessions)),
    }));
    return { users, count: view.size };
  }

  async locate(who: Identity, params: Params<"locate">): Promise<Result<"locate">> {
    const user = ownUser(params.user, who);
    const sessions = (await this.view(who.tenant)).get(user) ?? [];
    return {
      user,
      found: sessions.length > 0,
      sessions: sessions.map(({ session, since }) => ({ session_id: session, since: iso(since) })),
    };
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
