import type { PresentUser } from "@tellwire/intermud";
import { nameOnNetwork, type Network } from "./names.js";

/** Somebody who is there. */
export interface Present {
  /** Canonical. */
  user: string;
  /** Milliseconds since 1970 by Redis' clock; null where nobody told. */
  since: number | null;
  visname?: string;
  title?: string;
  status?: string;
  level?: string;
  /** Seconds. */
  idle?: number;
  /** What else the MUD told of this user. */
  extra?: string;
}

/** Those who are there as other MUDs may see them, one entry a user. */
export function presentUsers(network: Network, present: readonly Present[]): PresentUser[] {
  const users = new Map<string, PresentUser>();
  for (const each of present) {
    const name = nameOnNetwork(network, each.user);
    if (users.has(name)) continue;
    users.set(name, {
      name,
      visname: each.visname ?? name,
      status: each.status ?? "",
      gender: 2,
      title: each.title ?? null,
      realName: null,
      email: null,
      loginOutTime: each.since === null ? null : new Date(each.since).toUTCString(),
      idle: each.idle ?? 0,
      ipName: null,
      level: each.level ?? null,
      extra: each.extra ?? null,
    });
  }
  return [...users.values()];
}
