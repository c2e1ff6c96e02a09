import {
  atLeast,
  CLOSED_CHANNEL,
  decide,
  PUBLIC_CHANNEL,
  TellwireError,
  type Asker,
  type ChannelPolicy,
  type Role,
  type TopicAccess,
  type Visibility,
} from "@tellwire/contract";
import type { ChannelChange, ChannelView } from "@tellwire/persistence";

/**
 * Who may change what about a channel. Pure: each rule is given the channel as
 * it is and says what it shall be, or throws a TellwireError. To whom a secret
 * channel is closed it does not exist.
 */
export interface Decision<R> {
  change: ChannelChange;
  result: R;
}

/** The same words for a channel that is hidden and for one that is not there. */
export const noSuchChannel = (): TellwireError => new TellwireError("not_found", "No such channel");
const notPermitted = (why: string): TellwireError => new TellwireError("not_permitted", why);
const tooMany = (): TellwireError => notPermitted("The tenant has as many channels as it may have");
const lastOwner = (): TellwireError =>
  new TellwireError("conflict", "A channel keeps its last owner: make another one first");

const defaultsOf = (visibility: Visibility): ChannelPolicy =>
  visibility === "public" ? PUBLIC_CHANNEL : { ...CLOSED_CHANNEL, visibility };

const samePolicy = (a: ChannelPolicy, b: ChannelPolicy): boolean =>
  a.visibility === b.visibility &&
  a.read === b.read &&
  a.publish === b.publish &&
  a.join === b.join;

/** @throws TellwireError `not_found` unless the asker may know of the channel */
function seen(asker: Asker, view: ChannelView): ChannelPolicy {
  const { policy } = view;
  if (policy === null) throw noSuchChannel();
  const hidden = policy.visibility === "secret" && !asker.admin && view.role(asker.user) === "none";
  if (hidden) throw noSuchChannel();
  return policy;
}

/** The tenant itself stands above every role. */
const rankOf = (asker: Asker, view: ChannelView): Role =>
  asker.admin ? "owner" : view.role(asker.user);

/** Creating the same channel again, by the same asker, changes nothing and succeeds. */
export function createChannel(
  asker: Asker,
  creator: string,
  view: ChannelView,
  wanted: Partial<ChannelPolicy> = {},
): Decision<ChannelPolicy> {
  const policy = { ...defaultsOf(wanted.visibility ?? "public"), ...wanted };
  const owns = asker.user === null || view.role(asker.user) === "owner";
  if (view.policy !== null) {
    if (owns && view.createdBy === creator && samePolicy(view.policy, policy)) {
      return { change: {}, result: policy };
    }
    throw new TellwireError("conflict", "There is such a channel already");
  }
  if (view.full) throw tooMany();
  const members: ChannelChange["members"] = asker.user === null ? [] : [[asker.user, "owner"]];
  return { change: { policy, createdBy: creator, members }, result: policy };
}

/** @param access what lets a channel come into being by this, and a federation's members near it */
export function joinChannel(
  asker: Asker & { user: string },
  topic: string,
  view: ChannelView,
  access: Pick<TopicAccess, "autoCreate" | "federated">,
): Decision<Exclude<Role, "none">> {
  const role = view.role(asker.user);
  const verdict = decide(asker, topic, "join", {
    ...access,
    policy: view.policy,
    role,
    blocked: false,
  });
  if (verdict === "not_found") throw noSuchChannel();
  if (verdict !== "allow") throw notPermitted("One joins this channel by invitation");
  if (view.full) throw tooMany();
  if (role !== "none") return { change: {}, result: role };
  const change: ChannelChange = { members: [[asker.user, "member"]] };
  if (view.policy === null) {
    change.policy = PUBLIC_CHANNEL;
    change.createdBy = asker.user;
  }
  return { change, result: "member" };
}

/** Leaving what one is no member of changes nothing and succeeds. */
export function leaveChannel(asker: Asker & { user: string }, view: ChannelView): Decision<null> {
  seen(asker, view);
  const role = view.role(asker.user);
  if (role === "none") return { change: {}, result: null };
  if (role === "owner" && view.owners === 1) throw lastOwner();
  return { change: { members: [[asker.user, null]] }, result: null };
}

/**
 * Moderators let in, change and remove whoever ranks below them; owners everybody.
 * @param wanted null removes; undefined makes a member of who is none yet
 */
export function inviteToChannel(
  asker: Asker,
  view: ChannelView,
  user: string,
  wanted: Exclude<Role, "none"> | null | undefined,
): Decision<Exclude<Role, "none"> | null> {
  seen(asker, view);
  const rank = rankOf(asker, view);
  if (!atLeast(rank, "moderator")) throw notPermitted("Only moderators and owners may do this");
  const current = view.role(user);
  const now = current === "none" ? null : current;
  const next = wanted === undefined ? (now ?? "member") : wanted;
  if (next === now) return { change: {}, result: now };
  const above = (role: Role): boolean => atLeast(role, rank);
  if (rank !== "owner" && (above(current) || above(next ?? "none"))) {
    throw notPermitted("Moderators rule over who ranks below them");
  }
  if (current === "owner" && view.owners === 1) throw lastOwner();
  return { change: { members: [[user, next]] }, result: next };
}

/**
 * Reads the policy, or changes it where a change is given. With another
 * visibility, what is not named takes the defaults of that visibility.
 */
export function channelPolicy(
  asker: Asker,
  view: ChannelView,
  wanted: Partial<ChannelPolicy> = {},
): Decision<ChannelPolicy> {
  const current = seen(asker, view);
  if (Object.keys(wanted).length === 0) return { change: {}, result: current };
  if (rankOf(asker, view) !== "owner") throw notPermitted("Only owners may change the policy");
  const { visibility = current.visibility } = wanted;
  const opened = (visibility === "public") !== (current.visibility === "public");
  const policy = { ...current, ...(opened && defaultsOf(visibility)), ...wanted };
  return samePolicy(policy, current)
    ? { change: {}, result: current }
    : { change: { policy }, result: policy };
}
