import type { Lane } from "./message.js";

/**
 * Every Redis key, built here and nowhere else. The part in braces is the hash
 * tag: all keys of one step share a slot of a Redis Cluster.
 */
export class Keys {
  constructor(private readonly prefix: string) {}

  private tagged(tag: string, rest: string): string {
    return `${this.prefix}:{${this.prefix}:${tag}}:${rest}`;
  }

  private partition(p: number, rest: string): string {
    return this.tagged(`p${String(p).padStart(3, "0")}`, rest);
  }

  /** Stream: entries to be appended, written by edges and workers, read by the partition's owner. */
  ingress(p: number, lane: Lane): string {
    return this.partition(p, `ingress:${lane}`);
  }

  /** String: the owner's lease token; expires. */
  lease(p: number): string {
    return this.partition(p, "lease");
  }

  /** Hash: `express`, `bulk` → last id done; `w:<lane>:<writer>` → `<epoch>.<n>` of its last accepted entry. */
  position(p: number): string {
    return this.partition(p, "position");
  }

  /** Hash: a field `<edge instance> <topic>` for each topic that an edge wants. */
  interest(p: number): string {
    return this.partition(p, "interest");
  }

  /** String: made when missing; a new value tells that the shard has lost its data. */
  epoch(p: number): string {
    return this.partition(p, "epoch");
  }

  /** Stream: packed entries to one edge instance. Its expiry is the instance's heartbeat. */
  egress(instance: string): string {
    return this.tagged(`e:${instance}`, "egress");
  }

  /** Stream: answers of the session service to one edge instance. */
  replies(instance: string): string {
    return this.tagged(`e:${instance}`, "replies");
  }

  /** Stream: requests to the session service, shared by its replicas through a consumer group. */
  requests(service: string): string {
    return this.tagged(`rpc:${service}`, "requests");
  }

  /** Stream: what caches must forget (policies, keys, revocations); read whole by every edge and router. */
  control(): string {
    return this.tagged("control", "events");
  }

  /** Sorted set: router → time of its last heartbeat, in Redis milliseconds. */
  routers(): string {
    return this.tagged("routers", "alive");
  }

  /** Hash: `<edge instance> <session id>` → packed user and time; who of a tenant is online. */
  presence(tenant: string): string {
    return this.tagged(`t:${tenant}`, "presence");
  }

  /** Set: the edge instances that have told who is online. */
  presenceInstances(): string {
    return this.tagged("presence", "instances");
  }

  /** Set: the tenants of whose users one edge instance has told. */
  presenceTenants(instance: string): string {
    return this.tagged(`e:${instance}`, "tenants");
  }

  /** Hash: a token bucket, of a tenant or of an API key. */
  bucket(tenant: string, name: string): string {
    return this.tagged(`t:${tenant}`, `bucket:${name}`);
  }

  /** Hash: edge instance → `<open connections of the tenant>:<Redis milliseconds at which this lapses>`. */
  connections(tenant: string): string {
    return this.tagged(`t:${tenant}`, "connections");
  }

  /** Hash: edge process → `<Redis milliseconds at which it lapses> <JSON of the MUDs there>`. */
  muds(federation: string): string {
    return this.tagged(`t:${federation}`, "muds");
  }

  /** String: JSON of the users of a MUD, as it told them last; expires. */
  presenceSnapshot(tenant: string): string {
    return this.tagged(`t:${tenant}`, "snapshot");
  }

  /** Prefix for BullMQ, whose keys of one queue must share a slot. */
  queues(): string {
    return `{${this.prefix}:jobs}`;
  }

  /** String: made when missing; where it is gone, the queues have lost their data. */
  queuesEpoch(): string {
    return `${this.queues()}:epoch`;
  }

  /** Prefix of the channels that carry ephemeral messages between edges. */
  ephemeral(): string {
    return `${this.prefix}:ephemeral`;
  }
}
