import { setTimeout as delay } from "node:timers/promises";
import { arrivals } from "./arrivals.js";
import { Bitmap } from "./bitmap.js";
import { nowMicros } from "./clock.js";
import { LoadClient } from "./load-client.js";
import type { Protocol } from "./protocols/protocol.js";
import type { Part, PartStep, Seat } from "./scenario.js";
import { countIn, record, StepStats } from "./step-stats.js";
import type { NumbersByRoom } from "./worker-messages.js";

const OPENING_AT_ONCE = 50;
/** An overloaded target may be late, but one that is silent for this long owes what is missing. */
const SILENCE_MICROS = 5_000_000;
const LONGEST_WAIT_MICROS = 60_000_000;
const LOOK_AGAIN_MS = 20;

/** One worker's connections, and what they see of the step that is being played. */
export class Player {
  private readonly clients: LoadClient[];
  private readonly acknowledged = new Map<number, Bitmap>();
  private readonly sentByRoom = new Map<number, number>();
  private stats = new StepStats();
  private step: PartStep = { rate: 0, seed: 0, startAt: 0, measureFrom: 0, measureTo: 0 };
  private turn = 0;
  private unanswered = 0;
  private lastSignAt = 0;

  /** @param patience microseconds of silence after which nothing more is waited for */
  constructor(
    private readonly part: Part,
    private readonly protocol: Protocol,
    private readonly patience = SILENCE_MICROS,
  ) {
    this.clients = part.seats.map((seat) => this.client(seat));
  }

  /** The reasons of those that could not connect. */
  async open(): Promise<string[]> {
    const failures: string[] = [];
    const waiting = this.clients.values();
    const openNext = async (): Promise<void> => {
      for (const client of waiting) {
        await client.open().catch((error: Error) => failures.push(error.message));
      }
    };
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openNext));
    return failures;
  }

  /** Publishes at the step's arrivals, then waits for the answers. */
  async play(step: PartStep): Promise<NumbersByRoom> {
    this.stats = new StepStats();
    this.step = step;
    const due = arrivals(step.rate, step.startAt, step.measureTo, step.seed);
    let next = due.next();
    while (!next.done) {
      while (!next.done && next.value <= nowMicros()) {
        this.publish(next.value);
        next = due.next();
      }
      if (!next.done) await delay(Math.max(0, Math.floor((next.value - nowMicros()) / 1_000)));
    }
    await this.until(() => this.unanswered === 0);
    this.stats.counts.unanswered = this.unanswered;
    this.unanswered = 0;
    return Object.fromEntries([...this.acknowledged].map(([room, set]) => [room, set.toBase64()]));
  }

  /** Waits until every acknowledged message has reached every subscriber of its room. */
  async settle(acknowledged: Record<number, NumbersByRoom>): Promise<StepStats> {
    const byRoom = new Map<number, Bitmap[]>();
    for (const [worker, rooms] of Object.entries(acknowledged)) {
      for (const [room, numbers] of Object.entries(rooms)) {
        const sets = byRoom.get(Number(room)) ?? [];
        sets[Number(worker)] = Bitmap.fromBase64(numbers);
        byRoom.set(Number(room), sets);
      }
    }
    const missing = (): number =>
      this.clients.reduce((sum, c) => sum + c.check.missing(byRoom.get(c.room) ?? []), 0);
    await this.until(() => missing() === 0);
    const { faults } = this.stats;
    for (const { check } of this.clients) {
      for (const name of Object.keys(faults) as (keyof typeof faults)[]) {
        faults[name] += check.faults[name];
      }
    }
    faults.missing = missing();
    return this.stats;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private client(seat: Seat): LoadClient {
    return new LoadClient(this.part, seat, this.protocol, {
      onDelivery: (mark) => {
        this.lastSignAt = nowMicros();
        if (!this.isMeasured(mark.at)) return;
        this.stats.counts.delivered++;
        record(this.stats.delivery, this.lastSignAt - mark.at);
      },
      onEvent: (name) => countIn(this.stats.events, name),
      onClose: (code) => countIn(this.stats.closed, String(code)),
    });
  }

  private publish(at: number): void {
    const client = this.clients[this.turn++ % this.clients.length]!;
    const { room } = client;
    const number = this.sentByRoom.get(room) ?? 0;
    this.sentByRoom.set(room, number + 1);
    const { run, worker } = this.part;
    this.unanswered++;
    client.publish({ run, room, worker, number, at }, (error) => {
      this.answered(room, number, at, error);
    });
    if (!this.isMeasured(at)) return;
    this.stats.counts.offered++;
    record(this.stats.lag, nowMicros() - at);
  }

  private answered(room: number, number: number, at: number, error: string | undefined): void {
    const now = nowMicros();
    this.lastSignAt = now;
    this.unanswered--;
    if (error !== undefined) {
      countIn(this.stats.refused, error);
      return;
    }
    let acknowledged = this.acknowledged.get(room);
    if (!acknowledged) this.acknowledged.set(room, (acknowledged = new Bitmap()));
    acknowledged.add(number);
    if (this.isMeasured(now)) this.stats.counts.acknowledgedInWindow++;
    if (!this.isMeasured(at)) return;
    this.stats.counts.acknowledged++;
    record(this.stats.ack, now - at);
  }

  private isMeasured(at: number): boolean {
    return at >= this.step.measureFrom && at < this.step.measureTo;
  }

  /** Until it is done, or the target has been silent for long, or it has taken too long. */
  private async until(done: () => boolean): Promise<void> {
    const from = nowMicros();
    while (!done()) {
      const now = nowMicros();
      if (now - Math.max(this.lastSignAt, from) > this.patience) return;
      if (now - from > LONGEST_WAIT_MICROS) return;
      await delay(LOOK_AGAIN_MS);
    }
  }
}
