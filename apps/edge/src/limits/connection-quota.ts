import type { Keys } from "@tellwire/contract";
import { Script, type RedisConnection } from "@tellwire/redis";
import type { Connection } from "../connection/connection.js";
import { patiently } from "./patiently.js";
import { rateLimited } from "./rate-limited.js";

const COUNT = Script.fromFile<[given: number, others: number, edges: number]>(
  new URL("../../lua/count-connections-1.lua", import.meta.url),
);

/** How often a count is repeated, and how long it holds without. */
const REPEAT_MS = 5000;
const LAPSE_MS = 15_000;
/** A tenant at its limit may have room again at any moment. */
const RETRY_AFTER_MS = 1000;

/** One tenant, as this edge sees it. */
interface Room {
  open: number;
  /** Connections at other edges, and how many such edges, as last heard. */
  others: number;
  edges: number;
  waiting: ((admitted: boolean) => void)[];
  busy: boolean;
  /** Some have left since the count was last said. */
  stale: boolean;
}

/**
 * Limits a tenant's open connections cluster-wide. Those that come at the same
 * time share one round trip. Without Redis the number last heard of other edges
 * counts: limits never stop the service.
 */
export class ConnectionQuota {
  private readonly rooms = new Map<string, Room>();
  private readonly places = new WeakMap<object, { tenant: string; leave: () => void }>();
  private readonly timer: NodeJS.Timeout;

  /**
   * @param limitOf connections the tenant may have open
   * @param repeatMs how often counts are repeated
   */
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly instance: string,
    private readonly limitOf: (tenant: string) => number,
    repeatMs = REPEAT_MS,
  ) {
    this.timer = setInterval(() => this.repeat(), repeatMs).unref();
  }

  /** Edges at which the tenant has connections, this one included. */
  edgesOf(tenant: string): number {
    return (this.rooms.get(tenant)?.edges ?? 0) + 1;
  }

  /**
   * Counts a connection as the tenant's, until it closes or becomes another's.
   * @throws TellwireError `rate_limited`
   */
  async admit(connection: Pick<Connection, "closed" | "onClosed">, tenant: string): Promise<void> {
    const before = this.places.get(connection);
    if (before?.tenant === tenant) return;
    if (!(await this.enter(tenant))) {
      throw rateLimited("connections of this tenant", RETRY_AFTER_MS);
    }
    const leave = (): void => this.leave(tenant);
    if (connection.closed) return leave();
    if (before !== undefined) {
      connection.onClosed.delete(before.leave);
      before.leave();
    }
    this.places.set(connection, { tenant, leave });
    connection.onClosed.add(leave);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private enter(tenant: string): Promise<boolean> {
    let room = this.rooms.get(tenant);
    if (room === undefined) {
      room = { open: 0, others: 0, edges: 0, waiting: [], busy: false, stale: false };
      this.rooms.set(tenant, room);
    }
    const { waiting } = room;
    const admitted = new Promise<boolean>((resolve) => waiting.push(resolve));
    void this.say(tenant, room);
    return admitted;
  }

  private leave(tenant: string): void {
    const room = this.rooms.get(tenant);
    if (room === undefined) return;
    room.open--;
    room.stale = true;
    // Those of one turn share one call: a draining edge loses thousands at once.
    setImmediate(() => void this.say(tenant, room));
  }

  private repeat(): void {
    for (const [tenant, room] of this.rooms) {
      room.stale = true;
      void this.say(tenant, room);
    }
  }

  /** Says this edge's count and asks for those that wait; one call at a time, the next gathers. */
  private async say(tenant: string, room: Room): Promise<void> {
    if (room.busy) return;
    room.busy = true;
    while (room.waiting.length > 0 || room.stale) {
      room.stale = false;
      const waiting = room.waiting;
      room.waiting = [];
      const given = await this.ask(tenant, room, waiting.length);
      room.open += given;
      waiting.forEach((settle, i) => settle(i < given));
    }
    room.busy = false;
    if (room.open === 0 && this.rooms.get(tenant) === room) this.rooms.delete(tenant);
  }

  private async ask(tenant: string, room: Room, wanted: number): Promise<number> {
    const limit = this.limitOf(tenant);
    try {
      const [given, others, edges] = await patiently(
        COUNT.run(
          this.redis.client,
          [this.keys.connections(tenant)],
          [this.instance, room.open, wanted, limit, LAPSE_MS],
        ),
      );
      room.others = others;
      room.edges = edges;
      return given;
    } catch {
      return Math.max(0, Math.min(wanted, limit - room.others - room.open));
    }
  }
}
