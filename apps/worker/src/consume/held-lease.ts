import { LeaseLostError, type Lease, type LeaseRepository } from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";

/** Renewals within the time of a lease: two may fail. */
const RENEWALS = 3;

/**
 * A lease in use. Writes to Postgres are fenced by its token; for what no token
 * fences, such as bytes on a socket, {@link assert} says whether the time for
 * which it was last granted has passed by this process's own clock, which goes on while the
 * process is paused. It began to count before Postgres did, so it ends earlier.
 */
export class HeldLease {
  private readonly ended = new AbortController();
  private until: number;

  /**
   * @param askedAt when it was asked for, as `performance.now()` told it
   * @param stop ends the use of it; it is then handed over
   */
  constructor(
    private readonly leases: Pick<LeaseRepository, "renew" | "release">,
    readonly lease: Lease,
    private readonly forMs: number,
    askedAt: number,
    private readonly stop: AbortSignal,
    private readonly log: Logger,
  ) {
    this.until = askedAt + forMs;
  }

  /** Aborts when there is nothing more to be done under this lease. */
  get signal(): AbortSignal {
    return this.ended.signal;
  }

  /** @throws LeaseLostError if somebody else may have it */
  assert(): void {
    if (performance.now() < this.until && !this.ended.signal.aborted) return;
    this.ended.abort();
    throw new LeaseLostError(this.lease);
  }

  /**
   * Keeps the lease while `work` is done, and hands it over afterwards.
   * `work` is to end when {@link signal} aborts. Rejects with what it rejects with.
   */
  async during(work: () => Promise<void>): Promise<void> {
    const end = (): void => this.ended.abort();
    this.stop.addEventListener("abort", end, { once: true });
    if (this.stop.aborted) end();
    const keeping = this.keep();
    try {
      await work();
    } finally {
      this.stop.removeEventListener("abort", end);
      end();
      await keeping;
      // If Postgres is away it runs out by itself.
      await this.leases.release(this.lease).catch(() => undefined);
    }
  }

  private async keep(): Promise<void> {
    while (!this.ended.signal.aborted) {
      await pause(this.forMs / RENEWALS, this.ended.signal);
      if (this.ended.signal.aborted) return;
      const askedAt = performance.now();
      const late = setTimeout(() => this.lose("not renewed in time"), this.until - askedAt);
      try {
        if (await this.leases.renew(this.lease, this.forMs)) this.until = askedAt + this.forMs;
        else this.lose("passed on");
      } catch (error) {
        this.log.debug({ err: (error as Error).message }, "lease not renewed");
        if (askedAt >= this.until) this.lose("not renewed in time");
      }
      clearTimeout(late);
    }
  }

  private lose(why: string): void {
    if (this.ended.signal.aborted) return;
    const { tenant, name } = this.lease;
    this.log.warn({ tenant, lease: name, why }, "lease lost");
    this.ended.abort();
  }
}
