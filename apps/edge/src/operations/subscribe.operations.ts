import { canonicalTopic, TellwireError, type Place, type Result } from "@tellwire/contract";
import type { AccessCache } from "../access/access-cache.js";
import type { Inboxes } from "../access/inboxes.js";
import type { Connection } from "../connection/connection.js";
import type { Feeds } from "../delivery/feeds.js";
import type { SubscribeRequest, Subscriptions } from "../delivery/subscriptions.js";
import type { SessionKeeper } from "../sessions/session-keeper.js";
import type { KnownCaller } from "./caller.js";
import type { Handlers } from "./operations.js";

type SubscribeHandlers = Pick<Handlers, "subscribe" | "unsubscribe" | "ack" | "resume">;
type TopicResult = Result<"subscribe">["topics"][number];

/** The operations that need a connection which stays. */
export function subscribeOperations(
  access: Pick<AccessCache, "check">,
  inboxes: Pick<Inboxes, "read">,
  subscriptions: Subscriptions,
  feeds: Pick<Feeds, "logEpoch">,
  sessions: SessionKeeper,
): SubscribeHandlers {
  /** One answer a topic, in the order asked: its head, or why not. */
  const subscribe = async (
    caller: KnownCaller,
    connection: Connection,
    requests: SubscribeRequest[],
    epoch?: string,
  ): Promise<TopicResult[]> => {
    const refused = new Map<string, TellwireError>();
    const inbox = new Map(requests.map(({ topic, to }) => [topic, to]));
    const check = async (topic: string): Promise<void> => {
      try {
        const to = inbox.get(topic);
        if (to !== undefined && caller.identity.user === null) throw whole(topic);
        await access.check(caller.identity, to ?? topic, "read", true);
      } catch (thrown) {
        const error = TellwireError.from(thrown);
        if (error.reason !== "not_permitted" && error.reason !== "not_found") throw error;
        refused.set(topic, error);
      }
    };
    const permitted = async (topics: string[]): Promise<string[]> => {
      await Promise.all(topics.map(check));
      return topics.filter((topic) => !refused.has(topic));
    };
    const joined = await subscriptions.subscribe(connection, requests, epoch, permitted);
    const byTopic = new Map(joined.map((one) => [one.topic, one]));
    return requests.map(({ topic }) => {
      const error = refused.get(topic) ?? new TellwireError("internal");
      return byTopic.get(topic) ?? { topic, error: error.toWire() };
    });
  };

  const read = ({ identity }: KnownCaller, topic: string): Place =>
    inboxes.read(canonicalTopic(topic, identity.tenant), identity);

  return {
    async subscribe(caller, params) {
      const requests = requestsOf(params.topics, (topic) => read(caller, topic));
      const answers = await subscribe(caller, connectionOf(caller), requests, params.log_epoch);
      // A client knows each answer by its place, also where it has named a topic in two ways.
      const byTopic = new Map(answers.map((answer) => [answer.topic, answer]));
      const topics = params.topics.map(({ topic }) => byTopic.get(read(caller, topic).topic)!);
      return { topics, log_epoch: feeds.logEpoch };
    },
    unsubscribe(caller, { topics }) {
      const connection = connectionOf(caller);
      const canonical = topics.map((topic) => read(caller, topic).topic);
      sessions.restored(connection, canonical);
      subscriptions.unsubscribe(connection, canonical);
      return {};
    },
    ack(caller, { topic, seq }) {
      const connection = connectionOf(caller);
      const subscription = connection.subscriptions.get(read(caller, topic).topic);
      if (subscription === undefined) throw new TellwireError("not_found", "Not subscribed");
      // Nobody can have received what was not sent to them.
      const acked = Math.min(seq, subscription.cursor);
      if (acked > subscription.acked) {
        subscription.acked = acked;
        sessions.touched(connection);
      }
      return {};
    },
    async resume(caller, { session_id }) {
      const connection = connectionOf(caller);
      // What the connection has of its own session goes on: its inbox is open since it authenticated.
      const ifAbsent = session_id === connection.sessionId;
      const { sessionId, resumed, topics } = await sessions.open(
        connection,
        caller.identity,
        session_id,
      );
      const kept = topics.map(([topic, after]) => ({ topic, after: Math.max(after, 0) }));
      const requests = requestsOf(kept, (topic) => read(caller, topic)).map((request) => ({
        ...request,
        ifAbsent,
      }));
      const answers = requests.length > 0 ? await subscribe(caller, connection, requests) : [];
      sessions.restored(connection);
      return { session_id: sessionId, resumed, topics: answers };
    },
  };
}

/** A topic that is named twice, also in two ways, is asked for once, with the last cursor. */
function requestsOf(
  topics: readonly { topic: string; after?: number }[],
  read: (topic: string) => Place,
): SubscribeRequest[] {
  const requests = new Map<string, SubscribeRequest>();
  for (const { topic, after } of topics) {
    const place = read(topic);
    requests.set(place.topic, { ...place, after });
  }
  return [...requests.values()];
}

const whole = (topic: string): TellwireError =>
  new TellwireError(
    "not_permitted",
    `The tenant itself receives ${topic} whole: subscribe to that`,
  );

function connectionOf(caller: KnownCaller): Connection {
  if (caller.connection === null) throw new TellwireError("invalid_request");
  return caller.connection;
}
