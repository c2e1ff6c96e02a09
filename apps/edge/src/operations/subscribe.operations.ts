import { canonicalTopic, TellwireError, type Params, type Result } from "@tellwire/contract";
import type { AccessCache } from "../access/access-cache.js";
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
    const check = async (topic: string): Promise<void> => {
      try {
        await access.check(caller.identity, topic, "read", true);
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

  return {
    async subscribe(caller, params) {
      const requests = canonicalRequests(params, caller.identity.tenant);
      const topics = await subscribe(caller, connectionOf(caller), requests, params.log_epoch);
      return { topics, log_epoch: feeds.logEpoch };
    },
    unsubscribe(caller, { topics }) {
      const connection = connectionOf(caller);
      const canonical = topics.map((topic) => canonicalTopic(topic, caller.identity.tenant));
      sessions.restored(connection, canonical);
      subscriptions.unsubscribe(connection, canonical);
      return {};
    },
    ack(caller, { topic, seq }) {
      const connection = connectionOf(caller);
      const canonical = canonicalTopic(topic, caller.identity.tenant);
      const subscription = connection.subscriptions.get(canonical);
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
      const requests = topics.map(([topic, after]) => ({
        topic,
        after: Math.max(after, 0),
        ifAbsent,
      }));
      const answers = requests.length > 0 ? await subscribe(caller, connection, requests) : [];
      sessions.restored(connection);
      return { session_id: sessionId, resumed, topics: answers };
    },
  };
}

/** A topic that is named twice is asked for once, with the last cursor. */
function canonicalRequests({ topics }: Params<"subscribe">, tenant: string): SubscribeRequest[] {
  const requests = new Map<string, SubscribeRequest>();
  for (const { topic, after } of topics) {
    const canonical = canonicalTopic(topic, tenant);
    requests.set(canonical, { topic: canonical, after });
  }
  return [...requests.values()];
}

function connectionOf(caller: KnownCaller): Connection {
  if (caller.connection === null) throw new TellwireError("invalid_request");
  return caller.connection;
}
