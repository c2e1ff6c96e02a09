import type { CloseName, ControlEvent, Identity } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { RevocationList } from "./revocation-list.js";
import type { TenantDirectory } from "./tenant-directory.js";

/** An open connection, as far as its right to be open goes. */
export interface GuardedConnection {
  readonly identity: Identity | null;
  close(reason: CloseName): void;
}

const POLL_MS = 10_000;
const RETRY_MS = 500;
/** An expired token's connection stays open this long at most. */
const SWEEP_MS = 2000;

/**
 * Closes connections whose right to be open has ended: a revoked token, user or
 * key, a tenant that is gone or keeps its inboxes in another way, a token that ran out. Control events make a
 * revocation effective at once; the list, fetched again and again, makes up for
 * those that were missed.
 */
export class ConnectionGuard {
  private scheduled = false;
  /** One fetch at a time: a second would mix up what came in during the first. */
  private fetching: Promise<boolean> = Promise.resolve(true);

  constructor(
    private readonly connections: Iterable<GuardedConnection>,
    private readonly revocations: RevocationList,
    tenants: TenantDirectory,
    private readonly rpc: Pick<RpcClient, "call">,
    private readonly log: Logger,
    /** Milliseconds by the clock that tokens are dated by, not this machine's. */
    private readonly now: () => number,
  ) {
    tenants.onGone.add((tenant) =>
      this.closeWhere("revoked", (identity) => identity.tenant === tenant),
    );
    // Who comes back reads the inboxes as they are kept now.
    tenants.onInboxChange.add((tenant) =>
      this.closeWhere("going_away", (identity) => identity.tenant === tenant),
    );
  }

  /** Fetches the first list, however long that takes: before it nobody may be let in. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.fetch())) await pause(RETRY_MS, signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    const sweep = setInterval(() => this.closeExpired(this.now()), SWEEP_MS);
    let fetched = true;
    while (!signal.aborted) {
      await pause(fetched ? POLL_MS : RETRY_MS, signal);
      if (!signal.aborted) fetched = await this.fetch();
    }
    clearInterval(sweep);
  }

  onControl(event: ControlEvent): void {
    if (event.type === "revoked") this.revocations.add({ ...event, keyId: null });
    else if (event.type === "key" && event.revoked) {
      const { tenant, keyId } = event;
      this.revocations.add({ tenant, tokenId: null, user: null, keyId, before: this.now() });
    } else return;
    this.schedule();
  }

  /** Revocations may have been missed: fetches the list without waiting for its turn. */
  onGap(): void {
    void this.fetch();
  }

  closeExpired(now: number): void {
    this.closeWhere("session_expired", ({ expiresAt }) => expiresAt !== null && expiresAt <= now);
  }

  private fetch(): Promise<boolean> {
    this.fetching = this.fetching.then(() => this.fetchNow());
    return this.fetching;
  }

  private async fetchNow(): Promise<boolean> {
    try {
      await this.revocations.replace(() => this.rpc.call("revocations.list", {}));
    } catch (error) {
      this.log.warn({ err: (error as Error).message }, "revocations not fetched");
      return false;
    }
    this.closeRevoked();
    return true;
  }

  /** Many revocations of one turn cost one pass over the connections. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.closeRevoked();
    });
  }

  private closeRevoked(): void {
    this.closeWhere("revoked", (identity) => this.revocations.covers(identity));
  }

  private closeWhere(reason: CloseName, matches: (identity: Identity) => boolean): void {
    for (const connection of this.connections) {
      if (connection.identity !== null && matches(connection.identity)) connection.close(reason);
    }
  }
}
