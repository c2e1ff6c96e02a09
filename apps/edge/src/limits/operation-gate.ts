import { TellwireError, type Limits } from "@tellwire/contract";
import type { RevocationList } from "../auth/revocation-list.js";
import type { TenantDirectory } from "../auth/tenant-directory.js";
import type { Connection } from "../connection/connection.js";
import type { Caller, KnownCaller } from "../operations/caller.js";
import type { Gate } from "../operations/operations.js";
import type { ClusterBuckets } from "./cluster-buckets.js";
import type { LimitsConfig } from "./limits-config.js";
import { rateLimited } from "./rate-limited.js";
import { fullBucket, msTo, takeAll, type Bucket, type BucketRate } from "./token-bucket.js";

const TENANT = "tenant";
const ignore = (): void => undefined;

/** A limit that names no burst allows what a second allows. */
export function rateOf({ rate, burst }: Limits, fallback: number): BucketRate {
  const effective = rate ?? fallback;
  return { rate: effective, burst: Math.max(1, burst ?? effective) };
}

/** Limits operations by connection, API key and tenant, in this order. */
export class OperationGate implements Gate {
  private readonly perConnection = new WeakMap<Connection, Bucket>();
  /** The last admission of each connection, while it waits for tokens. */
  private readonly last = new WeakMap<Connection, Promise<void>>();
  private readonly connectionRate: BucketRate;

  constructor(
    private readonly config: LimitsConfig,
    private readonly buckets: ClusterBuckets,
    private readonly tenants: Pick<TenantDirectory, "limitsOf">,
    private readonly revocations: Pick<RevocationList, "covers">,
    /** Milliseconds by the clock that tokens are dated by, not this machine's. */
    private readonly now: () => number,
  ) {
    this.connectionRate = { rate: config.connectionRate, burst: config.connectionBurst };
  }

  /** Operations of a connection are let in in their order, whichever of them wait for tokens. */
  admit(caller: Caller, cost: number): Promise<void> | void {
    const { connection } = caller;
    const admitted = this.admitNow(caller, cost);
    const before = connection === null ? undefined : this.last.get(connection);
    if (connection === null || (admitted === undefined && before === undefined)) return admitted;
    // It is awaited later, perhaps after it has been refused.
    admitted?.catch(ignore);
    const inOrder = before === undefined ? admitted : before.then(() => admitted);
    const settled = Promise.resolve(inOrder)
      .catch(ignore)
      .then(() => {
        if (this.last.get(connection) === settled) this.last.delete(connection);
      });
    this.last.set(connection, settled);
    return inOrder;
  }

  private admitNow({ connection, identity }: Caller, cost: number): Promise<void> | undefined {
    if (connection !== null) this.admitConnection(connection, cost);
    if (identity === null) return undefined;
    const { tenant, keyId } = identity;
    // Tokens do not carry their key's limits, so they have a bucket of their own.
    const key = identity.tokenId === null ? `key:${keyId}` : `tokens:${keyId}`;
    const byKey = this.buckets.take(
      tenant,
      key,
      "operations of this API key",
      rateOf(identity.limits, this.config.keyRate),
      cost,
    );
    if (byKey !== undefined) return byKey.then(() => this.admitTenant(tenant, key, cost));
    return this.admitTenant(tenant, key, cost);
  }

  stillValid({ identity }: KnownCaller): void {
    if (identity.expiresAt !== null && identity.expiresAt <= this.now()) {
      throw new TellwireError("session_expired", "The token has expired");
    }
    if (this.revocations.covers(identity)) throw new TellwireError("session_expired", "Revoked");
  }

  private admitConnection(connection: Connection, cost: number): void {
    const now = performance.now();
    let bucket = this.perConnection.get(connection);
    if (bucket === undefined) {
      bucket = fullBucket(this.connectionRate, now);
      this.perConnection.set(connection, bucket);
    }
    if (!takeAll(bucket, this.connectionRate, now, cost)) {
      const wait = msTo(bucket, this.connectionRate, cost);
      throw rateLimited("operations of this connection", wait);
    }
  }

  /** What the tenant's limit refuses does not count against the key. */
  private admitTenant(tenant: string, key: string, cost: number): Promise<void> | undefined {
    const rate = rateOf(this.tenants.limitsOf(tenant), this.config.tenantRate);
    const giveBack = (error: unknown): never => {
      this.buckets.giveBack(tenant, key, cost);
      throw error;
    };
    try {
      return this.buckets
        .take(tenant, TENANT, "operations of this tenant", rate, cost)
        ?.catch(giveBack);
    } catch (error) {
      return giveBack(error);
    }
  }
}
