import type { EphemeralBus } from "@tellwire/ephemeral";
import type { RpcClient } from "@tellwire/rpc";
import type { Metrics } from "@tellwire/telemetry";
import type { Connections } from "./connection/connections.js";
import type { EgressReader } from "./delivery/egress-reader.js";
import type { Feeds } from "./delivery/feeds.js";
import type { Ingress } from "./ingress/ingress.js";
import type { Turns } from "./limits/turns.js";
import type { PresenceReporter } from "./presence/presence-reporter.js";

interface Parts {
  connections: Connections;
  ingress: Ingress;
  egress: EgressReader;
  feeds: Feeds;
  bus: EphemeralBus;
  rpc: RpcClient;
  presence: PresenceReporter;
  pages: Turns;
}

/** Reports how much waits in each of an edge's queues, and what was given up at a bound. */
export function observe(
  metrics: Metrics,
  { connections, ingress, egress, feeds, bus, rpc, presence, pages }: Parts,
): void {
  const gauges: [name: string, help: string, value: () => number | Promise<number>][] = [
    ["connections", "Open connections.", () => connections.size],
    ["client_waiting_bytes", "Bytes that wait for all clients.", () => connections.waiting],
    [
      "operations_waiting",
      "Operations received and not begun, behind others of their connection.",
      () => connections.operationsWaiting,
    ],
    ["pending_publishes", "Publishes without an ack.", () => ingress.pending],
    ["pending_publish_bytes", "Bytes of the publishes without an ack.", () => ingress.pendingBytes],
    ["egress_entries", "Entries in the stream to this edge.", () => egress.length()],
    [
      "egress_lag_seconds",
      "How far the stream to this edge is ahead of what was read.",
      async () => (await egress.lag()) / 1000,
    ],
    ["topics_open", "Topics with subscribers at this edge.", () => feeds.size],
    ["catching_up", "Subscriptions served older messages.", () => feeds.catchingUp],
    ["held_messages", "Messages that wait for one before them.", () => feeds.held],
    ["ring_bytes", "Bytes of recent messages held.", () => feeds.bytes],
    ["ephemeral_pending", "Batches of ephemera that wait for Redis.", () => bus.inFlight],
    ["rpc_pending", "Calls that wait for the session service.", () => rpc.pending],
    ["history_in_work", "Pages of history on their way to clients.", () => pages.inWork],
    ["history_waiting", "Operations that wait to read a page of history.", () => pages.waiting],
    ["users_online", "Users at this edge.", () => presence.size],
  ];
  for (const [name, help, value] of gauges) {
    metrics.gauge(name, help, [], async (gauge) => gauge.set(await value()));
  }
  metrics.foreign(
    "api_websocket_connections",
    "Open WebSockets, as the Intermud-3 gateway calls them.",
    () => connections.counts().websocket_connections,
  );
  metrics.foreign(
    "api_active_sessions",
    "Authenticated connections, as the Intermud-3 gateway calls them.",
    () => connections.counts().active_sessions,
  );
  metrics.total(
    "connections_refused_total",
    "Connections turned away because the edge was full.",
    () => connections.refused,
  );
  metrics.total(
    "egress_holes_total",
    "Times that entries to this edge were missing.",
    () => egress.holes,
  );
  metrics.total(
    "ephemeral_dropped_total",
    "Batches of ephemera dropped because Redis was away or slow.",
    () => bus.dropped,
  );
  metrics.total(
    "ephemeral_skipped_total",
    "Ephemera that slow clients did without.",
    () => connections.skipped,
  );
  const closed = metrics.counter("connections_closed_total", "Connections by why they closed.", [
    "reason",
  ]);
  connections.onOpen.add((connection) => {
    connection.onClosed.add(() => closed.inc({ reason: connection.closeReason ?? "by_client" }));
  });
}
