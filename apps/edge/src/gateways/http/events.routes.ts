import type { FastifyInstance } from "fastify";
import { ERRORS, TellwireError, type Result, type WireError } from "@tellwire/contract";
import type { Connection } from "../../connection/connection.js";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import { addressOf, authenticateParams, credentialsOf } from "../credentials.js";
import type { GatewayOptions } from "../gateway-options.js";
import type { Heartbeat } from "../heartbeat.js";
import { subscribeParams, type Cursors } from "./sse.codec.js";
import { SseWire } from "./sse.wire.js";

/** `GET /api/events`: subscriptions as Server-Sent Events, on a connection like any other. */
export function eventRoutes(
  app: FastifyInstance,
  operations: Operations,
  connections: Connections,
  heartbeat: Heartbeat,
  options: GatewayOptions,
): void {
  app.get("/api/events", async (request, reply) => {
    const credentials = credentialsOf(request.raw, "token in query");
    if (credentials === null) throw new TellwireError("not_authenticated");
    const { behindProxy } = options;
    const address = addressOf(request.headers, request.socket.remoteAddress, behindProxy);
    const wire = new SseWire(reply.raw, address);
    const connection = connections.accept(wire);
    if (connection.closed) throw new TellwireError("overloaded");
    reply.raw.on("close", () => connection.ended());
    const conversation = new Conversation(operations, connection, options.connectionOperations);
    try {
      await conversation.perform("authenticate", authenticateParams(credentials));
      if (connection.closed || connection.identity === null) throw new TellwireError("overloaded");
      const lastId = request.headers["last-event-id"];
      const query = new URL(request.url, "http://edge").searchParams;
      const last = lastId as string | undefined;
      const params = subscribeParams(query, last, connection.identity, sharedInbox(connection));
      const subscribed = (await conversation.perform("subscribe", params)) as Subscribed;
      const cursors = cursorsFrom(subscribed, params.topics);
      if (connection.closed) throw new TellwireError("overloaded");
      reply.hijack();
      connection.flush();
      wire.begin(cursors, { session_id: connection.sessionId, ...subscribed });
    } catch (error) {
      connection.ended();
      throw error;
    }
    connection.onClosed.add(heartbeat.add({ beat: () => wire.ping() }));
  });
}

/** The shared inbox of which a connection's user has its part, open since it authenticated. */
function sharedInbox({ subscriptions }: Connection): string | undefined {
  for (const { topic, to } of subscriptions.values()) if (to !== undefined) return topic;
  return undefined;
}

type Subscribed = Result<"subscribe">;

/**
 * Where the stream starts. A stream follows all of its topics or none.
 * @throws TellwireError that of the first topic which was refused
 */
function cursorsFrom(
  subscribed: Subscribed,
  asked: readonly { topic: string; after?: number }[],
): Cursors {
  const seqs = new Map<string, number>();
  const after = new Map(asked.map((a) => [a.topic, a.after]));
  for (const entry of subscribed.topics) {
    if ("error" in entry) throw errorOf(entry.error);
    seqs.set(entry.topic, entry.reset ? entry.head : (after.get(entry.topic) ?? entry.head));
  }
  return { epoch: subscribed.log_epoch, seqs };
}

function errorOf(error: unknown): TellwireError {
  const wire = error as Partial<WireError> | null;
  return wire?.name !== undefined && wire.name in ERRORS
    ? TellwireError.fromWire(wire as WireError)
    : new TellwireError("not_permitted");
}
