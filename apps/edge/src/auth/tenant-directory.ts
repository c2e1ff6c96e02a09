import type { ControlEvent, Limits } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";
import { LRUCache } from "lru-cache";

const MOST = 20_000;
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5000;
const DEFAULTS: Limits = {};

/** Tenants and their limits, as the session service knows them. */
export class TenantDirectory {
  private readonly cache: LookupCache<Limits | null>;
  /** The last answer, for decisions that must not wait. */
  private readonly last = new LRUCache<string, Limits>({ max: MOST });
  /** Called when a tenant turns out not to be there, or to be disabled. */
  readonly onGone = new Set<(tenant: string) => void>();

  constructor(rpc: Pick<RpcClient, "call">) {
    this.cache = new LookupCache<Limits | null>({
      most: MOST,
      ttlMs: (limits) => (limits === null ? UNKNOWN_MS : KNOWN_MS),
      load: async (tenant) => {
        const limits = (await rpc.call("tenant.lookup", { tenant }))?.limits ?? null;
        if (limits === null) {
          this.last.delete(tenant);
          for (const listener of this.onGone) listener(tenant);
        } else {
          this.last.set(tenant, limits);
        }
        return limits;
      },
    });
  }

  /**
   * Null if there is no such tenant, or it is disabled. While the session service
   * does not answer, what it said last still holds.
   * @throws TellwireError its error, about a tenant never heard of
   */
  async find(tenant: string): Promise<Limits | null> {
    try {
      return await this.cache.get(tenant);
    } catch (error) {
      const last = this.last.get(tenant);
      if (last === undefined) throw error;
      return last;
    }
  }

  /** The limits last heard of, at once; asks anew in the background when they are old. */
  limitsOf(tenant: string): Limits {
    if (this.cache.peek(tenant) === undefined && !this.cache.isLoading(tenant)) {
      this.refresh(tenant);
    }
    return this.last.get(tenant) ?? DEFAULTS;
  }

  /** What came with something else that was looked up. */
  learn(tenant: string, limits: Limits): void {
    this.last.set(tenant, limits);
    this.cache.put(tenant, limits);
  }

  onControl(event: ControlEvent): void {
    if (event.type !== "tenant") return;
    this.cache.forget(event.tenant);
    if (this.last.has(event.tenant)) this.refresh(event.tenant);
  }

  onGap(): void {
    this.cache.clear();
  }

  private refresh(tenant: string): void {
    // Should it fail, the next to ask tries again.
    this.cache.get(tenant).catch(() => undefined);
  }
}
