import {
  isOperation,
  may,
  TellwireError,
  type Message,
  type Permission,
  type Result,
} from "@tellwire/contract";
import type { EphemeralBus } from "@tellwire/ephemeral";
import type { Caller, KnownCaller } from "../../operations/caller.js";
import type { DialectSession } from "./dialect-session.js";
import type { DialectSessions } from "./dialect-sessions.js";
import { federationOf, type Federations, type KnownNames } from "./federation-view.js";
import {
  channelList,
  channelMembers,
  filterChannels,
  historyMessages,
  isSeq,
  mudlist,
} from "./lists.js";
import {
  METHODS,
  methodOf,
  readParams,
  type LimitName,
  type MethodName,
  type MethodParams,
} from "./methods.js";
import type { MudRoster } from "./mud-roster.js";
import { channelTopic } from "./names.js";
import { filterUsers } from "./presence-answers.js";
import { statusChanges, type PresenceSnapshots } from "./presence-snapshots.js";
import { JOINED, LEFT, OWN_JOINED, OWN_LEFT } from "./render.js";
import type { SharedAnswers } from "./shared-answers.js";
import { channelMessageOf, sentAnswer, tellOf, type Publish } from "./speaking.methods.js";
import type { Whereabouts } from "./whereabouts.js";

/** The operations below, as every other protocol has them. */
export interface Performing {
  /** @throws TellwireError only */
  perform(caller: Caller, name: string, params: unknown): Promise<unknown>;
}

/** What an edge knows of itself. */
export interface EdgeState {
  /** What it lacks to do its work; null if nothing. */
  lacks(): string | null;
  connections(): number;
  /** Looks whether anything was missed. */
  compare(): Promise<void>;
}

/** What the dialect consists of. */
export interface DialectParts {
  operations: Performing;
  federations: Federations;
  names: KnownNames;
  sessions: DialectSessions;
  snapshots: PresenceSnapshots;
  roster: MudRoster;
  whereabouts: Whereabouts;
  answers: SharedAnswers;
  bus: Pick<EphemeralBus, "publish">;
  edge: EdgeState;
}

interface Asking {
  caller: KnownCaller;
  session: DialectSession;
}

type Methods = {
  [N in MethodName]: (asking: Asking, params: MethodParams<N>) => Promise<object> | object;
};

const SYSTEM = "System";
const HISTORY = 50;
const ALL = 1000;

/**
 * The Intermud-3 gateway's methods, over the operations that every client has. What is no
 * method of it is passed on, so a port speaks both.
 */
export class Dialect implements Performing {
  /** Calls and events since this edge started. */
  private received = 0;

  constructor(private readonly parts: DialectParts) {}

  async perform(caller: Caller, name: string, params: unknown): Promise<unknown> {
    const { operations, sessions } = this.parts;
    const { connection } = caller;
    const speaking = connection === null ? undefined : sessions.get(connection);
    if (name === "authenticate" && connection !== null) {
      return sessions.authenticate(caller, params);
    }
    const method = methodOf(name, params, speaking !== undefined);
    if (method === null || connection === null) {
      if (!isOperation(name)) {
        throw new TellwireError("unknown_operation", `Unknown method: ${name.slice(0, 64)}`);
      }
      if (name === "subscribe" && connection !== null) await sessions.speaksOtherwise(connection);
      return operations.perform(caller, name, params);
    }
    if (caller.identity === null) throw new TellwireError("not_authenticated");
    this.received++;
    const known = caller as KnownCaller;
    const session = speaking ?? (await sessions.begin(connection, known.identity));
    session.spoken = true;
    return this.run(method, { caller: known, session }, params);
  }

  private async run(method: MethodName, asking: Asking, params: unknown): Promise<unknown> {
    const { session, caller } = asking;
    const entry: { permission: Permission | null; limit?: LimitName } = METHODS[method];
    if (entry.permission !== null && !may(caller.identity, entry.permission)) {
      throw new TellwireError("not_permitted", "Permission denied");
    }
    if (entry.limit !== undefined) this.count(method, entry.limit, session);
    const run = this.methods[method] as (a: Asking, p: unknown) => Promise<object> | object;
    return run(asking, readParams(method, params));
  }

  private count(method: string, limit: LimitName, session: DialectSession): void {
    const warning = session.limits.take(limit, performance.now());
    if (warning === null) return;
    this.parts.sessions.event(session, "rate_limit_warning", {
      method,
      ...warning,
      window: 60,
      message: `${warning.remaining} of ${warning.limit} calls a minute are left`,
    });
  }

  private record(session: DialectSession) {
    return federationOf(this.parts.federations, session.tenant);
  }

  private async publish({ caller }: Asking, message: Publish): Promise<{ id?: string }> {
    return (await this.parts.operations.perform(caller, "publish", message)) as { id?: string };
  }

  private operation<N extends "subscribe" | "unsubscribe" | "history" | "channel.list">(
    { caller }: Asking,
    name: N,
    params: object,
  ): Promise<Result<N>> {
    return this.parts.operations.perform(caller, name, params) as Promise<Result<N>>;
  }

  /** Tells other clients of a channel, and the MUD's own sessions, who came or went. */
  private announce(session: DialectSession, channel: string, user: string, came: boolean): void {
    const { bus } = this.parts;
    const { tenant, mud, federation } = session;
    const at = new Date().toISOString();
    const from =
      user === SYSTEM ? `@${tenant}` : `${encodeURIComponent(user.toLowerCase())}@${tenant}`;
    const topic = channelTopic(channel, federation);
    const body = { channel, user, visname: user, mud, action: came ? "joined" : "left" };
    const told = { from, body, at };
    bus.publish(topic, {
      name: "ephemeral",
      params: { topic, kind: came ? JOINED : LEFT, ...told },
    });
    const inbox = `inbox@${tenant}`;
    const own = { ...body, user_name: user, mud_name: mud };
    bus.publish(inbox, {
      name: "ephemeral",
      params: { topic: inbox, kind: came ? OWN_JOINED : OWN_LEFT, from, body: own, at },
    });
  }

  private readonly methods: Methods = {
    tell: async (asking, params) => {
      const record = await this.record(asking.session);
      const sent = await this.publish(
        asking,
        tellOf("tell", params, asking.caller.identity, record),
      );
      return sentAnswer(`tell_${params.target_mud}`, sent);
    },
    emoteto: async (asking, params) => {
      const record = await this.record(asking.session);
      const { identity } = asking.caller;
      const sent = await this.publish(asking, tellOf("emoteto", params, identity, record));
      return sentAnswer(`emoteto_${params.target_mud}`, sent);
    },
    channel_send: async (asking, params) => {
      const { caller, session } = asking;
      const message = channelMessageOf("channel_message", params, caller.identity, session);
      return sentAnswer(`channel_${params.channel}`, await this.publish(asking, message));
    },
    channel_emote: async (asking, params) => {
      const { caller, session } = asking;
      const message = channelMessageOf("channel_emote", params, caller.identity, session);
      return sentAnswer(`channel_emote_${params.channel}`, await this.publish(asking, message));
    },
    channel_join: async (asking, { channel, listen_only = false, user_name = SYSTEM }) => {
      const { session } = asking;
      const topic = channelTopic(channel, session.federation);
      const { topics } = await this.operation(asking, "subscribe", { topics: [{ topic }] });
      const [answer] = topics;
      if (answer !== undefined && "error" in answer) {
        throw TellwireError.fromWire(answer.error as never);
      }
      const news = !session.joined.has(channel);
      session.joined.set(channel, listen_only ? null : user_name);
      this.parts.roster.touch(session.federation);
      if (news) await this.parts.sessions.kept();
      if (news && !listen_only) this.announce(session, channel, user_name, true);
      return { status: "joined", channel };
    },
    channel_leave: async (asking, { channel, user_name }) => {
      const { session } = asking;
      const topic = channelTopic(channel, session.federation);
      const user = user_name ?? session.joined.get(channel) ?? SYSTEM;
      const spoke = (session.joined.get(channel) ?? null) !== null;
      await this.operation(asking, "unsubscribe", { topics: [topic] });
      session.joined.delete(channel);
      await this.parts.sessions.kept();
      this.parts.roster.touch(session.federation);
      if (spoke) this.announce(session, channel, user, false);
      return { status: "left", channel };
    },
    channel_list: async (asking, { refresh = false, filter }) => {
      const { session } = asking;
      const { answers, roster } = this.parts;
      const key = `channel_list ${session.federation}`;
      const { value, ageMs } = await answers.get(key, refresh, async () => {
        const record = await this.record(session);
        const of = record.federation === session.tenant ? {} : { federation: record.federation };
        const { channels } = await this.operation(asking, "channel.list", { ...of, limit: ALL });
        return channelList(channels, record, await roster.fresh(record.federation));
      });
      const channels = filterChannels(value, session, filter);
      return {
        status: "success",
        channels,
        count: channels.length,
        subscribed_channels: [...session.joined.keys()],
        age_ms: ageMs,
      };
    },
    channel_who: async ({ session }, { channel }) => {
      const { roster } = this.parts;
      const record = await this.record(session);
      const members = channelMembers(channel, record, await roster.fresh(record.federation));
      const users = members.flatMap((member) => member.users);
      return { status: "success", channel, members, users, count: users.length };
    },
    channel_history: async (asking, { channel, limit = HISTORY, before, after }) => {
      const { session } = asking;
      this.parts.names.learn(await this.record(session));
      const { messages } = await this.operation(asking, "history", {
        topic: channelTopic(channel, session.federation),
        limit,
        ...(isSeq(before) && { before }),
        ...(isSeq(after) && !isSeq(before) && { after }),
      });
      const shown = historyMessages(messages as Message[], this.parts.names, { before, after });
      return { status: "success", messages: shown, count: shown.length };
    },
    who: async ({ session }, { target_mud, filters, from_user }) => {
      const key = `who ${session.federation} ${target_mud.toLowerCase()}`;
      const record = await this.record(session);
      const { value, ageMs } = await this.parts.answers.get(key, false, () =>
        this.parts.whereabouts.who(session, record, target_mud),
      );
      const users = filterUsers(value, filters);
      this.parts.sessions.event(session, "who_reply", {
        from_mud: target_mud,
        to_mud: session.mud,
        to_user: from_user ?? null,
        users,
      });
      return {
        status: "success",
        mud_name: target_mud,
        users,
        count: users.length,
        age_ms: ageMs,
      };
    },
    finger: async ({ session }, { target_mud, target_user, from_user }) => {
      const key = `finger ${session.federation} ${target_user.toLowerCase()}@${target_mud.toLowerCase()}`;
      const record = await this.record(session);
      const { value, ageMs } = await this.parts.answers.get(key, false, () =>
        this.parts.whereabouts.finger(session, record, target_mud, target_user),
      );
      this.parts.sessions.event(session, "finger_reply", {
        from_mud: target_mud,
        to_mud: session.mud,
        to_user: from_user ?? null,
        user_info: value,
      });
      return {
        status: "success",
        mud_name: target_mud,
        user_name: target_user,
        user_info: value,
        age_ms: ageMs,
      };
    },
    locate: async ({ session }, { target_user, from_user }) => {
      const key = `locate ${session.federation} ${target_user.toLowerCase()}`;
      const record = await this.record(session);
      const { value, ageMs } = await this.parts.answers.get(key, false, () =>
        this.parts.whereabouts.locate(session, record, target_user),
      );
      for (const { mud_name, user_name, status, idle_time } of value) {
        this.parts.sessions.event(session, "locate_reply", {
          from_mud: mud_name,
          to_mud: session.mud,
          to_user: from_user ?? null,
          located_mud: mud_name,
          located_user: user_name,
          idle: idle_time,
          status,
        });
      }
      return {
        status: "success",
        user_name: target_user,
        locations: value,
        found: value.length > 0,
        count: value.length,
        age_ms: ageMs,
      };
    },
    mudlist: async ({ session }, { refresh = false, filter }) => {
      const { answers, roster } = this.parts;
      const key = `mudlist ${session.federation} ${JSON.stringify(filter)}`;
      const { value, ageMs } = await answers.get(key, refresh, async () => {
        const record = await this.record(session);
        return mudlist(record, await roster.fresh(record.federation), filter);
      });
      return { status: "success", muds: value, count: value.length, age_ms: ageMs };
    },
    presence_sync: async ({ session }, { users }) => {
      const before = await this.parts.snapshots.put(session.tenant, users);
      for (const change of statusChanges(before, { users })) {
        this.parts.sessions.broadcast(session.federation, "user_status_changed", {
          mud_name: session.mud,
          ...change,
        });
      }
      return { status: "synchronized", mud_name: session.mud, count: users.length };
    },
    heartbeat: () => ({ status: "ok", timestamp: new Date().toISOString() }),
    status: ({ session }) => ({
      connected: this.parts.edge.lacks() === null,
      mud_name: session.mud,
      session_id: session.connection.sessionId,
      uptime: Math.floor((Date.now() - session.since) / 1000),
    }),
    stats: async ({ session }) => {
      const { roster, edge, sessions } = this.parts;
      const record = await this.record(session);
      const view = await roster.fresh(record.federation);
      const channels = new Set([...view.muds.values()].flatMap((of) => Object.keys(of)));
      const all = mudlist(record, view);
      return {
        mud_count: all.length,
        online_muds: mudlist(record, view, { status: "up" }).length,
        channel_count: channels.size,
        session_count: edge.connections(),
        mudlist_id: 0,
        chanlist_id: 0,
        gateway_connected: edge.lacks() === null,
        packets_sent: sessions.told,
        packets_received: this.received,
      };
    },
    reconnect: ({ session }) => {
      void this.parts.edge.compare().then(() =>
        this.parts.sessions.event(session, "gateway_reconnected", {
          message: "Connected: nothing was missed",
          status: "connected",
        }),
      );
      return { status: "reconnecting" };
    },
  };
}
