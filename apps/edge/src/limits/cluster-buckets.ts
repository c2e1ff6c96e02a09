import type { Keys } from "@tellwire/contract";
import { Script, type RedisConnection } from "@tellwire/redis";
import { patiently } from "./patiently.js";
import { Pocket, type Grant } from "./pocket.js";
import { fullBucket, msToNext, take, type Bucket, type BucketRate } from "./token-bucket.js";

const TAKE = Script.fromFile<[number, number]>(
  new URL("../../lua/take-tokens-1.lua", import.meta.url),
);

/** A pocket without use for this long goes back. */
const IDLE_MS = 1000;

/**
 * Token buckets that hold cluster-wide. Tokens are fetched in chunks ahead of
 * need, so that in the steady state no operation waits for Redis. Without Redis
 * each edge gives its own share of the rate: limits never stop the service.
 */
export class ClusterBuckets {
  private readonly pockets = new Map<string, Pocket>();
  /** For while Redis is away. */
  private readonly local = new Map<string, Bucket>();
  private readonly timer: NodeJS.Timeout;

  /** @param edgesOf how many edges a tenant's operations come from */
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly edgesOf: (tenant: string) => number,
  ) {
    this.timer = setInterval(() => this.putBack(performance.now()), IDLE_MS).unref();
  }

  /**
   * Takes `cost` tokens at once (undefined), or as soon as Redis has answered; all or none.
   * @param name of the bucket within the tenant
   * @throws TellwireError `rate_limited`, at once or later
   */
  take(
    tenant: string,
    name: string,
    what: string,
    rate: BucketRate,
    cost = 1,
  ): Promise<void> | undefined {
    const now = performance.now();
    const id = `${tenant} ${name}`;
    let pocket = this.pockets.get(id);
    if (pocket === undefined) {
      pocket = new Pocket(what, (current, wanted) => this.fetch(id, current, wanted), now);
      this.pockets.set(id, pocket);
    }
    return pocket.take(rate, now, cost);
  }

  giveBack(tenant: string, name: string, cost: number): void {
    this.pockets.get(`${tenant} ${name}`)?.giveBack(cost);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async fetch(id: string, rate: BucketRate, wanted: number): Promise<Grant> {
    try {
      const [given, waitMs] = await patiently(this.run(id, rate, wanted));
      this.local.delete(id);
      return { given, waitMs };
    } catch {
      return this.ownShare(id, rate, wanted);
    }
  }

  private run(id: string, { rate, burst }: BucketRate, wanted: number): Promise<[number, number]> {
    const [tenant = "", name = ""] = id.split(" ");
    return TAKE.run(this.redis.client, [this.keys.bucket(tenant, name)], [rate, burst, wanted]);
  }

  private ownShare(id: string, { rate, burst }: BucketRate, wanted: number): Grant {
    const edges = Math.max(1, this.edgesOf(id.slice(0, id.indexOf(" "))));
    const share = { rate: rate / edges, burst: Math.max(1, burst / edges) };
    const now = performance.now();
    let bucket = this.local.get(id);
    if (bucket === undefined) {
      bucket = fullBucket(share, now);
      this.local.set(id, bucket);
    }
    const given = take(bucket, share, now, wanted);
    return { given, waitMs: msToNext(bucket, share) };
  }

  /** Brings back the tokens of pockets without use, so that no edge sits on them. */
  private putBack(now: number): void {
    for (const [id, pocket] of this.pockets) {
      if (!pocket.idle || now - pocket.lastUse < IDLE_MS) continue;
      this.pockets.delete(id);
      this.local.delete(id);
      const left = pocket.empty();
      // Should it fail, they are lost, and the bucket fills by itself.
      if (left > 0) this.run(id, pocket.rate, -left).catch(() => undefined);
    }
  }
}
