import { tenantOf, type ControlEvent } from "@tellwire/contract";
import type { ClusterEvent } from "@tellwire/ephemeral";
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

  /** @param users canonical; those of another tenant are passed over */
  watch(watcher: Watcher, users: readonly string[]): void {
    const { identity } = watcher;
    if (identity === null || watcher.closed) return;
    const own = this.watchedBy(watcher);
    for (const user of users) {
      if (tenantOf(user) !== identity.tenant) continue;
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
      // A connection may have changed its identity since it asked.
      if (watcher.identity?.tenant !== tenantOf(about)) continue;
      watcher.sendEphemeral(frames.of(watcher.wire.codec));
    }
  }

  /** Users whose edge died: it could not say so itself. */
  onControl(event: ControlEvent): void {
    if (event.type !== "offline") return;
    for (const user of event.users) {
      const told = { user, status: "offline", at: new Date(event.at).toISOString() };
      this.onEvent({ name: "presence", about: user, params: JSON.stringify(told) });
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
  }

  private remove(user: string, watcher: Watcher): void {
    const all = this.watchers.get(user);
    all?.delete(watcher);
    if (all?.size === 0) this.watchers.delete(user);
  }
}
