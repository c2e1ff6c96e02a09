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
  private readonly changed = new Set<Connection>();
  private left: SessionState[] = [];

  constructor(
    private readonly rpc: Pick<RpcClient, "call">,
    private readonly onReceipts: (receipts: Receipt[]) => void,
    private readonly hooks: SessionHooks,
    private readonly log: Logger,
  ) {}

  /** Opens a session for a connection, or resumes the one named. */
  async open(
    connection: Connection,
    identity: Identity,
    sessionId: string | null,
  ): Promise<{ sessionId: string; resumed: boolean; topics: SessionState["topics"] }> {
    await this.hooks.admit(connection, identity.tenant);
    const opened = await this.rpc.call("session.open", {
      sessionId,
      tenant: identity.tenant,
      user: identity.user,
      keyId: identity.keyId,
      tokenId: identity.tokenId,
    });
    if (connection.closed) return opened;
    connection.identity = identity;
    const before = connection.sessionId;
    if (before === null) connection.onClosed.add(() => this.leave(connection));
    if (before === opened.sessionId) return opened;
    if (before !== null) this.hooks.left(before);
    connection.sessionId = opened.sessionId;
    this.hooks.joined(opened.sessionId, identity);
    return opened;
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

  /** Writes what has changed since the last time. */
  async save(): Promise<void> {
    const changed = [...this.changed];
    const sessions = changed.flatMap((connection) => stateOf(connection));
    this.changed.clear();
    const left = this.left;
    this.left = [];
    const all = [...sessions, ...left];
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
      this.left.push(...left);
      for (const connection of changed) {
        if (!connection.closed) this.changed.add(connection);
      }
    }
  }

  private leave(connection: Connection): void {
    this.changed.delete(connection);
    this.left.push(...stateOf(connection));
    if (connection.sessionId !== null) this.hooks.left(connection.sessionId);
  }
}

function stateOf(connection: Connection): SessionState[] {
  const { identity, sessionId, subscriptions } = connection;
  if (identity === null || sessionId === null) return [];
  const topics = [...subscriptions.values()].map(({ topic, acked }): [string, number] => [
    topic,
    acked,
  ]);
  return [{ id: sessionId, tenant: identity.tenant, user: identity.user, topics }];
}
