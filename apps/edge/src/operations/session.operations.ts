import {
  canonicalTopic,
  canonicalUser,
  inboxOf,
  may,
  messageJson,
  OPERATIONS,
  atTime,
  TellwireError,
  type Identity,
  type Message,
  type OperationName,
  type Params,
} from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import type { AccessCache } from "../access/access-cache.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { Connection } from "../connection/connection.js";
import type { Subscriptions } from "../delivery/subscriptions.js";
import type { ClusterClock } from "../instance/cluster-clock.js";
import type { Turns } from "../limits/turns.js";
import type { PresenceWatchers } from "../presence/presence-watchers.js";
import type { SessionKeeper } from "../sessions/session-keeper.js";
import type { Handlers } from "./operations.js";

const DEFAULT_PAGE = 100;

/** Who one is. */
export function identityOperations(
  authenticator: Pick<Authenticator, "identify">,
  sessions: SessionKeeper,
  subscriptions: Subscriptions,
  edge: string,
): Pick<Handlers, "authenticate" | "ping" | "whoami"> {
  return {
    async authenticate(caller, params) {
      const { connection } = caller;
      // A single request may have proven itself by its headers.
      const proven = connection === null && Object.keys(params).length === 0;
      const identity =
        (proven ? caller.identity : null) ??
        (await authenticator.identify(credentialsOf(params, caller.address)));
      if (connection === null) {
        const { tenant, user } = identity;
        const session_id = await sessions.prepare(identity);
        return { status: "authenticated", tenant, user, session_id, resumed: false };
      }
      const before = connection.identity;
      if (before !== null && (before.tenant !== identity.tenant || before.user !== identity.user)) {
        throw new TellwireError("invalid_request", "Another identity needs another connection");
      }
      const { sessionId, resumed, topics } = await sessions.open(
        connection,
        identity,
        params.session_id ?? connection.sessionId,
      );
      const { tenant, user } = identity;
      if (user !== null && may(identity, "subscribe")) {
        const acked = topics.find(([topic]) => topic === inboxOf(user))?.[1];
        const after = acked === undefined ? undefined : Math.max(acked, 0);
        await openInbox(subscriptions, connection, inboxOf(user), after);
        // Where its inbox began is known from now on, though this edge may die at once.
        if (!resumed) await sessions.save();
      }
      return { status: "authenticated", tenant, user, session_id: sessionId, resumed };
    },
    ping: () => ({ pong: true, timestamp: new Date().toISOString() }),
    whoami: ({ identity: { tenant, user, permissions }, sessionId }) => ({
      tenant,
      user,
      session_id: sessionId,
      permissions: [...permissions],
      edge,
    }),
  };
}

const credentialsOf = (
  { api_key, token, user, tenant }: Params<"authenticate">,
  address: string,
): Parameters<Authenticator["identify"]>[0] => ({
  apiKey: api_key,
  token,
  user,
  tenant,
  address,
});

/**
 * Once a user is authenticated, nothing that reaches the inbox is missed.
 * @throws TellwireError `upstream` when it cannot be opened now
 */
async function openInbox(
  subscriptions: Subscriptions,
  connection: Connection,
  inbox: string,
  after: number | undefined,
): Promise<void> {
  if (connection.subscriptions.has(inbox)) return;
  try {
    await subscriptions.subscribe(connection, [{ topic: inbox, after, ifAbsent: true }]);
  } catch (thrown) {
    const error = TellwireError.from(thrown).toWire();
    if (error.temporary) throw thrown;
    connection.event("unsubscribed", { topic: inbox, error });
  }
}

/** Reads a topic's messages from the log. A page may be large, so only so many are on their way at once. */
export function historyOperation(
  rpc: Pick<RpcClient, "call">,
  access: Pick<AccessCache, "check">,
  clock: Pick<ClusterClock, "now">,
  turns: Pick<Turns, "run">,
): Pick<Handlers, "history"> {
  return {
    async history({ identity }, params) {
      const topic = canonicalTopic(params.topic, identity.tenant);
      await access.check(identity, topic, "read");
      const { after = null, before = null, limit = DEFAULT_PAGE } = params;
      return turns.run(identity.tenant, async () => {
        const page = await rpc.call("history.page", { topic, after, before, limit });
        const now = clock.now();
        return {
          messages: page.messages.map((m) => JSON.parse(messageJson(atTime(m, now))) as Message),
          head: page.head,
          more: page.more,
          truncated: after !== null && after < page.floor,
          log_epoch: page.logEpoch,
        };
      });
    },
  };
}

/** Whether users are online now, and an event when that changes, as long as one is connected. */
export function presenceOperation(
  rpc: Pick<RpcClient, "operation">,
  watchers: Pick<PresenceWatchers, "watch">,
): Pick<Handlers, "presence"> {
  return {
    async presence({ identity, connection }, params) {
      const { tenant } = identity;
      if (connection !== null) {
        watchers.watch(
          connection,
          params.users.map((user) => canonicalUser(user, tenant)),
        );
      }
      return rpc.operation("presence", { who: identity, params });
    },
  };
}

type Forwarded = {
  [N in OperationName]: (typeof OPERATIONS)[N]["at"] extends "session" ? N : never;
}[OperationName];

/** What the session service does. */
export function forwardedOperations(rpc: Pick<RpcClient, "operation">): Pick<Handlers, Forwarded> {
  const names = (Object.keys(OPERATIONS) as OperationName[]).filter(
    (name) => OPERATIONS[name].at === "session",
  );
  const forward =
    (name: OperationName) =>
    ({ identity }: { identity: Identity }, params: Params<OperationName>): Promise<unknown> =>
      rpc.operation(name, { who: identity, params } as never);
  return Object.fromEntries(names.map((name) => [name, forward(name)])) as unknown as Pick<
    Handlers,
    Forwarded
  >;
}
