import { Injectable } from "@nestjs/common";
import {
  canonicalUser,
  decide,
  may,
  senderOf,
  TellwireError,
  tenantOf,
  type Asker,
  type Identity,
  type Params,
  type Result,
  type TopicAccess,
} from "@tellwire/contract";
import {
  AccessRepository,
  ChannelRepository,
  type AccessRequest,
  type ChannelView,
} from "@tellwire/persistence";
import { Announcer } from "../infrastructure/announcer.js";
import { askingUser, ownChannel } from "../infrastructure/own-names.js";
import { Reach } from "../infrastructure/reach.js";
import {
  channelPolicy,
  createChannel,
  inviteToChannel,
  joinChannel,
  leaveChannel,
  noSuchChannel,
  type Decision,
} from "./channel-rules.js";

const PAGE = 100;

/** A session of the tenant as such, with the permission, stands above every channel's roles. */
const askerOf = (who: Identity): Asker => ({
  tenant: who.tenant,
  user: who.user,
  admin: who.user === null && may(who, "admin"),
});

/** In a federation's channel a member's own session stands above nothing. */
const askerIn = (channel: string, who: Identity): Asker => {
  const asker = askerOf(who);
  return tenantOf(channel) === who.tenant ? asker : { ...asker, admin: false };
};

/** Channels and their members: every change is committed before anyone hears of it. */
@Injectable()
export class ChannelService {
  constructor(
    private readonly channels: ChannelRepository,
    private readonly access: AccessRepository,
    private readonly announcer: Announcer,
    private readonly reach: Reach,
  ) {}

  async create(who: Identity, params: Params<"channel.create">): Promise<Result<"channel.create">> {
    const channel = ownChannel(params.channel, who);
    const policy = await this.change(channel, null, who, [], (view) =>
      createChannel(askerOf(who), senderOf(who), view, params.policy),
    );
    return { channel, policy };
  }

  async join(who: Identity, params: Params<"channel.join">): Promise<Result<"channel.join">> {
    const channel = await this.reach.channel(params.channel, who);
    const user = askingUser(who);
    const access = await this.accessOf(channel, user);
    const role = await this.change(channel, user, who, [], (view) =>
      joinChannel({ ...askerOf(who), user }, channel, view, access),
    );
    return { channel, role };
  }

  async leave(who: Identity, params: Params<"channel.leave">): Promise<Result<"channel.leave">> {
    const channel = await this.reach.channel(params.channel, who);
    const user = askingUser(who);
    await this.change(channel, user, who, [], (view) =>
      leaveChannel({ ...askerIn(channel, who), user }, view),
    );
    return { channel };
  }

  async invite(who: Identity, params: Params<"channel.invite">): Promise<Result<"channel.invite">> {
    const channel = await this.reach.channel(params.channel, who);
    // Who is to go may be of a tenant that has left the federation.
    const user =
      params.role === null
        ? canonicalUser(params.user, who.tenant)
        : await this.reach.userOf(channel, params.user, who);
    const role = await this.change(channel, user, who, [user], (view) =>
      inviteToChannel(askerIn(channel, who), view, user, params.role),
    );
    return { channel, user, role };
  }

  async policy(who: Identity, params: Params<"channel.policy">): Promise<Result<"channel.policy">> {
    const channel = await this.reach.channel(params.channel, who);
    const policy = await this.change(channel, null, who, [], (view) =>
      channelPolicy(askerIn(channel, who), view, params.policy),
    );
    return { channel, policy };
  }

  /** For those who may read the channel. */
  async members(
    who: Identity,
    params: Params<"channel.members">,
  ): Promise<Result<"channel.members">> {
    const channel = await this.reach.channel(params.channel, who);
    const stranger = tenantOf(channel) !== who.tenant;
    const access = await this.accessOf(channel, stranger ? senderOf(who) : who.user);
    if (access.policy === null) throw noSuchChannel();
    const verdict = decide(askerOf(who), channel, "read", access);
    if (verdict === "not_found") throw noSuchChannel();
    if (verdict !== "allow") throw new TellwireError(verdict);
    const { after, limit = PAGE } = params;
    // Only a place in the list: its user's tenant may have left the federation since.
    const from = after === undefined ? null : canonicalUser(after, who.tenant);
    const members = await this.channels.members(channel, from, limit + 1);
    return {
      channel,
      members: members.slice(0, limit) as Result<"channel.members">["members"],
      more: members.length > limit,
    };
  }

  async list(who: Identity, params: Params<"channel.list">): Promise<Result<"channel.list">> {
    const { after, limit = PAGE, federation } = params;
    const owner = await this.reach.federation(federation, who);
    const from = after === undefined ? null : ownChannel(after, { tenant: owner });
    // Nobody is called "", so a session of the tenant without that right sees what all may see.
    const viewer = owner === who.tenant && askerOf(who).admin ? null : (who.user ?? "");
    const channels = await this.channels.list(owner, viewer, from, limit + 1);
    return { channels: channels.slice(0, limit), more: channels.length > limit };
  }

  /** The edge's question before it subscribes, reads, or lets another tenant publish. */
  accessesOf(requests: readonly AccessRequest[], create: boolean): Promise<TopicAccess[]> {
    return this.access.load(requests, create);
  }

  private async accessOf(topic: string, user: string | null): Promise<TopicAccess> {
    const [access] = await this.access.load([{ topic, user }]);
    return access as TopicAccess;
  }

  /** @param about the one user whose access may change; null if everyone's */
  private async change<R>(
    channel: string,
    about: string | null,
    who: Identity,
    users: string[],
    rule: (view: ChannelView) => Decision<R>,
  ): Promise<R> {
    let changed = false;
    let created = false;
    const concerned = who.user === null ? users : [who.user, ...users];
    const result = await this.channels.change(channel, concerned, (view) => {
      const decision = rule(view);
      changed = Object.keys(decision.change).length > 0;
      created = changed && view.policy === null;
      return decision;
    });
    if (changed) {
      await this.announcer.announce({
        type: "policy",
        topic: channel,
        user: created ? null : about,
      });
    }
    return result;
  }
}
