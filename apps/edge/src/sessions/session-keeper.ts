import type { Identity, Receipt, SessionState } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { Connection } from "../connection/connection.js";

/** How often changed sessions are saved. What is lost with an edge is at most this much of cursors. */
const SAVE_MS = 500;
const AT_ONCE = 500;

/** Whoever else must know who is here. */
export interface SessionHooks {
  /** Takes a place among the tenant's connections. @throws TellwireError when there is none */
  admit(connection: Connection, tenant: string): Promise<void>;
  joined(sessionId: string, identity: Identity): void;
  left(sessionId: string): void;
}

/**
 * Keeps the sessions of this edge's connections in the session service: what
 * they are subscribed to and what their clients have acknowledged, so that any
 * edge can resume them.
 */
export class SessionKeeper {
  /**
   * By session: the connection that opened it last. The one before may be half open for a while, and
   * what it says of the session in the end is old.
   */
  private readonly holders = new Map<string, Connection>();
  /**
   * What a session had when its connection came back, until the client resumes it: a save before
   * that would forget it.
   */
  private readonly unrestored = new WeakMap<Connection, Map<string, number>>();
  private readonly changed = new Set<Connection>();
  /** Sessions to be marked as left, with their last state. */
  private left = new Map<string, SessionState>();
  /** Those of which this is being said now. */
  private leaving = new Map<string, SessionState>();
  /** How many are about to resume each session. */
  private readonly resuming = new Map<string, number>();
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly rpc: Pick<RpcClient, "call">,
    private readonly onReceipts: (receipts: Receipt[]) => void,
    private readonly hooks: SessionHooks,
    /** Topics of one session. */
    private readonly most: number,
    private readonly log: Logger,
  ) {}

  /** Opens a session for a connection, or resumes the one named. */
  async open(
    connection: Connection,
    identity: Identity,
    sessionId: string | null,
  ): Promise<{ sessionId: string; resumed: boolean; topics: SessionState["topics"] }> {
    await this.hooks.admit(connection, identity.tenant);
    if (sessionId !== null) await this.beginResuming(sessionId);
    try {
      const opened = await this.rpc.call("session.open", {
        sessionId,
        tenant: identity.tenant,
        user: identity.user,
        keyId: identity.keyId,
        tokenId: identity.tokenId,
      });
      this.opened(connection, identity, opened);
      return opened;
    } finally {
      if (sessionId !== null) this.endResuming(sessionId);
    }
  }

  /**
   * Opens a session for whoever has no connection yet, to be resumed from one. A
   * session that exists is not resumed: it would be taken from its connection.
   */
  async prepare({ tenant, user, keyId, tokenId }: Identity): Promise<string> {
    const { sessionId } = await this.rpc.call("session.open", {
      sessionId: null,
      tenant,
      user,
      keyId,
      tokenId,
    });
    await this.rpc.call("session.close", { sessions: [{ id: sessionId, tenant }] });
    return sessionId;
  }

  /** The client has its session's subscriptions again, or (with `topics`) wants these no more. */
  restored(connection: Connection, topics?: string[]): void {
    if (topics === undefined) this.unrestored.delete(connection);
    else for (const topic of topics) this.unrestored.get(connection)?.delete(topic);
    this.touched(connection);
  }

  /** Subscriptions or cursors have changed. */
  touched(connection: Connection): void {
    if (connection.sessionId !== null) this.changed.add(connection);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(SAVE_MS, signal);
      await this.save();
    }
    await this.save();
  }

  /** Writes what has changed since the last time; one save after another, so that the newest stays. */
  save(): Promise<void> {
    this.saving = this.saving.then(() => this.saveOnce());
    return this.saving;
  }

  private async saveOnce(): Promise<void> {
    const changed = [...this.changed].filter((connection) => this.holds(connection));
    this.changed.clear();
    const left = [...this.left.values()].filter(({ id }) => !this.resuming.has(id));
    this.leaving = new Map(left.map((state) => [state.id, state]));
    for (const { id } of left) this.left.delete(id);
    const all = [...changed.flatMap((connection) => this.stateOf(connection)), ...left];
    try {
      for (let first = 0; first < all.length; first += AT_ONCE) {
        const { receipts } = await this.rpc.call("session.save", {
          sessions: all.slice(first, first + AT_ONCE),
        });
        if (receipts.length > 0) this.onReceipts(receipts);
      }
      for (let first = 0; first < left.length; first += AT_ONCE) {
        await this.rpc.call("session.close", {
          sessions: left.slice(first, first + AT_ONCE).map(({ id, tenant }) => ({ id, tenant })),
        });
      }
    } catch (error) {
      // Cursors only rise and the newest state replaces the older one: saying it again is harmless.
      this.log.warn({ err: (error as Error).message, sessions: all.length }, "sessions not saved");
      this.left = new Map([...this.leaving, ...this.left]);
      for (const connection of changed) {
        if (!connection.closed) this.changed.add(connection);
      }
    } finally {
      this.leaving.clear();
    }
  }

  private opened(
    connection: Connection,
    identity: Identity,
    { sessionId, topics }: { sessionId: string; topics: SessionState["topics"] },
  ): void {
    if (connection.closed) {
      if (this.holders.has(sessionId)) return;
      const { tenant, user } = identity;
      this.left.set(sessionId, { id: sessionId, tenant, user, topics });
      return;
    }
    const before = connection.sessionId;
    if (before !== sessionId) {
      if (before === null) connection.onClosed.add(() => this.leave(connection));
      else this.leave(connection);
      this.hooks.joined(sessionId, identity);
      if (topics.length > 0) this.unrestored.set(connection, new Map(topics));
      else this.unrestored.delete(connection);
    }
    connection.identity = identity;
    connection.sessionId = sessionId;
    this.holders.set(sessionId, connection);
    // It has come back, whatever an earlier connection has left to be said.
    this.left.delete(sessionId);
  }

  /** From here on nothing is said of the session's end: it would come after its return. */
  private async beginResuming(sessionId: string): Promise<void> {
    this.resuming.set(sessionId, (this.resuming.get(sessionId) ?? 0) + 1);
    if (this.leaving.has(sessionId)) await this.saving;
  }

  private endResuming(sessionId: string): void {
    const others = (this.resuming.get(sessionId) ?? 1) - 1;
    if (others > 0) this.resuming.set(sessionId, others);
    else this.resuming.delete(sessionId);
  }

  private holds(connection: Connection): boolean {
    const { sessionId } = connection;
    return sessionId !== null && this.holders.get(sessionId) === connection;
  }

  private leave(connection: Connection): void {
    this.changed.delete(connection);
    const { sessionId } = connection;
    if (sessionId === null) return;
    this.hooks.left(sessionId);
    if (!this.holds(connection)) return;
    this.holders.delete(sessionId);
    for (const state of this.stateOf(connection)) this.left.set(sessionId, state);
  }

  private stateOf(connection: Connection): SessionState[] {
    const { identity, sessionId, subscriptions } = connection;
    if (identity === null || sessionId === null) return [];
    const topics = new Map([...subscriptions.values()].map(({ topic, acked }) => [topic, acked]));
    for (const [topic, acked] of this.unrestored.get(connection) ?? []) {
      if (topics.size < this.most && !topics.has(topic)) topics.set(topic, acked);
    }
    return [{ id: sessionId, tenant: identity.tenant, user: identity.user, topics: [...topics] }];
  }
}
