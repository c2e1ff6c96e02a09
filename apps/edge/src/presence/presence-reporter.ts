import { PRESENCE_AGE_MS, type Identity, type PresenceEntry } from "@tellwire/contract";
import type { EphemeralBus } from "@tellwire/ephemeral";
import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";

interface LocalSession {
  identity: Identity;
  user: string;
  since: number;
  /** A resumed session may have its old connection for a moment beside the new one. */
  connections: number;
}

/** The last session of a user has left, or the first has come; `who` is whose it was. */
interface Change {
  online: boolean;
  who: Identity;
  at: number;
}

const BATCH = 1000;
/** Users one `presence` operation may ask about. */
const ASKED_AT_ONCE = 500;
const RETRY_MS = 500;
/** An answer that is asked for after this time knows of everything that was reported before. */
const SETTLED_MS = PRESENCE_AGE_MS + 50;

/**
 * Tells the session service which users are here, and the other edges when one
 * comes or goes. What changes while a report is under way goes with the next; a
 * report that failed is made again from what is true by then.
 */
export class PresenceReporter {
  private readonly sessions = new Map<string, LocalSession>();
  /** Sessions of each user at this edge. */
  private readonly users = new Map<string, number>();
  /** By session: not told yet. */
  private unsaid = new Map<string, PresenceEntry>();
  private changes = new Map<string, Change>();
  private resetDue = false;
  private busy = false;
  private readonly stop = new AbortController();

  constructor(
    private readonly rpc: Pick<RpcClient, "call" | "operation">,
    private readonly bus: Pick<EphemeralBus, "publish">,
    /** This edge as it is registered now. */
    private readonly instance: () => string | null,
    private readonly log: Logger,
  ) {}

  /** A connection has opened or resumed a session. Sessions of a tenant as such have no presence. */
  joined(sessionId: string, identity: Identity): void {
    if (identity.user === null) return;
    const known = this.sessions.get(sessionId);
    if (known !== undefined) {
      known.connections++;
      return;
    }
    const session = { identity, user: identity.user, since: Date.now(), connections: 1 };
    this.sessions.set(sessionId, session);
    this.count(session, 1);
    this.say(sessionId, session, true);
  }

  /** A connection of the session has closed. */
  left(sessionId: string): void {
    const session = this.sessions.get(sessionId);
    if (session === undefined || --session.connections > 0) return;
    this.sessions.delete(sessionId);
    this.count(session, -1);
    this.say(sessionId, session, false);
  }

  /** This edge has registered anew: what it told before may be lost, so it tells everything. */
  reset(): void {
    this.resetDue = true;
    for (const [id, session] of this.sessions) {
      if (!this.unsaid.has(id)) this.unsaid.set(id, entryOf(id, session, true));
    }
    this.wake();
  }

  /** Users here, for the metrics. */
  get size(): number {
    return this.users.size;
  }

  close(): void {
    this.stop.abort();
  }

  private say(id: string, session: LocalSession, online: boolean): void {
    this.unsaid.set(id, entryOf(id, session, online));
    this.wake();
  }

  private count({ user, identity }: LocalSession, by: 1 | -1): void {
    const sessions = (this.users.get(user) ?? 0) + by;
    if (sessions === 0) this.users.delete(user);
    else this.users.set(user, sessions);
    const first = by === 1 && sessions === 1;
    if (first || sessions === 0) {
      this.changes.set(user, { online: first, who: identity, at: Date.now() });
    }
  }

  private wake(): void {
    if (this.busy) return;
    this.busy = true;
    setImmediate(() => void this.report());
  }

  private async report(): Promise<void> {
    while ((this.unsaid.size > 0 || this.resetDue) && !this.stop.signal.aborted) {
      if (!(await this.reportOnce())) await pause(RETRY_MS, this.stop.signal);
    }
    this.busy = false;
  }

  /** @returns false if it failed, and is to be done again */
  private async reportOnce(): Promise<boolean> {
    const instance = this.instance();
    if (instance === null) return false;
    const reset = this.resetDue;
    const batch = new Map([...this.unsaid].slice(0, BATCH));
    for (const id of batch.keys()) this.unsaid.delete(id);
    const changes = this.changes;
    this.changes = new Map();
    this.resetDue = false;
    try {
      await this.rpc.call("presence.set", {
        instance,
        reset,
        entries: [...batch.values()],
      });
    } catch (error) {
      this.log.warn({ err: (error as Error).message }, "presence not reported");
      // What has changed since is newer than what failed.
      this.unsaid = new Map([...batch, ...this.unsaid]);
      this.changes = new Map([...changes, ...this.changes]);
      this.resetDue ||= reset;
      return false;
    }
    void this.announce(changes);
    return true;
  }

  private async announce(changes: Map<string, Change>): Promise<void> {
    const gone = new Map<string, { who: Identity; users: string[] }>();
    for (const [user, { online, who, at }] of changes) {
      if (online) {
        this.publish(user, "online", at);
        continue;
      }
      const ofTenant = gone.get(who.tenant) ?? { who, users: [] };
      gone.set(who.tenant, ofTenant);
      ofTenant.users.push(user);
    }
    if (gone.size > 0) await pause(SETTLED_MS, this.stop.signal);
    for (const { who, users } of gone.values()) {
      for (let i = 0; i < users.length; i += ASKED_AT_ONCE) {
        await this.announceGone(who, users.slice(i, i + ASKED_AT_ONCE), changes);
      }
    }
  }

  /** Who has left here may still be at another edge. */
  private async announceGone(
    who: Identity,
    users: string[],
    changes: Map<string, Change>,
  ): Promise<void> {
    try {
      const answer = await this.rpc.operation("presence", { who, params: { users } });
      for (const { user, status } of answer.users) {
        const change = changes.get(user);
        if (status === "offline" && change !== undefined) this.publish(user, status, change.at);
      }
    } catch (error) {
      this.log.warn({ err: (error as Error).message }, "presence not announced");
    }
  }

  private publish(user: string, status: "online" | "offline", at: number): void {
    const params = { user, status, at: new Date(at).toISOString() };
    this.bus.publish(user, { name: "presence", params });
  }
}

const entryOf = (session: string, local: LocalSession, online: boolean): PresenceEntry => ({
  session,
  tenant: local.identity.tenant,
  user: local.user,
  online,
  since: local.since,
});
