import {
  flag,
  intermudConfig,
  loadConfig,
  redisConfig,
  serviceConfig,
  whole,
} from "@tellwire/config";
import { authConfig } from "./auth/auth-config.js";
import { dialectConfig } from "./gateways/intermud/dialect-config.js";
import { limitsConfig } from "./limits/limits-config.js";

export const edgeConfig = {
  ...serviceConfig,
  ...redisConfig,
  ...authConfig,
  ...limitsConfig,
  ...intermudConfig,
  ...dialectConfig,
  /** Port for MUDs, where there is a router for Intermud-3; 0 for any. */
  i3Port: whole(0, 65_535, 9000),
  /** Seconds after which a MUD that was away is no longer told what was said meanwhile. */
  i3AgeSeconds: whole(1, 31_536_000, 300),
  /** Whether a load balancer stands before this edge and tells the client's address: appended to `X-Forwarded-For`, or by the PROXY protocol. */
  behindProxy: flag(false),
  /** Port of JSON-RPC over TCP; 0 for any. Behind a load balancer that opens each connection with a header of the PROXY protocol. */
  tcpPort: whole(0, 65_535, 8081),
  /** Connections of this edge; past it new ones are told to come back later. */
  maxConnections: whole(1, 1_000_000, 20_000),
  /** Bytes of a client's frame, request body or packet. */
  maxFrame: whole(1024, 64 << 20, 256 << 10),
  /** Bytes of a message's body, as JSON. */
  maxBody: whole(256, 64 << 20, 192 << 10),
  /** Bytes that may wait for one client before it is told to resume later. */
  clientBudget: whole(4096, 1 << 30, 4 << 20),
  /** Topics of one connection. */
  maxTopics: whole(1, 1_000_000, 5000),
  /** Milliseconds a connection may stay without authenticating. */
  authenticationMs: whole(100, 600_000, 15_000),
  /** Milliseconds between signs of life asked of a client. */
  pingMs: whole(1000, 600_000, 25_000),

  /** Publishes without an ack of one lane of one partition; a tenant alone gets half. */
  pendingLane: whole(1, 10_000_000, 10_000),
  /** Publishes without an ack of one tenant. */
  pendingTenant: whole(1, 10_000_000, 20_000),
  /** Bytes of all publishes without an ack. */
  pendingBytes: whole(1024, 2 ** 34, 256 << 20),
  /** Milliseconds without any answer after which a lane is looked into. */
  stallMs: whole(100, 600_000, 2000),
  /** Milliseconds after which a publish is answered `upstream`. */
  publishTimeoutMs: whole(1000, 600_000, 30_000),
  /** The longest time for which publishes gather after a write to Redis, in milliseconds; they do three times as long as writes usually take. */
  ingressRestMs: whole(0, 1000, 10),
  /** Calls that may wait for the session service; a tenant may have as many as it leaves free. */
  rpcPending: whole(1, 1_000_000, 10_000),
  /** Pages of history that clients asked for, of up to 4 MiB each, on their way at once; the rest waits, and tenants take turns. */
  historyPages: whole(1, 10_000, 32),
  /** Pages of history that one tenant may wait for; past it `overloaded`. */
  historyWaiting: whole(1, 1_000_000, 1000),
  /** Batches of ephemera that may wait for Redis; past it they are dropped. */
  ephemeralPending: whole(1, 100_000, 256),
  /** How long this edge is believed to live after its last heartbeat, in milliseconds. */
  edgeTtlMs: whole(1000, 600_000, 6000),

  /** How long a topic stays open after its last subscriber has left, in milliseconds. */
  lingerMs: whole(15_000, 3_600_000, 30_000),
  /** Messages held of one topic, for those who were away shortly. */
  ringMessages: whole(1, 1_000_000, 256),
  /** Bytes of messages held of one topic. */
  ringBytes: whole(1024, 1 << 30, 256 << 10),
  /** Bytes of messages held of all topics. */
  ringsBytes: whole(1024, 2 ** 34, 64 << 20),
};

export const loadEdgeConfig = () => loadConfig(edgeConfig);
export type EdgeConfig = ReturnType<typeof loadEdgeConfig>;
