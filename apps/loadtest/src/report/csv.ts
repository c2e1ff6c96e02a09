import type { SecondRow } from "../result.js";

const MIB = 1024 * 1024;

const quoted = (text: string): string =>
  /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** A row a second, as of RFC 4180: counts, latencies in milliseconds, cores and MiB of each group. */
export function csvOf(rows: readonly SecondRow[]): string {
  const groups = [...new Set(rows.flatMap(({ processes }) => Object.keys(processes)))];
  const head = [
    ...["second", "phase", "connections", "offered", "acknowledged", "refused", "delivered"],
    ...["ack_p50", "ack_p95", "ack_p99", "delivery_p50", "delivery_p95", "delivery_p99", "faults"],
    ...groups.flatMap((group) => [`${group}_cores`, `${group}_rss_mib`]),
  ];
  const lines = rows.map(({ ack, delivery, processes, ...row }) => [
    ...[row.second, row.phase, row.connections, row.offered, row.acknowledged, row.refused],
    ...[row.delivered, ack.p50, ack.p95, ack.p99, delivery.p50, delivery.p95, delivery.p99],
    row.faults,
    ...groups.flatMap((group) => {
      const usage = processes[group];
      return usage ? [usage.cores.toFixed(3), (usage.rss / MIB).toFixed(1)] : ["", ""];
    }),
  ]);
  return [head, ...lines].map((cells) => `${cells.map(String).map(quoted).join(",")}\r\n`).join("");
}
