import { Injectable } from "@nestjs/common";
import { Metrics } from "@tellwire/telemetry";
import type { Counter } from "prom-client";

/** What an operator sees of the links to foreign networks that this process holds. */
@Injectable()
export class UplinkMetrics {
  readonly packets: Counter<"tenant" | "direction">;
  readonly expired: Counter<"tenant">;
  readonly leases: Counter<"tenant">;
  /** The links of this process, as they are now. */
  holdings: () => { tenant: string; linked: boolean; waiting: number }[] = () => [];

  constructor(metrics: Metrics) {
    this.packets = metrics.counter("uplink_packets_total", "Packets on links to networks", [
      "tenant",
      "direction",
    ]);
    this.expired = metrics.counter(
      "uplink_expired_total",
      "Messages that waited too long for a link",
      ["tenant"],
    );
    this.leases = metrics.counter(
      "uplink_leases_total",
      "How often this process has taken a link over",
      ["tenant"],
    );
    metrics.gauge("uplink_up", "Links held here: 1 where a router answers", ["tenant"], (gauge) => {
      gauge.reset();
      for (const { tenant, linked } of this.holdings()) gauge.set({ tenant }, linked ? 1 : 0);
    });
    metrics.gauge("uplink_waiting", "Messages that wait for a link", ["tenant"], (gauge) => {
      gauge.reset();
      for (const { tenant, waiting } of this.holdings()) gauge.set({ tenant }, waiting);
    });
  }
}
