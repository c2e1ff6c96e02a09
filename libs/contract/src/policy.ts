import { parseTopic, type TopicType } from "./topic.js";

/** Rising order of rights within a channel. `none` is a user who is no member. */
export const ROLES = ["none", "guest", "member", "moderator", "owner"] as const;
export type Role = (typeof ROLES)[number];

/**
 * public: listed, open to every user of the tenant;
 * private: listed, for members;
 * secret: like private, and unlisted: to others it does not exist.
 */
export const VISIBILITIES = ["public", "private", "secret"] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** The least role for each thing one may do in a channel. */
export interface ChannelPolicy {
  visibility: Visibility;
  read: Role;
  publish: Role;
  join: Role;
}

export const PUBLIC_CHANNEL: ChannelPolicy = {
  visibility: "public",
  read: "none",
  publish: "none",
  join: "none",
};

/** Private and secret channels: one is let in by an invitation, which makes one a member. */
export const CLOSED_CHANNEL: Omit<ChannelPolicy, "visibility"> = {
  read: "guest",
  publish: "member",
  join: "guest",
};

/** All that decides about one user and one topic. */
export interface TopicAccess {
  /** Null where the channel does not exist; meaningless for inboxes. */
  policy: ChannelPolicy | null;
  role: Role;
  /** Whether the tenant lets a public channel come into being by its first use. */
  autoCreate: boolean;
  /** Whether the inbox's user has blocked the sender. */
  blocked: boolean;
  /** Set where the inboxes of the topic's tenant are one: see `placeOf`. */
  sharedInbox?: boolean;
  /**
   * Set where a federation lets another tenant near the topic: to the federation's
   * own channels as its member, to the inboxes of a member as a fellow member.
   */
  federated?: boolean;
  /** Set where the channel could not come into being, as the tenant has as many as it may. */
  full?: boolean;
}

/** Who asks, as far as access goes. `admin` is a session of the tenant as such with that permission. */
export interface Asker {
  tenant: string;
  user: string | null;
  admin: boolean;
}

export type Action = "read" | "publish" | "join";
export type Verdict = "allow" | "not_permitted" | "not_found";

export const atLeast = (role: Role, least: Role): boolean =>
  ROLES.indexOf(role) >= ROLES.indexOf(least);

/**
 * Whether `asker` may do `action` on `topic` (canonical). Pure: the same rule
 * decides in the router (publish) and at the edge (subscribe, history, ephemera).
 * What another tenant owns is never permitted, whether it exists or not, but for
 * what a federation shares: its channels, where nobody of another tenant stands
 * above the policy, and writing to the inboxes of its members.
 */
export function decide(asker: Asker, topic: string, action: Action, access: TopicAccess): Verdict {
  const { type, tenant } = parseTopic(topic, asker.tenant);
  const rule = RULES[type];
  if (tenant === asker.tenant) return rule(asker, topic, action, access);
  if (access.federated !== true || (type !== "channel" && action !== "publish")) {
    return "not_permitted";
  }
  return rule({ ...asker, admin: false }, topic, action, access);
}

type Rule = (asker: Asker, topic: string, action: Action, access: TopicAccess) => Verdict;

const RULES: Record<TopicType, Rule> = {
  user(asker, topic, action, access) {
    if (action === "publish") return access.blocked ? "not_permitted" : "allow";
    if (action === "join") return "not_permitted";
    return asker.admin || topic === `user:${asker.user}` ? "allow" : "not_permitted";
  },
  inbox(asker, _topic, action, access) {
    if (action === "join") return "not_permitted";
    // Whoever may write to the users may write to all of them at once.
    if (action === "publish" && access.sharedInbox === true) return "allow";
    return asker.admin ? "allow" : "not_permitted";
  },
  channel(asker, _topic, action, access) {
    const { policy } = access;
    if (policy === null && access.full === true) return "not_permitted";
    if (policy === null) return access.autoCreate ? "allow" : "not_found";
    if (asker.admin || atLeast(access.role, policy[action])) return "allow";
    return policy.visibility === "secret" && access.role === "none" ? "not_found" : "not_permitted";
  },
};
