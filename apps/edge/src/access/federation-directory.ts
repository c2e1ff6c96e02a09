import type { ControlEvent, FederationRecord } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";
import type { TenantDirectory } from "../auth/tenant-directory.js";

/** Asked about with each publish to another tenant, so that members are not searched for. */
interface KnownFederation {
  record: FederationRecord;
  members: ReadonlySet<string>;
}

const MOST = 5000;
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5000;

/** Federations and their members, as the session service knows them. */
export class FederationDirectory {
  private readonly cache: LookupCache<KnownFederation | null>;

  constructor(
    rpc: Pick<RpcClient, "call">,
    private readonly tenants: Pick<TenantDirectory, "federationsOf">,
  ) {
    this.cache = new LookupCache<KnownFederation | null>({
      most: MOST,
      ttlMs: (known) => (known === null ? UNKNOWN_MS : KNOWN_MS),
      load: async (federation) => {
        const record = await rpc.call("federation.lookup", { federation });
        if (record === null) return null;
        return { record, members: new Set(record.members.map(({ tenant }) => tenant)) };
      },
    });
  }

  /**
   * The federations of a tenant, with all their members.
   * @throws TellwireError that of the session service
   */
  async of(tenant: string): Promise<FederationRecord[]> {
    return (await this.known(tenant)).map(({ record }) => record);
  }

  /**
   * Whether a federation lets a tenant near another one: as its fellow member, or as the
   * federation itself. A tenant that is in none costs no look-up.
   * @throws TellwireError that of the session service
   */
  async reaches(tenant: string, other: string): Promise<boolean> {
    const all = await this.known(tenant);
    return all.some(({ record, members }) => record.federation === other || members.has(other));
  }

  /** Whether both are members of one federation. @throws as {@link reaches} */
  async areFellows(tenant: string, other: string): Promise<boolean> {
    return (await this.known(tenant)).some(({ members }) => members.has(other));
  }

  onControl(event: ControlEvent): void {
    if (event.type === "federation") this.cache.forget(event.federation);
    else if (event.type === "tenant") {
      this.cache.forgetWhere(
        (federation, known) =>
          federation === event.tenant ||
          known === undefined ||
          known?.members.has(event.tenant) === true,
      );
    }
  }

  onGap(): void {
    this.cache.clear();
  }

  private async known(tenant: string): Promise<KnownFederation[]> {
    const names = await this.tenants.federationsOf(tenant);
    const found = await Promise.all(names.map((name) => this.cache.get(name)));
    // What is known of the tenant may be older than what is known of the federation.
    return found.filter((known) => known !== null).filter(({ members }) => members.has(tenant));
  }
}
