import {
  canonicalTopic,
  canonicalUser,
  inboxOf,
  may,
  messageJson,
  OPERATIONS,
  atTime,
  TellwireError,
  tenantOf,
  type Identity,
  type Message,
  type OperationName,
  type Params,
} from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import type { AccessCache } from "../access/access-cache.js";
import type { FederationDirectory } from "../access/federation-directory.js";
import type { Inboxes } from "../access/inboxes.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { Connection } from "../connection/connection.js";
import type { SubscribeRequest, Subscriptions } from "../delivery/subscriptions.js";
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
  inboxes: Pick<Inboxes, "read">,
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
        const inbox = inboxes.read(inboxOf(user), identity);
        const acked = topics.find(([topic]) => topic === inbox.topic)?.[1];
        const after = acked === undefined ? undefined : Math.max(acked, 0);
        await openInbox(subscriptions, connection, { ...inbox, after, ifAbsent: true });
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
  inbox: SubscribeRequest,
): Promise<void> {
  const { topic } = inbox;
  if (connection.subscriptions.has(topic)) return;
  try {
    await subscriptions.subscribe(connection, [inbox]);
  } catch (thrown) {
    const error = TellwireError.from(thrown).toWire();
    if (error.temporary) throw thrown;
    connection.event("unsubscribed", { topic, error });
  }
}

/** Reads a topic's messages from the log. A page may be large, so only so many are on their way at once. */
export function historyOperation(
  rpc: Pick<RpcClient, "call">,
  access: Pick<AccessCache, "check">,
  inboxes: Pick<Inboxes, "read">,
  clock: Pick<ClusterClock, "now">,
  turns: Pick<Turns, "run">,
): Pick<Handlers, "history"> {
  return {
    async history({ identity }, params) {
      const asked = canonicalTopic(params.topic, identity.tenant);
      const { topic, to } = inboxes.read(asked, identity);
      await access.check(identity, to ?? topic, "read");
      const { after = null, before = null, limit = DEFAULT_PAGE } = params;
      return turns.run(identity.tenant, async () => {
        const page = await rpc.call("history.page", {
          topic,
          after,
          before,
          limit,
          ...(to !== undefined && { to }),
        });
        const now = clock.now();
        // A session service of the version before knows no recipients, and sends the page whole.
        const own = page.messages.filter((m) => to === undefined || m.to === to);
        return {
          messages: own.map((m) => JSON.parse(messageJson(atTime(m, now))) as Message),
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
  federations: Pick<FederationDirectory, "areFellows">,
): Pick<Handlers, "presence"> {
  return {
    async presence({ identity, connection }, params) {
      const { tenant } = identity;
      if (connection !== null) {
        const users = params.users.map((user) => canonicalUser(user, tenant));
        const others = new Set(users.map(tenantOf).filter((other) => other !== tenant));
        const fellows =
          others.size === 0 ? [] : await fellowsAmong([...others], tenant, federations);
        watchers.watch(connection, users, fellows);
      }
      return rpc.operation("presence", { who: identity, params });
    },
  };
}

/** Those of other tenants that share a federation with one's own. */
async function fellowsAmong(
  others: readonly string[],
  own: string,
  federations: Pick<FederationDirectory, "areFellows">,
): Promise<string[]> {
  const are = await Promise.all(others.map((other) => federations.areFellows(own, other)));
  return others.filter((_, i) => are[i]);
}

/** In which federations the tenant is, and with whom. */
export function federationOperation(
  federations: Pick<FederationDirectory, "of">,
): Pick<Handlers, "federation.list"> {
  return {
    async "federation.list"({ identity: { tenant } }) {
      const all = await federations.of(tenant);
      return {
        federations: all.map(({ federation, members }) => ({
          federation,
          name: members.find((member) => member.tenant === tenant)?.name ?? tenant,
          members: members.map(({ sharedInbox, ...member }) => ({
            ...member,
            shared_inbox: sharedInbox,
          })),
        })),
      };
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
