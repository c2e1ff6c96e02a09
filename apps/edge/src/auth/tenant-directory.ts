import type { ControlEvent, Limits, TenantTraits } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";
import { LRUCache } from "lru-cache";

/** A tenant as edges know it. */
export interface KnownTenant extends TenantTraits {
  limits: Limits;
}

const MOST = 20_000;
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5000;
const DEFAULTS: Limits = {};

/** Tenants, their limits and their ways, as the session service knows them. */
export class TenantDirectory {
  private readonly cache: LookupCache<KnownTenant | null>;
  /** The last answer, for decisions that must not wait. */
  private readonly last = new LRUCache<string, KnownTenant>({ max: MOST });
  /** Called when a tenant turns out not to be there, or to be disabled. */
  readonly onGone = new Set<(tenant: string) => void>();
  /** Called when a tenant keeps its inboxes in another way than before. */
  readonly onInboxChange = new Set<(tenant: string) => void>();

  constructor(rpc: Pick<RpcClient, "call">) {
    this.cache = new LookupCache<KnownTenant | null>({
      most: MOST,
      ttlMs: (known) => (known === null ? UNKNOWN_MS : KNOWN_MS),
      load: async (tenant) => {
        const known = await rpc.call("tenant.lookup", { tenant });
        if (known === null) {
          this.last.delete(tenant);
          for (const listener of this.onGone) listener(tenant);
        } else {
          this.remember(tenant, known);
        }
        return known;
      },
    });
  }

  /**
   * Null if there is no such tenant, or it is disabled. While the session service
   * does not answer, what it said last still holds.
   * @throws TellwireError its error, about a tenant never heard of
   */
  async find(tenant: string): Promise<KnownTenant | null> {
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
    return this.known(tenant)?.limits ?? DEFAULTS;
  }

  /** Whether the tenant's inboxes are one, as {@link limitsOf}. */
  sharesInbox(tenant: string): boolean {
    return this.known(tenant)?.sharedInbox === true;
  }

  /** The names of the federations that the tenant is a member of. @throws as {@link find} */
  async federationsOf(tenant: string): Promise<readonly string[]> {
    return (await this.find(tenant))?.federations ?? [];
  }

  /** What came with something else that was looked up. */
  learn(tenant: string, known: KnownTenant): void {
    this.remember(tenant, known);
    this.cache.put(tenant, known);
  }

  onControl(event: ControlEvent): void {
    if (event.type !== "tenant" && event.type !== "federation") return;
    this.cache.forget(event.tenant);
    if (this.last.has(event.tenant)) this.refresh(event.tenant);
  }

  onGap(): void {
    this.cache.clear();
  }

  private remember(tenant: string, known: KnownTenant): void {
    const before = this.last.get(tenant);
    this.last.set(tenant, known);
    if (before === undefined || !before.sharedInbox === !known.sharedInbox) return;
    for (const listener of this.onInboxChange) listener(tenant);
  }

  private known(tenant: string): KnownTenant | undefined {
    if (this.cache.peek(tenant) === undefined && !this.cache.isLoading(tenant)) {
      this.refresh(tenant);
    }
    return this.last.get(tenant);
  }

  private refresh(tenant: string): void {
    // Should it fail, the next to ask tries again.
    this.cache.get(tenant).catch(() => undefined);
  }
}
