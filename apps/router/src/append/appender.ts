import type { Counter, Histogram } from "prom-client";
import {
  sizeOf,
  TellwireError,
  type ErrorName,
  type PublishItem,
  type Ack,
  type StoredMessage,
  type TopicHead,
  type WireError,
} from "@tellwire/contract";
import { pause, Rest } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { FanOut } from "../fanout/fan-out.js";
import type { Recorded, Recorder } from "../fanout/recorder.js";
import type { Partition, Waiting } from "../intake/partition.js";
import type { Authoriser } from "./authoriser.js";
import { REFUSED, type Appended, type LogWriter, type Outcome } from "./log-writer.js";

export interface AppendLimits {
  /** Messages of one append. */
  items: number;
  /** Bytes of bodies and headers of one append, beyond the first message. */
  bytes: number;
  /** Appends under way at once; a partition takes part in one at a time. */
  inFlight: number;
  /** The longest rest after an append, in milliseconds. */
  restMs: number;
  /** An append that takes longer than this, in milliseconds, stops its own partitions and no others. */
  lateMs: number;
}

export interface AppendMetrics {
  batch: Histogram;
  seconds: Histogram;
  outcomes: Counter<"outcome">;
}

export interface AppendHooks {
  recorded(recorded: Recorded): void;
  /** What an outbox row asked for can never be appended. */
  hopeless(item: PublishItem, error: ErrorName): void;
}

/** What one append carries, and of whom. */
interface Batch {
  partitions: Partition[];
  waiting: Waiting[];
  /** Whether more was at hand than it may carry. */
  full: boolean;
}

const RETRY_MS = 200;
/** Publishes gather for as long as appends usually take, times this. */
const REST_FACTOR = 1;
const NOTHING: Appended = { outcomes: [], heads: [] };

/**
 * The heart of a router. While an append is under way, and for as long after it
 * as appends usually take, what comes in gathers and leaves together as the next
 * one. So batches grow with load, and what comes alone waits for nothing.
 */
export class Appender {
  private underWay = 0;
  /** Places that nothing may begin at: an append is under way, and not late, or its rest is. */
  private taken = 0;
  private readonly rest: Rest;
  private readonly readers: (() => void)[] = [];
  private first = 0;
  private stopping = false;
  private readonly idle = new Set<() => void>();

  constructor(
    private readonly owned: ReadonlyMap<number, Partition>,
    private readonly authoriser: Authoriser,
    private readonly writer: LogWriter,
    private readonly recorder: Pick<Recorder, "record">,
    private readonly limits: AppendLimits,
    private readonly hooks: AppendHooks,
    private readonly metrics: AppendMetrics,
    private readonly log: Logger,
  ) {
    this.rest = new Rest(limits.restMs, REST_FACTOR);
  }

  /** Appends under way. */
  get inFlight(): number {
    return this.underWay;
  }

  /** Begins as many appends as there is work and room for. */
  pump(): void {
    while (!this.stopping && this.hasRoom) {
      const batch = this.gather();
      if (batch === null) return;
      void this.begin(batch);
    }
  }

  /**
   * Resolves when something could be begun, which is when it is worth reading
   * more: also where what waits is begun in the same turn, as what has not been
   * read takes no turns with it.
   */
  async room(): Promise<void> {
    if (this.hasRoom || this.stopping) return;
    await new Promise<void>((resolve) => this.readers.push(resolve));
  }

  private letRead(): void {
    for (const go of this.readers.splice(0)) go();
  }

  /** Beside appends that are late there is room for one more. */
  private get hasRoom(): boolean {
    const { inFlight } = this.limits;
    return this.taken < inFlight && this.underWay <= inFlight;
  }

  private async begin(batch: Batch): Promise<void> {
    const began = performance.now();
    this.underWay++;
    for (const partition of batch.partitions) partition.busy = true;
    const leave = this.takePlace();
    const late = setTimeout(leave, this.limits.lateMs);
    await this.run(batch);
    clearTimeout(late);
    for (const partition of batch.partitions) partition.busy = false;
    this.underWay--;
    for (const done of this.idle) done();
    // With more at hand than an append may carry, waiting would not make the next one larger.
    if (batch.waiting.length > 1 && !batch.full) {
      await this.rest.after(performance.now() - began);
    }
    leave();
    // Also where the place was left early: those who found none then wait for this.
    this.letRead();
    this.pump();
  }

  /** @returns leaves it, once */
  private takePlace(): () => void {
    let here = true;
    this.taken++;
    return () => {
      if (!here) return;
      here = false;
      this.taken--;
      this.letRead();
      this.pump();
    };
  }

  /** Begins nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.letRead();
    await this.settled(() => this.underWay === 0);
  }

  /** Waits until no batch of this partition is under way. */
  async quiet(partition: Partition): Promise<void> {
    await this.settled(() => !partition.busy);
  }

  private settled(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.idle.delete(check);
        resolve();
      };
      this.idle.add(check);
      check();
    });
  }

  /** Partitions with work, beginning with another one each time. */
  private ready(): Partition[] {
    const all = [...this.owned.values()].filter((p) => !p.busy && !p.lost && !p.idle);
    const from = all.length === 0 ? 0 : this.first++ % all.length;
    return [...all.slice(from), ...all.slice(0, from)];
  }

  /** What the next append carries: of as many partitions as fit. */
  private gather(): Batch | null {
    let items = 0;
    let bytes = 0;
    let full = false;
    const fits = ({ item }: Waiting): boolean => {
      const size = sizeOf(item);
      full ||= items >= this.limits.items || (items > 0 && bytes + size > this.limits.bytes);
      if (full) return false;
      items++;
      bytes += size;
      return true;
    };
    const partitions: Partition[] = [];
    const waiting: Waiting[] = [];
    for (const partition of this.ready()) {
      const taken = partition.take(fits);
      if (taken.length === 0 && partition.backlog > 0) break;
      partitions.push(partition);
      waiting.push(...taken);
    }
    return partitions.length === 0 ? null : { partitions, waiting, full };
  }

  private async run(batch: Batch): Promise<void> {
    try {
      await this.appendAndDeliver(batch);
    } catch (error) {
      // Nothing was recorded: the entries are read and done again by whoever owns the partitions then.
      this.log.error({ err: error }, "batch failed");
      this.hooks.recorded({ gone: [], lost: batch.partitions });
      await pause(RETRY_MS);
    }
  }

  private async appendAndDeliver({ partitions, waiting }: Batch): Promise<void> {
    const wishes = partitions.map((partition) => partition.takeWishes());
    const wanted = [
      ...new Set(
        wishes.flatMap(({ asked }) => [...asked.values()].flatMap((topics) => [...topics])),
      ),
    ];
    const lost = (): boolean => this.stopping || partitions.every((partition) => partition.lost);

    const refusals = await this.authorise(waiting, lost);
    if (refusals === null) return;
    const allowed = waiting.filter((_, i) => refusals[i] === null);
    const timer = this.metrics.seconds.startTimer();
    const appended =
      allowed.length + wanted.length === 0
        ? NOTHING
        : await this.writer.append(
            allowed.map(({ item }) => item),
            wanted,
            lost,
          );
    if (appended === null) return;
    timer();
    this.metrics.batch.observe(allowed.length);

    const fanOut = new FanOut();
    for (const [i, refusal] of refusals.entries()) {
      if (refusal !== null) this.fail(fanOut, waiting[i] as Waiting, refusal);
    }
    for (const [i, one] of allowed.entries())
      this.deliver(fanOut, one, appended.outcomes[i] as Outcome);
    const heads = new Map(appended.heads.map((head) => [head.topic, head]));
    for (const { asked, entries } of wishes) {
      for (const [edge, topics] of asked) {
        fanOut.heads(
          edge,
          [...topics].map((topic): TopicHead => heads.get(topic) ?? { topic, head: 0, floor: 0 }),
        );
      }
      for (const entry of entries) entry.left--;
    }
    for (const { entry } of waiting) entry.left--;
    this.hooks.recorded(await this.recorder.record(fanOut, partitions));
  }

  private async authorise(
    waiting: Waiting[],
    stop: () => boolean,
  ): Promise<(WireError | null)[] | null> {
    while (!stop()) {
      try {
        return await this.authoriser.check(waiting.map(({ item }) => item));
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "policies unavailable; trying again");
        await pause(RETRY_MS);
      }
    }
    return null;
  }

  private deliver(fanOut: FanOut, waiting: Waiting, outcome: Outcome): void {
    const { item, writer, partition } = waiting;
    if (outcome === REFUSED)
      return this.fail(fanOut, waiting, new TellwireError("rejected").toWire());
    switch (outcome.status) {
      case "conflict":
        return this.fail(
          fanOut,
          waiting,
          new TellwireError("conflict", "Another message has this id").toWire(),
        );
      case "cancelled":
        // The message was cancelled before its time came; or its publish is said again only now.
        if (item.scheduled === true) return;
        return this.fail(
          fanOut,
          waiting,
          new TellwireError("conflict", "The message was cancelled").toWire(),
        );
      case "scheduled":
        this.metrics.outcomes.inc({ outcome: "scheduled" });
        return fanOut.ack(writer, {
          req: item.req,
          result: { status: "scheduled", duplicate: outcome.duplicate },
        });
      default: {
        const { seq, at } = outcome;
        const message: StoredMessage = {
          id: item.id,
          topic: item.topic,
          seq,
          from: item.from,
          kind: item.kind,
          body: item.body,
          at,
          priority: item.priority,
          headers: item.headers,
          correlationId: item.correlationId,
          expiresAt: item.expiresAt,
        };
        if (item.to !== undefined) message.to = item.to;
        const duplicate = outcome.status === "duplicate";
        const ack: Ack = { req: item.req, result: { status: "committed", seq, at, duplicate } };
        this.metrics.outcomes.inc({ outcome: outcome.status });
        fanOut.message(message, partition.interest.edgesFor(item.topic));
        fanOut.ack(writer, ack);
      }
    }
  }

  private fail(fanOut: FanOut, { item, writer }: Waiting, error: WireError): void {
    this.metrics.outcomes.inc({ outcome: error.name });
    if (item.outboxId !== undefined) this.hooks.hopeless(item, error.name);
    fanOut.ack(writer, { req: item.req, result: { status: "failed", error } });
  }
}
