import type { ControlEvent, FederationRecord } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";
import type { TenantDirectory } from "../auth/tenant-directory.js";

const MOST = 5000;
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5000;

/** Federations and their members, as the session service knows them. */
export class FederationDirectory {
  private readonly cache: LookupCache<FederationRecord | null>;

  constructor(
    rpc: Pick<RpcClient, "call">,
    private readonly tenants: Pick<TenantDirectory, "federationsOf">,
  ) {
    this.cache = new LookupCache<FederationRecord | null>({
      most: MOST,
      ttlMs: (record) => (record === null ? UNKNOWN_MS : KNOWN_MS),
      load: (federation) => rpc.call("federation.lookup", { federation }),
    });
  }

  /**
   * The federations of a tenant, with all their members.
   * @throws TellwireError that of the session service
   */
  async of(tenant: string): Promise<FederationRecord[]> {
    const names = await this.tenants.federationsOf(tenant);
    const found = await Promise.all(names.map((name) => this.cache.get(name)));
    return found.filter((record) => record !== null).filter((record) => has(record, tenant));
  }

  /**
   * Whether a federation lets a tenant near another one: as its fellow member, or as the
   * federation itself. A tenant that is in none costs no look-up.
   * @throws TellwireError that of the session service
   */
  async reaches(tenant: string, other: string): Promise<boolean> {
    const all = await this.of(tenant);
    return all.some((record) => record.federation === other || has(record, other));
  }

  /** Whether both are members of one federation. @throws as {@link reaches} */
  async areFellows(tenant: string, other: string): Promise<boolean> {
    return (await this.of(tenant)).some((record) => has(record, other));
  }

  onControl(event: ControlEvent): void {
    if (event.type === "federation") this.cache.forget(event.federation);
    else if (event.type === "tenant") {
      this.cache.forgetWhere(
        (federation, record) =>
          federation === event.tenant || record === undefined || has(record, event.tenant),
      );
    }
  }

  onGap(): void {
    this.cache.clear();
  }
}

const has = (record: FederationRecord | null, tenant: string): boolean =>
  record?.members.some((member) => member.tenant === tenant) ?? false;
