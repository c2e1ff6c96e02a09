import type { FactoryProvider } from "@nestjs/common";
import {
  ChannelRepository,
  ConsumerRepository,
  FederationRepository,
  HistoryRepository,
  LeaseRepository,
  UplinkRepository,
  UplinkStateRepository,
  type Uplink,
} from "@tellwire/persistence";
import { writeControl } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { Parts } from "../infrastructure/parts.js";
import { IngressWriter } from "../outbox/ingress-writer.js";
import { Ephemera } from "./ephemera.js";
import type { Patience } from "./expiry.js";
import { PresenceReader } from "./presence-reader.js";
import { UplinkMetrics } from "./uplink-metrics.js";
import { Uplinks } from "./uplinks.js";

/** What every uplink of this process works with. */
export interface UplinkTools {
  uplinks: UplinkRepository;
  states: UplinkStateRepository;
  federations: FederationRepository;
  channels: Pick<ChannelRepository, "members">;
  consumers: ConsumerRepository;
  history: HistoryRepository;
  ingress: IngressWriter;
  ephemera: Ephemera;
  presence: PresenceReader;
  metrics: UplinkMetrics;
  patience: Patience;
  /** Has edges ask anew which MUDs can be reached through a network. They do so by themselves after a minute. */
  announce: (uplink: Pick<Uplink, "federation" | "tenant">) => void;
  log: Logger;
}

/** For Nest: the uplinks, with the repositories that only they need. */
export function provideUplinks({
  config,
  database,
  keys,
  redis,
  log,
}: Parts): FactoryProvider<Uplinks> {
  const { db, pool } = database;
  return {
    provide: Uplinks,
    inject: [IngressWriter, Ephemera, PresenceReader, UplinkMetrics],
    useFactory: (
      ingress: IngressWriter,
      ephemera: Ephemera,
      presence: PresenceReader,
      metrics: UplinkMetrics,
    ) =>
      new Uplinks(config.name, config.consumerLeaseMs, new LeaseRepository(db), {
        uplinks: new UplinkRepository(db),
        states: new UplinkStateRepository(db),
        federations: new FederationRepository(db),
        // Read only: no channel is made by it, so there is no bound to keep.
        channels: new ChannelRepository(db, 0),
        consumers: new ConsumerRepository(db),
        history: new HistoryRepository(pool),
        ingress,
        ephemera,
        presence,
        metrics,
        announce: ({ federation, tenant }) => {
          const event = { type: "federation", federation, tenant } as const;
          void writeControl(redis.client, keys, [event]).catch((error: Error) =>
            log.debug({ err: error.message }, "control event not sent"),
          );
        },
        patience: { ms: config.uplinkPatienceMs, messages: config.uplinkPatienceMessages },
        log,
      }),
  };
}
