import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Keys, type ControlEvent, type OperationName } from "@tellwire/contract";
import { EphemeralBus } from "@tellwire/ephemeral";
import { RedisConnection } from "@tellwire/redis";
import { RpcClient } from "@tellwire/rpc";
import { ControlReader } from "@tellwire/streams";
import { createLogger, Metrics, type Running } from "@tellwire/telemetry";
import { AccessCache } from "./access/access-cache.js";
import { FederationDirectory } from "./access/federation-directory.js";
import { Inboxes } from "./access/inboxes.js";
import { SubscriptionGuard } from "./access/subscription-guard.js";
import { ApiKeys } from "./auth/api-keys.js";
import { Authenticator } from "./auth/authenticator.js";
import { ConnectionGuard } from "./auth/connection-guard.js";
import { RevocationList } from "./auth/revocation-list.js";
import { TenantDirectory } from "./auth/tenant-directory.js";
import { TokenVerifier } from "./auth/token-verifier.js";
import type { EdgeConfig } from "./config.js";
import { observe } from "./edge-metrics.js";
import { Connections } from "./connection/connections.js";
import { drain } from "./connection/drain.js";
import { EgressReader } from "./delivery/egress-reader.js";
import { Feeds } from "./delivery/feeds.js";
import { SharedHistory } from "./delivery/history.js";
import { Subscriptions } from "./delivery/subscriptions.js";
import { EphemeralDelivery } from "./ephemeral/ephemeral-delivery.js";
import { createEntrance } from "./gateways/entrance.js";
import { HttpGateway } from "./gateways/http/http.gateway.js";
import { MemberAnswers } from "./gateways/mudmode/member-answers.js";
import { MudSpeech } from "./gateways/mudmode/mud-speech.js";
import { MudmodeGateway } from "./gateways/mudmode/mudmode.gateway.js";
import { RouterMirror } from "./gateways/mudmode/router-mirror.js";
import { PresenceSnapshots } from "./gateways/intermud/presence-snapshots.js";
import { startDialect, type RunningDialect } from "./gateways/intermud/start-dialect.js";
import { SocketioGateway } from "./gateways/socketio/socketio.gateway.js";
import { createEngine } from "./gateways/socketio/socketio.server.js";
import { TcpGateway } from "./gateways/tcp/tcp.gateway.js";
import { WsGateway } from "./gateways/ws/ws.gateway.js";
import { Ingress } from "./ingress/ingress.js";
import { assertPartitions } from "./instance/assert-partitions.js";
import { ClusterClock } from "./instance/cluster-clock.js";
import { Instance } from "./instance/instance.js";
import { AttemptLimiter } from "./limits/attempt-limiter.js";
import { ClusterBuckets } from "./limits/cluster-buckets.js";
import { ConnectionQuota } from "./limits/connection-quota.js";
import { OperationGate } from "./limits/operation-gate.js";
import { Turns } from "./limits/turns.js";
import { Operations } from "./operations/operations.js";
import { publishOperation } from "./operations/publish.operation.js";
import {
  federationOperation,
  forwardedOperations,
  historyOperation,
  identityOperations,
  presenceOperation,
} from "./operations/session.operations.js";
import { subscribeOperations } from "./operations/subscribe.operations.js";
import { PresenceReporter } from "./presence/presence-reporter.js";
import { PresenceWatchers } from "./presence/presence-watchers.js";
import { SessionKeeper } from "./sessions/session-keeper.js";

const HEARTBEAT_MS = 1000;
const SWEEP_MS = 500;

/** An edge, from its parts: clients on one side, Redis on the other, and nothing else. */
export async function startEdge(config: EdgeConfig): Promise<Running> {
  const log = createLogger({ service: "edge", name: config.name, level: config.logLevel });
  const metrics = new Metrics("edge");
  const keys = new Keys(config.keyPrefix);
  const process = `${config.name}.${randomUUID().slice(0, 8)}`;
  const stopping = new AbortController();
  const { signal } = stopping;

  const redis = new RedisConnection(config, log);
  await redis.ready();
  const clock = new ClusterClock(redis);
  await clock.measure();
  const rpc = new RpcClient(redis, keys, process, log, { maxPending: config.rpcPending });
  await rpc.start();
  const connections = new Connections({
    budget: config.clientBudget,
    authenticationMs: config.authenticationMs,
    most: config.maxConnections,
  });

  // Who may do what.
  const apiKeys = new ApiKeys(rpc);
  const tenants = new TenantDirectory(rpc);
  const revocations = new RevocationList(clock.now);
  const attempts = new AttemptLimiter({
    rate: 1 / config.authFailureSeconds,
    burst: config.authFailureBurst,
  });
  const authenticator = new Authenticator(
    apiKeys,
    new TokenVerifier(config.tokenPublicKey, clock.now),
    tenants,
    revocations,
    attempts,
    config.demoKeys,
  );
  const federations = new FederationDirectory(rpc, tenants);
  const access = new AccessCache(rpc, federations);
  const inboxes = new Inboxes(tenants);
  const connectionGuard = new ConnectionGuard(
    connections,
    revocations,
    tenants,
    rpc,
    log,
    clock.now,
  );
  const quota = new ConnectionQuota(
    redis,
    keys,
    process,
    (tenant) => tenants.limitsOf(tenant).connections ?? config.tenantConnections,
  );
  const buckets = new ClusterBuckets(redis, keys, (tenant) => quota.edgesOf(tenant));

  // The way of messages.
  const ingress = new Ingress(
    redis,
    keys,
    {
      partitions: config.partitions,
      lanePending: config.pendingLane,
      tenantPending: config.pendingTenant,
      pendingBytes: config.pendingBytes,
      stallMs: config.stallMs,
      timeoutMs: config.publishTimeoutMs,
      restMs: config.ingressRestMs,
    },
    log,
  );
  const history = new SharedHistory({
    page: (topic, after, limit, to) =>
      rpc.call("history.page", {
        topic,
        after,
        before: null,
        limit,
        ...(to !== undefined && { to }),
      }),
    heads: (topics) => rpc.call("history.heads", { topics }),
  });
  const feeds = new Feeds(ingress, history, config, clock.now, log);
  const egress = new EgressReader(
    redis,
    keys,
    log,
    (entry) => feeds.receive(entry),
    () => connections.flush(),
    () => {
      ingress.doubt();
      void feeds.compareHeads();
    },
  );
  let registrations = 0;
  const instance = new Instance(
    redis,
    keys,
    {
      name: config.name,
      partitions: config.partitions,
      ttlMs: config.edgeTtlMs,
      intervalMs: HEARTBEAT_MS,
    },
    {
      registered(id) {
        egress.follow(id);
        ingress.register(id);
        presence.reset();
        void feeds.compareHeads();
        if (registrations++ > 0) dialect.reconnected();
      },
      suspended() {
        egress.follow(null);
        ingress.suspend();
      },
      partitionReset: (partition) => ingress.restartPartition(partition),
    },
    log,
  );

  // Clients.
  const watchers = new PresenceWatchers(federations);
  const sessions: SessionKeeper = new SessionKeeper(
    rpc,
    (receipts) => {
      for (const { to, ...receipt } of receipts) {
        bus.publish(to, { name: "receipt", params: receipt });
      }
    },
    {
      admit: (connection, tenant) => quota.admit(connection, tenant),
      joined: (sessionId, identity) => presence.joined(sessionId, identity),
      left: (sessionId) => presence.left(sessionId),
    },
    config.maxTopics,
    log,
  );
  const subscriptions = new Subscriptions(feeds, config.maxTopics, (connection) =>
    sessions.touched(connection),
  );
  const pages = new Turns(config.historyPages, config.historyWaiting);
  const performed = metrics.counter("operations_total", "Operations by outcome.", [
    "operation",
    "outcome",
  ]);
  const lateBus: Pick<EphemeralBus, "publish"> = {
    publish: (about, event, to) => bus.publish(about, event, to),
  };
  const publish = publishOperation(ingress, access, inboxes, lateBus, config.maxBody, clock);
  const gate = new OperationGate(config, buckets, tenants, revocations, clock.now);
  const operations = new Operations(
    {
      ...forwardedOperations(rpc),
      ...identityOperations(authenticator, sessions, subscriptions, inboxes, config.name),
      ...subscribeOperations(access, inboxes, subscriptions, feeds, sessions),
      ...historyOperation(rpc, access, inboxes, clock, pages),
      ...presenceOperation(rpc, watchers, federations),
      ...federationOperation(federations),
      publish,
    },
    gate,
    (operation: OperationName, outcome) => performed.inc({ operation, outcome }),
  );
  let accepting = true;
  const lacks = (): string | null => {
    if (!accepting) return "draining";
    if (redis.client.status !== "ready") return "redis";
    return instance.id === null ? "registration" : null;
  };
  const http = new HttpGateway(
    operations,
    connections,
    authenticator,
    { lacks, metrics, connected: () => connections.counts() },
    config,
    log,
  );
  const dialect: RunningDialect = startDialect({
    redis,
    keys,
    rpc,
    process,
    operations,
    federations,
    keeper: sessions,
    bus: lateBus,
    edge: { lacks, connections: () => connections.size, compare: () => feeds.compareHeads() },
    config,
    now: clock.now,
    log,
  });
  const ws = new WsGateway(dialect.methods, connections, config);
  const tcp = new TcpGateway(dialect.methods, connections, config);
  const socketio = new SocketioGateway(
    operations,
    connections,
    createEngine(config.name, config),
    config,
  );
  const bus = new EphemeralBus(socketio.io, redis, keys, config.ephemeralPending);
  const presence = new PresenceReporter(rpc, bus, () => instance.id, log);
  const delivery = new EphemeralDelivery(feeds);
  bus.onEvent((event) => {
    delivery.onEvent(event);
    dialect.onEvent(event);
    watchers.onEvent(event);
  });
  connections.onOpen.add((connection) => {
    connection.onClosed.add(() => {
      dialect.settle(connection);
      subscriptions.drop(connection);
    });
  });
  new SubscriptionGuard(access, feeds, connections, subscriptions).start(signal);
  observe(metrics, { connections, ingress, egress, feeds, bus, rpc, presence, pages });

  // A router for Intermud-3, where there is one.
  const mirror = new RouterMirror(rpc, log);
  const answers = new MemberAnswers(rpc, new PresenceSnapshots(redis, keys), mirror);
  const mudmode =
    config.i3Federation === undefined
      ? null
      : new MudmodeGateway(
          {
            ...{ mirror, rpc, sessions, subscriptions, gate, attempts, log, process },
            speech: new MudSpeech(mirror, publish, ingress, bus, answers, config.maxBody),
          },
          connections,
          rpc,
          config,
          clock.now,
          log,
        );

  metrics.gauge("muds", "MUDs registered at this edge.", [], (g) => g.set(mudmode?.size ?? 0));

  const control = new ControlReader(
    redis,
    keys,
    log,
    (event: ControlEvent) => {
      // What another part asks of goes before it.
      const parts = [apiKeys, tenants, federations, access, connectionGuard, watchers, feeds];
      for (const part of parts) part.onControl(event);
      mudmode?.onControl(event);
    },
    () => {
      mudmode?.onGap();
      const parts = [apiKeys, tenants, federations, access, connectionGuard, watchers, feeds];
      for (const part of parts) part.onGap();
    },
  );
  const sweep = setInterval(() => {
    feeds.sweep();
    ingress.sweep().catch((error: Error) => log.debug({ err: error.message }, "sweep"));
  }, SWEEP_MS);

  const rpcLoop = new AbortController();
  const calls = rpc.run(rpcLoop.signal);
  // Before anything is done to a partition.
  await assertPartitions(rpc, config.partitions);
  const loops = [
    calls,
    egress.run(rpcLoop.signal),
    instance.run(signal),
    control.run(signal),
    sessions.run(signal),
    clock.run(signal),
    connectionGuard.run(signal),
  ];
  await connectionGuard.start(signal);
  await feeds.start();
  await Promise.all([http.ready(), bus.ready()]);
  await mudmode?.listen(config.i3Port, config.httpHost);
  const server = createEntrance({ http, ws, socketio }, () => !accepting);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.httpPort, config.httpHost, 4096, resolve);
  });
  const tcpPort = await tcp.listen(config.tcpPort, config.httpHost);
  log.info({ port: (server.address() as AddressInfo).port, tcpPort }, "edge runs");

  return {
    async stop() {
      accepting = false;
      // A load balancer whose connection is refused asks another edge.
      tcp.close();
      mudmode?.drain();
      // Long polling comes by ever new connections: the door stays open until all have moved.
      await drain(connections, config.drainMs);
      server.close();
      await ingress.settled(config.drainMs);
      stopping.abort();
      clearInterval(sweep);
      await sessions.save();
      await dialect.close();
      await instance.leave().catch((error: Error) => log.warn({ err: error.message }, "goodbye"));
      rpcLoop.abort();
      await Promise.all(loops);
      for (const part of [bus, presence, buckets, quota, ws, mudmode]) part?.close();
      server.closeAllConnections();
      await Promise.all([http.close(), socketio.close()]);
      redis.close();
      log.info("edge stopped");
    },
  };
}
