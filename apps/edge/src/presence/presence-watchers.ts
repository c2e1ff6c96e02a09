import { tenantOf, type ControlEvent } from "@tellwire/contract";
import type { ClusterEvent } from "@tellwire/ephemeral";
import type { FederationDirectory } from "../access/federation-directory.js";
import type { Connection } from "../connection/connection.js";
import type { EventCodec } from "../connection/wire.js";
import { EventFrames } from "../ephemeral/event-frames.js";

type Watcher = Pick<Connection, "identity" | "closed" | "onClosed" | "sendEphemeral"> & {
  wire: { codec: EventCodec };
};

/** Users one connection may watch; the ones asked about longest ago go first. */
const MOST = 500;

/** Tells clients when the users they have asked about come online or go offline. */
export class PresenceWatchers {
  private readonly watchers = new Map<string, Set<Watcher>>();
  /** In the order in which they were asked about. */
  private readonly watched = new Map<Watcher, Set<string>>();
  /** Other tenants whose users a watcher may see, while they share a federation. */
  private readonly fellows = new Map<Watcher, Set<string>>();

  constructor(private readonly federations: Pick<FederationDirectory, "areFellows">) {}

  /**
   * @param users canonical; those of another tenant are passed over
   * @param fellows but for these tenants, which share a federation with the watcher's
   */
  watch(watcher: Watcher, users: readonly string[], fellows: readonly string[] = []): void {
    const { identity } = watcher;
    if (identity === null || watcher.closed) return;
    const own = this.watchedBy(watcher);
    if (fellows.length > 0) {
      this.fellows.set(watcher, new Set([...(this.fellows.get(watcher) ?? []), ...fellows]));
    }
    for (const user of users) {
      if (!this.maySee(watcher, tenantOf(user))) continue;
      own.delete(user);
      own.add(user);
      let all = this.watchers.get(user);
      if (all === undefined) this.watchers.set(user, (all = new Set()));
      all.add(watcher);
    }
    for (const user of own) {
      if (own.size <= MOST) break;
      own.delete(user);
      this.remove(user, watcher);
    }
  }

  /** For the bus. */
  onEvent({ name, about, params }: ClusterEvent): void {
    if (name !== "presence") return;
    const frames = new EventFrames(name, params);
    for (const watcher of this.watchers.get(about) ?? []) {
      // A connection may have changed its identity since it asked, or a federation its members.
      if (!this.maySee(watcher, tenantOf(about))) continue;
      watcher.sendEphemeral(frames.of(watcher.wire.codec));
    }
  }

  /** Users whose edge died: it could not say so itself. */
  onControl(event: ControlEvent): void {
    // A federation ends for all its members when its tenant is disabled.
    if (event.type === "federation" || event.type === "tenant") void this.recheck();
    if (event.type !== "offline") return;
    for (const user of event.users) {
      const told = { user, status: "offline", at: new Date(event.at).toISOString() };
      this.onEvent({ name: "presence", about: user, params: JSON.stringify(told) });
    }
  }

  /** Control events may have been missed. */
  onGap(): void {
    void this.recheck();
  }

  private maySee(watcher: Watcher, tenant: string): boolean {
    return watcher.identity?.tenant === tenant || this.fellows.get(watcher)?.has(tenant) === true;
  }

  /** Who cannot be told a fellow now is none: the client asks again. */
  private async recheck(): Promise<void> {
    for (const [watcher, fellows] of this.fellows) {
      const tenant = watcher.identity?.tenant;
      for (const fellow of fellows) {
        const is = tenant !== undefined && this.federations.areFellows(tenant, fellow);
        if (!(await Promise.resolve(is).catch(() => false))) fellows.delete(fellow);
      }
    }
  }

  private watchedBy(watcher: Watcher): Set<string> {
    let own = this.watched.get(watcher);
    if (own === undefined) {
      this.watched.set(watcher, (own = new Set()));
      watcher.onClosed.add(() => this.forget(watcher));
    }
    return own;
  }

  private forget(watcher: Watcher): void {
    for (const user of this.watched.get(watcher) ?? []) this.remove(user, watcher);
    this.watched.delete(watcher);
    this.fellows.delete(watcher);
  }

  private remove(user: string, watcher: Watcher): void {
    const all = this.watchers.get(user);
    all?.delete(watcher);
    if (all?.size === 0) this.watchers.delete(user);
  }
}
