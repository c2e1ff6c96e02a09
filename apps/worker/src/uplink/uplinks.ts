import { UPLINK, type Lease, type LeaseRepository, type Uplink } from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import { HeldLease } from "../consume/held-lease.js";
import { UplinkRun } from "./uplink-run.js";
import type { UplinkTools } from "./uplink-tools.js";

/** Milliseconds between two looks for links that nobody holds, and for what an operator has changed. */
const LOOK_MS = 1000;

interface Holding {
  run: UplinkRun;
  version: number;
  /** Ends it; the link is then handed over. */
  stop: AbortController;
  ended: Promise<void>;
}

/**
 * Holds the links that nobody else holds. Every worker looks every second, so a
 * link whose worker has died is taken over that much after its lease has run out.
 */
export class Uplinks {
  private readonly holdings = new Map<string, Holding>();

  /** @param leaseMs how long a link stays with a process that is silent */
  constructor(
    private readonly name: string,
    private readonly leaseMs: number,
    private readonly leases: LeaseRepository,
    private readonly tools: UplinkTools,
  ) {
    tools.metrics.holdings = () =>
      Array.from(this.holdings, ([tenant, { run }]) => ({
        tenant,
        linked: run.linked,
        waiting: run.waiting,
      }));
  }

  /** Resolves when all links are handed over. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.look(signal);
      } catch (error) {
        this.tools.log.debug({ err: (error as Error).message }, "uplinks not looked at");
      }
      await pause(LOOK_MS, signal);
    }
    for (const { stop } of this.holdings.values()) stop.abort();
    await Promise.all([...this.holdings.values()].map(({ ended }) => ended));
  }

  private async look(signal: AbortSignal): Promise<void> {
    const enabled = await this.tools.uplinks.enabled();
    const versions = new Map(enabled.map(({ tenant, version }) => [tenant, version]));
    for (const [tenant, { version, stop }] of this.holdings) {
      // What has changed is begun anew, here or elsewhere.
      if (versions.get(tenant) !== version) stop.abort();
    }
    for (const { tenant, free } of enabled) {
      if (free && !this.holdings.has(tenant) && !signal.aborted) await this.take(tenant);
    }
  }

  private async take(tenant: string): Promise<void> {
    const askedAt = performance.now();
    const lease = await this.leases.acquire(tenant, UPLINK, this.name, this.leaseMs);
    if (lease === null) return;
    const uplink = await this.tools.uplinks.find(tenant);
    if (uplink === null) return;
    this.tools.metrics.leases.inc({ tenant });
    this.tools.log.info({ tenant }, "uplink taken over");
    this.holdings.set(tenant, this.hold(uplink, lease, askedAt));
  }

  private hold(uplink: Uplink, lease: Lease, askedAt: number): Holding {
    const { log } = this.tools;
    const stop = new AbortController();
    const held = new HeldLease(this.leases, lease, this.leaseMs, askedAt, stop.signal, log);
    const run = new UplinkRun(uplink, held, this.tools);
    const ended = held
      .during(() => run.run())
      .catch((error: unknown) => log.error({ err: error, tenant: uplink.tenant }, "uplink failed"))
      .then(() => void this.holdings.delete(uplink.tenant));
    return { run, version: uplink.version, stop, ended };
  }
}
