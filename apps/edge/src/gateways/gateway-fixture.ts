import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { OPERATIONS, TellwireError, type Identity, type OperationName } from "@tellwire/contract";
import { createLogger, Metrics } from "@tellwire/telemetry";
import { Connections, type ConnectionLimits } from "../connection/connections.js";
import type { Caller } from "../operations/caller.js";
import { Operations, type Handlers } from "../operations/operations.js";
import type { Credentials } from "./credentials.js";
import { createEntrance } from "./entrance.js";
import type { GatewayOptions } from "./gateway-options.js";
import { HttpGateway } from "./http/http.gateway.js";
import { SocketioGateway } from "./socketio/socketio.gateway.js";
import { createEngine, type EngineOptions } from "./socketio/socketio.server.js";
import { TcpGateway } from "./tcp/tcp.gateway.js";
import { WsGateway } from "./ws/ws.gateway.js";

export const KEY = "key-of-acme";
export const MAX_FRAME = 64 * 1024;
export const SESSION = "0199c0de-0000-7000-8000-000000000001";

const metrics = new Metrics("edge-test");
const log = createLogger({ service: "edge", name: "edge-test", level: "silent" });

/** The gateways on a port of their own, over a table of operations that stands for the rest of an edge. */
export interface GatewayFixture {
  port: number;
  tcpPort: number;
  connections: Connections;
  /** The operations performed, in the order in which they were begun. */
  performed: { name: string; params: unknown; caller: Caller }[];
  /** Runs before the answer of an operation. */
  before: Map<string, (caller: Caller) => Promise<void> | void>;
  lacks: string | null;
  socketio: SocketioGateway;
  stop(): Promise<void>;
}

export async function startGateways(
  limits: Partial<ConnectionLimits> = {},
  changed: Partial<EngineOptions & GatewayOptions> = {},
): Promise<GatewayFixture> {
  const connections = new Connections({
    budget: 1 << 20,
    authenticationMs: 10_000,
    most: 1000,
    ...limits,
  });
  const performed: GatewayFixture["performed"] = [];
  const before: GatewayFixture["before"] = new Map();
  const operations = new Operations(
    handlers(performed, before),
    { admit: () => undefined, stillValid: () => undefined },
    () => undefined,
  );
  const options = {
    maxFrame: MAX_FRAME,
    pingMs: 25_000,
    behindProxy: false,
    connectionOperations: 16,
    ...changed,
  };
  const ws = new WsGateway(operations, connections, options);
  const tcp = new TcpGateway(operations, connections, options);
  const socketio = new SocketioGateway(operations, connections, createEngine("edge-7", options), {
    ...options,
    authenticationMs: limits.authenticationMs ?? 10_000,
  });
  const status = { lacks: () => fixture.lacks, metrics, connected: () => connections.counts() };
  const http = new HttpGateway(operations, connections, { identify }, status, options, log);
  await http.ready();
  const server = createEntrance({ http, ws, socketio });
  const fixture: GatewayFixture = {
    port: await listen(server),
    tcpPort: await tcp.listen(0, "127.0.0.1"),
    connections,
    performed,
    before,
    lacks: null,
    socketio,
    async stop() {
      connections.closeAll("going_away");
      ws.close();
      tcp.close();
      await Promise.all([http.close(), socketio.close()]);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fixture;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function identify({ apiKey, token, user, tenant }: Credentials): Promise<Identity> {
  if (apiKey !== KEY && token !== "token-of-alice") throw new TellwireError("not_authenticated");
  if (tenant !== undefined && tenant !== "acme") throw new TellwireError("not_permitted");
  const name = token === undefined ? user : "alice";
  return {
    tenant: "acme",
    user: name === undefined ? null : `${name}@acme`,
    permissions: ["*"],
    keyId: "k1",
    tokenId: null,
    expiresAt: null,
    limits: {},
  };
}

function handlers(
  performed: GatewayFixture["performed"],
  before: GatewayFixture["before"],
): Handlers {
  const results: Partial<Record<OperationName, (caller: Caller, params: never) => unknown>> = {
    async authenticate(caller, params: { api_key?: string } & Credentials) {
      const identity = await identify({ ...params, apiKey: params.api_key });
      const { connection } = caller;
      if (connection !== null) Object.assign(connection, { identity, sessionId: SESSION });
      const { tenant, user } = identity;
      return { status: "authenticated", tenant, user, session_id: SESSION, resumed: false };
    },
    ping: () => ({ pong: true, timestamp: "now" }),
    whoami: ({ identity, sessionId }) => ({ ...identity, session_id: sessionId }),
    publish: (_caller, { topic, body }: { topic: string; body: unknown }) => ({
      id: "m1",
      topic,
      seq: JSON.stringify(body).length,
      at: "now",
      duplicate: false,
    }),
    subscribe: (_caller, { topics }: { topics: { topic: string; after?: number }[] }) => ({
      topics: topics.map(({ topic, after }) =>
        topic.startsWith("channel:secret")
          ? { topic, error: new TellwireError("not_permitted").toWire() }
          : { topic, head: 9, recovered: after !== undefined, truncated: false },
      ),
      log_epoch: "epoch-1",
    }),
    history: (_caller, params: object) => ({ messages: HISTORY, more: true, head: 3, ...params }),
    block() {
      throw new TellwireError("rate_limited", undefined, { retryAfter: 1.5 });
    },
    who() {
      throw new Error("a secret of the inside");
    },
  };
  const table = Object.keys(OPERATIONS).map((key) => {
    const name = key as OperationName;
    const handler = async (caller: Caller, params: never): Promise<unknown> => {
      performed.push({ name, params, caller });
      await before.get(name)?.(caller);
      return (results[name] ?? (() => ({})))(caller, params);
    };
    return [name, handler];
  });
  return Object.fromEntries(table) as Handlers;
}

const message = (seq: number, from: string, to?: string): object => ({
  id: `m${seq}`,
  topic: "user:alice@acme",
  seq,
  from,
  kind: "text",
  body: seq,
  at: "2026-01-01T00:00:00.000Z",
  priority: "normal",
  headers: to === undefined ? {} : { to },
  correlation_id: null,
});

/** The inbox of alice: from bob, to bob, from carol. */
export const HISTORY = [
  message(1, "bob@acme"),
  message(2, "alice@acme", "user:bob@acme"),
  message(3, "carol@acme"),
];

/** Polls until `check` gives something. */
export async function eventually<T>(check: () => T | undefined | false, ms = 5000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error("did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
