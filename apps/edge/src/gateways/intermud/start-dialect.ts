import type { Keys } from "@tellwire/contract";
import type { ClusterEvent, EphemeralBus } from "@tellwire/ephemeral";
import type { RedisConnection } from "@tellwire/redis";
import type { RpcClient } from "@tellwire/rpc";
import type { Logger } from "@tellwire/telemetry";
import type { Connection } from "../../connection/connection.js";
import type { SessionKeeper } from "../../sessions/session-keeper.js";
import { Asks } from "./asks.js";
import { DialectSessions } from "./dialect-sessions.js";
import { Dialect, type EdgeState, type Performing } from "./dialect.js";
import { KnownNames, type Federations } from "./federation-view.js";
import type { DialectConfig } from "./dialect-config.js";
import { MemberReplies } from "./member-replies.js";
import { MudRoster } from "./mud-roster.js";
import { PresenceSnapshots } from "./presence-snapshots.js";
import { SharedAnswers } from "./shared-answers.js";
import { Whereabouts } from "./whereabouts.js";

interface Parts {
  redis: RedisConnection;
  keys: Keys;
  rpc: Pick<RpcClient, "operation">;
  /** Unique among edge processes. */
  process: string;
  operations: Performing;
  federations: Federations;
  keeper: SessionKeeper;
  bus: Pick<EphemeralBus, "publish">;
  edge: EdgeState;
  config: DialectConfig;
  now: () => number;
  log: Logger;
}

/** The dialect of one edge. */
export interface RunningDialect {
  /** Operations and methods, for the protocols that speak both. */
  methods: Performing;
  onEvent(event: ClusterEvent): void;
  /** A connection is about to end. */
  settle(connection: Connection): void;
  /** The edge was cut off, and is not any more. */
  reconnected(): void;
  close(): Promise<void>;
}

export function startDialect({
  redis,
  keys,
  process,
  bus,
  config,
  log,
  ...parts
}: Parts): RunningDialect {
  const names = new KnownNames();
  const roster = new MudRoster(redis, keys, process, log);
  const snapshots = new PresenceSnapshots(redis, keys);
  const asks: Asks = new Asks(bus, (carried) => {
    replies.reply(carried).catch((error: Error) => log.debug({ err: error.message }, "no reply"));
  });
  const sessions = new DialectSessions(
    { ...parts, names, roster, bus, arrived: (tenant) => asks.listen(tenant) },
    {
      rates: {
        tell: config.intermudTells,
        channel: config.intermudChannelMessages,
        who: config.intermudWhos,
        mudlist: config.intermudMudlists,
      },
      offlineMessages: config.intermudOfflineMessages,
      offlineMs: config.intermudOfflineSeconds * 1000,
      now: parts.now,
    },
  );
  const replies: MemberReplies = new MemberReplies(sessions, roster, snapshots, asks, process);
  const methods = new Dialect({
    ...parts,
    names,
    sessions,
    snapshots,
    roster,
    bus,
    whereabouts: new Whereabouts(parts.rpc, snapshots, roster, asks),
    answers: new SharedAnswers(config.intermudAnswerMs),
  });
  return {
    methods,
    onEvent(event) {
      asks.onEvent(event);
      sessions.onEvent(event);
    },
    settle: (connection) => sessions.settle(connection),
    reconnected: () => sessions.reconnected(),
    async close() {
      sessions.close();
      await roster.close();
    },
  };
}
