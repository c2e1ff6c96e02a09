import {
  LANES,
  laneOf,
  partitionOf,
  sizeOf,
  TellwireError,
  type Ack,
  type IngressEntry,
  type Keys,
  type Lane,
  type PublishItem,
} from "@tellwire/contract";
import { batch, type Command, type RedisConnection } from "@tellwire/redis";
import { FIELD, packIngress, pause, Rest, TenantShares } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { LaneWriter, type Pending } from "./lane-writer.js";
import { afterId } from "./stream-id.js";

export interface IngressLimits {
  partitions: number;
  /**
   * Publishes without an ack, of one lane of one partition; past it `overloaded`.
   * A tenant may have as many as it leaves free, so one that floods stops only itself.
   */
  lanePending: number;
  /** Publishes of one tenant without an ack, in all lanes. */
  tenantPending: number;
  /** Bytes of all publishes without an ack, shared like a lane. */
  pendingBytes: number;
  /** Milliseconds without an answer after which it is looked into why. */
  stallMs: number;
  /** Milliseconds after which a publish is answered `upstream`: its outcome is unknown. */
  timeoutMs: number;
  /** The longest rest after a write, in milliseconds. */
  restMs: number;
}

/** Publishes gather for as long as writes usually take, times this: a write is but a fraction of their way. */
const REST_FACTOR = 3;
const RETRY_AFTER_S = 1;
const SETTLE_POLL_MS = 20;
const RETRY_MS = 100;

/** The way of publishes and wishes from this edge to the partitions' owners. */
export class Ingress {
  private readonly lanes: Record<Lane, LaneWriter>[];
  private readonly dirty = new Set<LaneWriter>();
  private readonly byRequest = new Map<number, LaneWriter>();
  private readonly publishes = new TenantShares(Infinity);
  private readonly bytes: TenantShares;
  private readonly rest: Rest;
  private readonly broken = new Set<LaneWriter>();
  private writer = "";
  private requests = 0;
  private scheduled = false;
  private writing = false;
  /** Whether Redis can be written to and knows this edge instance. */
  private open = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly limits: IngressLimits,
    private readonly log: Logger,
  ) {
    const { partitions, lanePending, pendingBytes, restMs } = limits;
    this.rest = new Rest(restMs, REST_FACTOR);
    this.bytes = new TenantShares(pendingBytes);
    this.lanes = Array.from({ length: partitions }, (_, p) => ({
      express: new LaneWriter(p, "express", lanePending),
      bulk: new LaneWriter(p, "bulk", lanePending),
    }));
  }

  /** Publishes without an ack. */
  get pending(): number {
    return this.byRequest.size;
  }

  /** Bytes of the publishes without an ack. */
  get pendingBytes(): number {
    return this.bytes.used;
  }

  /**
   * Sends a publish on its way. Resolves with what became of it, after the commit.
   * @throws TellwireError `overloaded` at once when too much waits already
   */
  publish(item: Omit<PublishItem, "req">, tenant: string): Promise<Ack["result"]> {
    const lane = this.laneOf(item.topic, laneOf(item.priority));
    const bytes = sizeOf(item);
    if (
      !lane.shares.hasRoom(tenant, 1) ||
      !this.bytes.hasRoom(tenant, bytes) ||
      this.publishes.of(tenant) >= this.limits.tenantPending
    ) {
      throw new TellwireError("overloaded", undefined, { retryAfter: RETRY_AFTER_S });
    }
    this.bytes.add(tenant, bytes);
    this.publishes.add(tenant, 1);
    const req = ++this.requests;
    this.byRequest.set(req, lane);
    return new Promise((settle) => {
      const since = performance.now();
      lane.publish({ item: { ...item, req }, tenant, bytes, since, settle, late: false });
      this.mark(lane);
    });
  }

  /** The first local subscriber of a topic has come. */
  want(topic: string): void {
    const lane = this.laneOf(topic, "express");
    lane.want(topic, performance.now());
    this.mark(lane);
  }

  /** The last one has left. */
  unwant(topic: string): void {
    const lane = this.laneOf(topic, "express");
    lane.unwant(topic);
    this.mark(lane);
  }

  acks(acks: Ack[]): void {
    for (const { req, result } of acks) {
      const pending = this.byRequest.get(req)?.acked(req);
      // An ack may come twice: after a repetition, or from two owners in turn.
      if (pending === undefined) continue;
      this.answered(req, pending);
      pending.settle(result);
    }
  }

  headCame(topic: string): void {
    this.laneOf(topic, "express").headCame(topic);
  }

  /** Redis knows this edge under a new name: all that is unanswered is said again. */
  register(writer: string): void {
    this.writer = writer;
    this.open = true;
    for (const lane of this.each()) this.restart(lane);
  }

  /** Resolves when every publish has been answered, or after `mostMs` milliseconds. */
  async settled(mostMs: number): Promise<void> {
    const deadline = performance.now() + mostMs;
    while (this.pending > 0 && performance.now() < deadline) await pause(SETTLE_POLL_MS);
  }

  /** Nothing is written until the next {@link register}. */
  suspend(): void {
    this.open = false;
  }

  /** A partition's shard has lost its data: all that is unanswered there is said again. */
  restartPartition(partition: number): void {
    for (const lane of LANES)
      this.restart((this.lanes[partition] as Record<Lane, LaneWriter>)[lane]);
  }

  /** Acks may have been in what was lost: whatever waits is looked into soon. */
  doubt(): void {
    for (const lane of this.each()) lane.doubted = lane.waiting;
  }

  /**
   * Looks after what has waited long: if the oldest entry that is unanswered no
   * longer waits in the stream, it was lost or its answer was. One look is not
   * enough, as the answer may be on its way here.
   */
  async sweep(): Promise<void> {
    const now = performance.now();
    this.expire(now);
    if (!this.open) return;
    // What could not be written when Redis was away, and nothing has come since.
    if (this.dirty.size > 0) void this.write();
    const { stallMs } = this.limits;
    const stalled = [...this.each()].filter(
      (lane) => lane.waiting && !lane.dirty && (lane.doubted || now - lane.waitingSince > stallMs),
    );
    if (stalled.length === 0) return;
    const ids = stalled.map((lane) => lane.oldestEntry);
    const found = await batch(
      this.redis.client,
      stalled.flatMap((lane, i): Command[] => {
        const id = ids[i] ?? "0-0";
        return [
          ["HGET", this.keys.position(lane.partition), lane.lane],
          ["XRANGE", this.keys.ingress(lane.partition, lane.lane), id, id],
        ];
      }),
    );
    for (const [i, lane] of stalled.entries()) {
      const [position, entry] = [found[2 * i], found[2 * i + 1]];
      const id = ids[i] ?? null;
      if (position instanceof Error || entry instanceof Error || lane.oldestEntry !== id) continue;
      const stands = Array.isArray(entry) && entry.length > 0;
      const passed = position !== null && id !== null && !afterId(id, String(position));
      if (id !== null && stands && !passed) {
        lane.doubted = false;
        lane.suspect = undefined;
      } else if (lane.suspect !== id) lane.suspect = id;
      else {
        this.log.warn(
          { partition: lane.partition, lane: lane.lane, pending: lane.pending.size },
          "no answer; saying it again",
        );
        this.restart(lane);
      }
    }
  }

  private *each(): Generator<LaneWriter> {
    for (const lanes of this.lanes) {
      yield lanes.express;
      yield lanes.bulk;
    }
  }

  private laneOf(topic: string, lane: Lane): LaneWriter {
    return (this.lanes[partitionOf(topic, this.limits.partitions)] as Record<Lane, LaneWriter>)[
      lane
    ];
  }

  private restart(lane: LaneWriter): void {
    lane.restart(performance.now());
    this.mark(lane);
  }

  private answered(req: number, { tenant, bytes }: Pending): void {
    this.byRequest.delete(req);
    this.bytes.remove(tenant, bytes);
    this.publishes.remove(tenant, 1);
  }

  /**
   * A client is not left waiting for ever; with the same id it may safely ask
   * again. What it sent still stands in the stream, so it keeps its place here:
   * however long an outage lasts, no more than the bounds allow goes into Redis.
   */
  private expire(now: number): void {
    for (const lane of this.each()) {
      for (const pending of lane.pending.values()) {
        if (now - pending.since < this.limits.timeoutMs) break;
        if (pending.late) continue;
        pending.late = true;
        const error = new TellwireError(
          "upstream",
          "No answer in time: publish again under the same id",
          { retryAfter: RETRY_AFTER_S },
        );
        pending.settle({ status: "failed", error: error.toWire() });
      }
    }
  }

  /** Everything of this turn leaves together. */
  private mark(lane: LaneWriter): void {
    if (this.broken.has(lane)) return;
    this.dirty.add(lane);
    if (this.scheduled || this.writing) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.write();
    });
  }

  private async write(): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    try {
      while (this.open && this.connected && this.dirty.size > 0) {
        const began = performance.now();
        const isAll = await this.writeOnce();
        if (isAll) await this.rest.after(performance.now() - began);
      }
    } finally {
      this.writing = false;
    }
  }

  private get connected(): boolean {
    return this.redis.client.status === "ready";
  }

  /**
   * One round trip: an entry for each lane that has something to say.
   * @returns whether that was all there was to say when it began
   */
  private async writeOnce(): Promise<boolean> {
    const entries: [LaneWriter, IngressEntry][] = [];
    for (const lane of this.dirty) {
      const entry = lane.next(this.writer);
      if (entry !== null) entries.push([lane, entry]);
      if (!lane.dirty) this.dirty.delete(lane);
    }
    const isAll = this.dirty.size === 0;
    const replies = await batch(
      this.redis.client,
      entries.map(([lane, entry]): Command => [
        "XADD",
        this.keys.ingress(lane.partition, lane.lane),
        "*",
        FIELD,
        packIngress(entry),
      ]),
    );
    for (const [i, [lane, entry]] of entries.entries()) {
      const reply = replies[i];
      if (reply instanceof Error) {
        // Whether it was written is not known; nothing may follow it in this epoch.
        this.log.debug({ partition: lane.partition, err: reply.message }, "ingress write failed");
        this.failed(lane);
      } else lane.wrote(entry, String(reply));
    }
    return isAll;
  }

  /** Leaves the lane out until its node answers: the others are not to wait for it with each entry. */
  private failed(lane: LaneWriter): void {
    this.dirty.delete(lane);
    if (this.broken.size === 0) this.mendSoon();
    this.broken.add(lane);
  }

  private mendSoon(): void {
    setTimeout(() => void this.mend(), RETRY_MS).unref();
  }

  /** Starts lanes again whose nodes answer, once for all that failed together. */
  private async mend(): Promise<void> {
    const broken = [...this.broken];
    const answers = await batch(
      this.redis.client,
      broken.map((lane): Command => ["EXISTS", this.keys.ingress(lane.partition, lane.lane)]),
    ).catch(() => []);
    for (const [i, lane] of broken.entries()) {
      if (typeof answers[i] !== "number") continue;
      this.broken.delete(lane);
      this.restart(lane);
    }
    if (this.broken.size > 0) this.mendSoon();
  }
}
