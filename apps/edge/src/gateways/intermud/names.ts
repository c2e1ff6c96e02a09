import type { KnownMud } from "./federation-view.js";

/** How the members of a federation are called there. */
export interface Names {
  /** @returns the tenant's own name where nothing else is known */
  nameOf(tenant: string): string;
}

export interface Speaker {
  mud: string;
  user: string;
}

const decoded = (name: string): string => {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
};

/**
 * Who a canonical user, or `@tenant`, is in the words of Intermud. A tenant that stands for a
 * network of others has users such as `bob@Dark Isle`.
 */
export function speakerOf(from: string, names: Names): Speaker {
  const at = from.lastIndexOf("@");
  const user = decoded(from.slice(0, at));
  const inner = user.lastIndexOf("@");
  if (inner > 0) return { user: user.slice(0, inner), mud: user.slice(inner + 1) };
  return { user, mud: names.nameOf(from.slice(at + 1)) };
}

/** The name in a canonical topic: `lobby` of `channel:lobby@acme`. */
export const nameIn = (topic: string): string =>
  decoded(topic.slice(topic.indexOf(":") + 1, topic.lastIndexOf("@")));

export const channelTopic = (channel: string, federation: string): string =>
  `channel:${encodeURIComponent(channel)}@${federation}`;

/** Users are the same whatever their case, as in Intermud. */
export function userTopic(user: string, { tenant, name, foreign }: KnownMud): string {
  const known = user.toLowerCase();
  return `user:${encodeURIComponent(foreign ? `${known}@${name}` : known)}@${tenant}`;
}
