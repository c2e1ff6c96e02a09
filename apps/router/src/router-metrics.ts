import { LANES, type Keys } from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import type { Metrics } from "@tellwire/telemetry";
import type { Appender } from "./append/appender.js";
import type { Partition } from "./intake/partition.js";

/** Reports how much waits before each step of a router's work. */
export function observe(
  metrics: Metrics,
  owned: ReadonlyMap<number, Partition>,
  appender: Appender,
  redis: RedisConnection,
  keys: Keys,
): void {
  const perPartition = (
    name: string,
    help: string,
    depth: (partition: Partition) => number | Promise<number>,
  ): void => {
    metrics.gauge(name, help, ["partition"], async (gauge) => {
      const all = [...owned.values()];
      const depths = await Promise.all(all.map(depth));
      gauge.reset();
      for (const [i, { id }] of all.entries()) gauge.set({ partition: id }, depths[i] as number);
    });
  };
  metrics.gauge("partitions_owned", "Partitions that this router owns.", [], (gauge) =>
    gauge.set(owned.size),
  );
  perPartition(
    "partition_backlog_messages",
    "Messages that wait inside the router.",
    ({ backlog }) => backlog,
  );
  perPartition(
    "partition_backlog_bytes",
    "Bytes of the bodies and headers that wait inside the router.",
    ({ backlogBytes }) => backlogBytes,
  );
  perPartition(
    "ingress_entries",
    "Entries in the ingress streams of owned partitions.",
    async ({ id }) => {
      const lengths = LANES.map((lane) => redis.client.xlen(keys.ingress(id, lane)));
      return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
    },
  );
  metrics.gauge("appends_in_flight", "Appends under way.", [], (gauge) =>
    gauge.set(appender.inFlight),
  );
}
