import {
  may,
  sharedInboxOf,
  TellwireError,
  type FederationRecord,
  type Identity,
  type Result,
} from "@tellwire/contract";
import type { ClusterEvent, EphemeralBus } from "@tellwire/ephemeral";
import type { Connection } from "../../connection/connection.js";
import type { EventCodec } from "../../connection/wire.js";
import { callerOf, type Caller } from "../../operations/caller.js";
import type { SessionKeeper } from "../../sessions/session-keeper.js";
import { encodeNotification } from "../json-rpc/json-rpc.codec.js";
import { isObject } from "../json.js";
import { lineFrame } from "../tcp/tcp.codec.js";
import { textFrame } from "../websocket-frame.js";
import { dialectCodec } from "./dialect.codec.js";
import { DialectSession } from "./dialect-session.js";
import type { Performing } from "./dialect.js";
import { federationOf, type Federations, type KnownNames } from "./federation-view.js";
import type { MethodRates } from "./method-limits.js";
import type { MudRoster } from "./mud-roster.js";
import { nameIn } from "./names.js";
import type { Ephemeral } from "./render.js";

/** How often it is remembered what clients of the dialect have: they acknowledge nothing. */
const REMEMBER_MS = 1000;
/** Kind of the ephemera that tell an event to every session of a federation. */
const EVENT = "i3.event";
/** Who is said to be on a channel where nobody is named. */
const SYSTEM = "System";

export interface DialectOptions {
  rates: MethodRates;
  /** Messages of each topic that a session which comes back is served at most. */
  offlineMessages: number;
  /** How old they may be, in milliseconds. */
  offlineMs: number;
  now: () => number;
}

export interface SessionParts {
  operations: Performing;
  federations: Federations;
  names: KnownNames;
  roster: MudRoster;
  keeper: Pick<SessionKeeper, "open" | "restored" | "touched" | "save">;
  bus: Pick<EphemeralBus, "publish">;
  /** Called for a MUD that has come; what it returns, when it leaves. */
  arrived(tenant: string): () => void;
}

interface Wanted {
  topic: string;
  after?: number;
}

/** The connections of this edge whose clients speak the dialect. */
export class DialectSessions {
  private readonly sessions = new Map<Connection, DialectSession>();
  private readonly beginning = new Map<Connection, Promise<DialectSession>>();
  /** By the topic at which what concerns a federation is said. */
  private readonly federations = new Map<string, Set<DialectSession>>();
  private readonly codecs: Partial<Record<EventCodec["name"], EventCodec>>;
  private readonly timer: NodeJS.Timeout;
  /** Events sent. */
  told = 0;

  constructor(
    private readonly parts: SessionParts,
    private readonly options: DialectOptions,
  ) {
    const { names, roster } = parts;
    this.codecs = {
      ws: dialectCodec("ws", textFrame, names),
      tcp: dialectCodec("tcp", lineFrame, names),
    };
    this.timer = setInterval(() => this.remember(), REMEMBER_MS).unref();
    roster.onChange.add((federation, came, gone) => {
      for (const tenant of came) this.mudChanged(federation, tenant, "online");
      for (const tenant of gone) this.mudChanged(federation, tenant, "offline");
    });
  }

  get(connection: Connection): DialectSession | undefined {
    return this.sessions.get(connection);
  }

  /** A session of that tenant at this edge. */
  of(tenant: string): DialectSession | undefined {
    for (const session of this.sessions.values()) if (session.tenant === tenant) return session;
    return undefined;
  }

  /**
   * Authenticates, for clients of the gateway and all others: the answer is that of the
   * operation, and tells the MUD's name. A MUD receives its inbox from then on.
   */
  async authenticate(caller: Caller, shown: unknown): Promise<object> {
    const connection = caller.connection as Connection;
    const session = this.sessions.get(connection);
    if (session !== undefined) {
      return { status: "success", mud_name: session.mud, session_id: connection.sessionId };
    }
    const params = isObject(shown) ? { ...shown } : {};
    // Some clients name themselves; the key tells who they are.
    delete params["mud_name"];
    if (params["api_key"] === undefined && params["token"] === undefined) throw missingKey();
    const { operations, federations, names } = this.parts;
    const result = (await operations.perform(
      caller,
      "authenticate",
      params,
    )) as Result<"authenticate">;
    if (result.user !== null) return result;
    const record = await federationOf(federations, result.tenant);
    names.learn(record);
    const member = record.members.find(({ tenant }) => tenant === result.tenant);
    const answer = { ...result, mud_name: member?.name ?? result.tenant };
    if (member?.sharedInbox !== true || connection.identity === null) return answer;
    await this.begin(connection, connection.identity, result.resumed ? result.session_id : null);
    return answer;
  }

  /**
   * From here on a connection speaks the dialect.
   * @param resumed the session that came back by it
   */
  begin(
    connection: Connection,
    identity: Identity,
    resumed: string | null = null,
  ): Promise<DialectSession> {
    const known = this.sessions.get(connection);
    if (known !== undefined) return Promise.resolve(known);
    let beginning = this.beginning.get(connection);
    if (beginning === undefined) {
      beginning = this.open(connection, identity, resumed).finally(() =>
        this.beginning.delete(connection),
      );
      this.beginning.set(connection, beginning);
    }
    return beginning;
  }

  /** The client subscribes by itself: it is one of ours, and gets what it asks for as all others do. */
  async speaksOtherwise(connection: Connection): Promise<void> {
    const session = this.sessions.get(connection);
    if (session === undefined || session.spoken) return;
    session.end();
    const topics = [sharedInboxOf(session.tenant)];
    if (!connection.subscriptions.has(topics[0] as string)) return;
    await this.parts.operations.perform(callerOf(connection), "unsubscribe", { topics });
  }

  /**
   * What sessions are subscribed to is known to every edge from now on: a client that comes back
   * has no list of its own.
   */
  kept(): Promise<void> {
    return this.parts.keeper.save();
  }

  event(session: DialectSession, method: string, params: object): void {
    const { connection } = session;
    if (connection.closed) return;
    const framed = connection.wire.codec.name === "tcp" ? lineFrame : textFrame;
    const told = { timestamp: new Date().toISOString(), ...params };
    this.told++;
    connection.send(framed(encodeNotification(method, JSON.stringify(told))));
  }

  /** Tells every session of a federation, at every edge, that may know who is there. */
  broadcast(federation: string, method: string, params: object): void {
    const topic = sharedInboxOf(federation);
    const at = new Date().toISOString();
    const body = { method, params: { timestamp: at, ...params } };
    const event = { topic, from: `@${federation}`, kind: EVENT, body, at };
    this.parts.bus.publish(topic, { name: "ephemeral", params: event });
  }

  /** To all of this edge, after it was cut off for a while. */
  reconnected(): void {
    for (const session of this.sessions.values()) {
      this.event(session, "gateway_reconnected", {
        message: "Connected to the cluster again",
        status: "connected",
      });
    }
  }

  /** For the bus. */
  onEvent({ name, about, params }: ClusterEvent): void {
    const sessions = name === "ephemeral" ? this.federations.get(about) : undefined;
    if (sessions === undefined) return;
    const { kind, body } = JSON.parse(params) as Ephemeral;
    if (kind !== EVENT) return;
    const { method, params: told } = body as { method: string; params: object };
    for (const session of sessions) {
      const { identity } = session.connection;
      if (identity !== null && may(identity, "presence")) this.event(session, method, told);
    }
  }

  /** The connection is about to be forgotten: what it was sent counts as received, unless it still waits. */
  settle(connection: Connection): void {
    if (!this.sessions.has(connection) || connection.wire.buffered() > 0) return;
    for (const subscription of connection.subscriptions.values()) {
      subscription.acked = Math.max(subscription.acked, subscription.cursor);
    }
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async open(
    connection: Connection,
    identity: Identity,
    resumed: string | null,
  ): Promise<DialectSession> {
    const { federations, names, operations } = this.parts;
    const record = await federationOf(federations, identity.tenant);
    names.learn(record);
    const session = this.enter(connection, identity, record);
    const member = record.members.find(({ tenant }) => tenant === identity.tenant);
    const reads = may(identity, "subscribe") && may(identity, "admin");
    const inbox =
      session.whole && member?.sharedInbox === true && reads
        ? sharedInboxOf(identity.tenant)
        : null;
    // A session that comes back subscribes to its inbox where it was: from now on would be too late.
    const topics = resumed === null ? [] : await this.missed(session, resumed);
    if (inbox !== null && !topics.some(({ topic }) => topic === inbox))
      topics.push({ topic: inbox });
    if (topics.length > 0) await operations.perform(callerOf(connection), "subscribe", { topics });
    if (resumed !== null) this.parts.keeper.restored(connection);
    if (topics.length > 0) await this.kept();
    return session;
  }

  private enter(
    connection: Connection,
    identity: Identity,
    record: FederationRecord,
  ): DialectSession {
    const { tenant } = identity;
    const { federation } = record;
    const mud = record.members.find((member) => member.tenant === tenant)?.name ?? tenant;
    const before = connection.wire.codec;
    const end = (): void => {
      this.sessions.delete(connection);
      all.delete(session);
      if (all.size === 0) this.federations.delete(sharedInboxOf(federation));
      for (const leave of leaving) leave();
      connection.wire.codec = before;
    };
    const whole = identity.user === null;
    const rates = { ...this.options.rates, ...identity.limits.methods };
    const session = new DialectSession(connection, tenant, federation, mud, whole, rates, end);
    const topic = sharedInboxOf(federation);
    const all = this.federations.get(topic) ?? new Set();
    this.federations.set(topic, all.add(session));
    this.sessions.set(connection, session);
    connection.wire.codec = this.codecs[before.name] ?? before;
    const leaving = whole
      ? [
          this.parts.arrived(tenant),
          this.parts.roster.enter({ tenant, federation, listening: () => session.listening() }),
        ]
      : [];
    connection.onClosed.add(() => {
      if (this.sessions.get(connection) === session) end();
    });
    return session;
  }

  /** What the session had, from where it was, but not further back than is useful. */
  private async missed(session: DialectSession, sessionId: string): Promise<Wanted[]> {
    const { connection } = session;
    const { keeper } = this.parts;
    if (connection.identity === null) return [];
    const { topics } = await keeper.open(connection, connection.identity, sessionId);
    for (const [topic] of topics) {
      if (topic.startsWith("channel:")) session.joined.set(nameIn(topic), SYSTEM);
    }
    this.parts.roster.touch(session.federation);
    const caller = callerOf(connection);
    return Promise.all(
      topics.map(async ([topic, acked]) => ({
        topic,
        after: await this.beginningOf(caller, topic, acked),
      })),
    );
  }

  private async beginningOf(caller: Caller, topic: string, acked: number): Promise<number> {
    const { offlineMessages: limit, offlineMs, now } = this.options;
    const { messages, head } = (await this.parts.operations.perform(caller, "history", {
      topic,
      limit: Math.max(1, limit),
    })) as Result<"history">;
    const oldest = now() - offlineMs;
    const first = messages.find(({ seq, at }) => seq > acked && Date.parse(at) >= oldest);
    return first === undefined || limit === 0 ? head : first.seq - 1;
  }

  /** What was sent a while ago, and does not wait here any more, counts as received. */
  private remember(): void {
    for (const { connection, written } of this.sessions.values()) {
      const taken = connection.wire.buffered() === 0;
      let changed = false;
      for (const subscription of connection.subscriptions.values()) {
        const earlier = written.get(subscription) ?? 0;
        if (taken && earlier > subscription.acked) {
          subscription.acked = earlier;
          changed = true;
        }
        written.set(subscription, subscription.cursor);
      }
      if (changed) this.parts.keeper.touched(connection);
    }
  }

  private mudChanged(federation: string, tenant: string, status: "online" | "offline"): void {
    const mud_name = this.parts.names.nameOf(tenant);
    this.broadcast(federation, `mud_${status}`, { mud_name, status, info: { tenant } });
  }
}

const missingKey = (): TellwireError =>
  new TellwireError("invalid_params", "Missing api_key parameter", {
    data: { field: "api_key", reason: "required" },
  });
