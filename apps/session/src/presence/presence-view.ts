/** One session in which a user is online, as some edge has told. */
export interface OnlineSession {
  session: string;
  user: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** Who of a tenant is online: users in the order of their names, each with its sessions. */
export type PresenceView = ReadonlyMap<string, readonly OnlineSession[]>;

/**
 * A session that has moved may still be told of by the edge it left: the newest
 * word about it counts.
 */
export function presenceView(entries: readonly OnlineSession[]): PresenceView {
  const newest = new Map<string, OnlineSession>();
  for (const entry of entries) {
    const known = newest.get(entry.session);
    if (known === undefined || known.since < entry.since) newest.set(entry.session, entry);
  }
  const users = Map.groupBy(newest.values(), (entry) => entry.user);
  return new Map([...users].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Since when a user is online without a break, as far as its sessions tell. */
export const onlineSince = (sessions: readonly OnlineSession[]): number =>
  Math.min(...sessions.map((entry) => entry.since));
