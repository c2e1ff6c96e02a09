import { ERRORS, TellwireError, type EventName, type Keys } from "@tellwire/contract";
import type { RedisConnection } from "@tellwire/redis";
import { createShardedAdapter } from "@socket.io/redis-adapter";
import type { Namespace, Server } from "socket.io";
import { ShardedChannels } from "./sharded-channels.js";

export type EphemeralName = Extract<EventName, "ephemeral" | "receipt" | "presence">;

/** What every edge hears and passes on to those of its clients whom it concerns. */
export interface ClusterEvent {
  name: EphemeralName;
  /**
   * Whom it concerns: for `ephemeral` the canonical topic; for `receipt` the
   * canonical user to be told; for `presence` the canonical user it is about.
   */
  about: string;
  /** The event's params as JSON text: made once, for every edge and client. */
  params: string;
  /** For `ephemeral` in a shared inbox: the user's inbox that is meant, where the tenant is not. */
  to?: string;
}

type Row = [name: EphemeralName, about: string, params: Buffer, to?: string];

const NAMESPACE = "/cluster";
const EVENTS = "events";
/** Bounds one message between edges. */
const MOST_ROWS = 500;

/**
 * Carries ephemera between edges over Socket.IO's Redis adapter: at most once,
 * never stored, gone when Redis is away. Names are canonical and contain their
 * tenant, and are matched whole, so nothing reaches another tenant's clients.
 * One subscriber per edge serves every protocol.
 */
export class EphemeralBus {
  private readonly channels: ShardedChannels;
  private readonly namespace: Namespace;
  private gathered: Row[] = [];
  private readonly listeners = new Set<(event: ClusterEvent) => void>();

  /** @param most batches of events that may wait for Redis; past it they are dropped */
  constructor(io: Server, redis: RedisConnection, keys: Keys, most: number) {
    this.channels = new ShardedChannels(redis, most);
    this.namespace = io.of(NAMESPACE);
    // What is said here is between edges: a client that connects is turned away.
    this.namespace.use((_socket, next) => {
      const refusal = new TellwireError("not_permitted");
      next(Object.assign(new Error(ERRORS.not_permitted.message), { data: refusal.toWire() }));
    });
    // Only this namespace is shared; those of clients stay within the edge.
    this.namespace.adapter = createShardedAdapter(this.channels, this.channels, {
      channelPrefix: keys.ephemeral(),
      subscriptionMode: "static",
    })(this.namespace);
    this.namespace.on(EVENTS, (rows: Row[]) => {
      for (const [name, about, params, to] of rows) {
        this.deliver({ name, about, params: params.toString("utf8"), to });
      }
    });
  }

  /** Resolves when this edge hears the others. */
  ready(): Promise<void> {
    return this.channels.ready();
  }

  onEvent(listener: (event: ClusterEvent) => void): void {
    this.listeners.add(listener);
  }

  /**
   * Delivers at this edge at once, and at the others with what else this turn brings.
   * @param about and `to`: see {@link ClusterEvent}
   */
  publish(
    about: string,
    { name, params }: { name: EphemeralName; params: unknown },
    to?: string,
  ): void {
    const text = JSON.stringify(params);
    if (this.gathered.length === 0) setImmediate(() => this.flush());
    const row: Row = [name, about, Buffer.from(text)];
    if (to !== undefined) row.push(to);
    this.gathered.push(row);
    this.deliver({ name, about, params: text, to });
  }

  /** Batches of events that wait for Redis. */
  get inFlight(): number {
    return this.channels.inFlight;
  }

  /** Batches of events that never left. */
  get dropped(): number {
    return this.channels.dropped;
  }

  close(): void {
    this.channels.close();
  }

  private flush(): void {
    const rows = this.gathered;
    this.gathered = [];
    for (let i = 0; i < rows.length; i += MOST_ROWS) {
      this.namespace.serverSideEmit(EVENTS, rows.slice(i, i + MOST_ROWS));
    }
  }

  private deliver(event: ClusterEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
