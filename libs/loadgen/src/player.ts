import { setTimeout as delay } from "node:timers/promises";
import type { Histogram } from "hdr-histogram-js";
import { arrivals } from "./arrivals.js";
import { Bitmap } from "./bitmap.js";
import { nowMicros } from "./clock.js";
import { LoadClient } from "./load-client.js";
import { delayUntil, openAll, openPaced, returnWithin } from "./opening.js";
import type { Protocol } from "./protocols/protocol.js";
import type { Part, PartStep, Seat } from "./scenario.js";
import { emptySecond, type SecondJson, secondToJson } from "./second.js";
import { countIn, histogram, record, StepStats } from "./step-stats.js";
import type { NumbersByRoom } from "./worker-messages.js";

/** How long is waited for what is missing, in microseconds. */
interface Patience {
  /** Without a sign of the target. */
  silence: number;
  /** At the most. */
  longest: number;
}

/** An overloaded target may be late, but one that is silent for this long owes what is missing. */
const PATIENCE: Patience = { silence: 5_000_000, longest: 60_000_000 };
const LOOK_AGAIN_MS = 20;
/** How long who leaves stays away, in milliseconds. */
const AWAY_MS = { least: 500, most: 2_000 };

/** A publish whose answer is awaited. */
interface Said {
  room: number;
  number: number;
  /** Intended send time. */
  at: number;
  /** The step in which it was sent, counted from 1. */
  step: number;
}

/** One worker's connections, and what they see of the step that is being played. */
export class Player {
  private readonly clients: LoadClient[];
  private readonly acknowledged = new Map<number, Bitmap>();
  private readonly sentByRoom = new Map<number, number>();
  private stats = new StepStats();
  /** By close code, since the run began: a connection may be lost between two steps as well. */
  private readonly closed: Record<string, number> = {};
  private second = emptySecond(1);
  private steps = 0;
  private step: PartStep = { rate: 0, seed: 0, startAt: 0, measureFrom: 0, measureTo: 0 };
  private turn = 0;
  private unanswered = 0;
  private lastSignAt = 0;
  /** Those who left in passing, on their way back. */
  private readonly passing = new Set<Promise<void>>();

  /**
   * @param protocols by {@link Seat.protocol}
   */
  constructor(
    private readonly part: Part,
    private readonly protocols: readonly Protocol[],
    private readonly patience = PATIENCE,
    private readonly onSecond: (second: SecondJson) => void = () => {},
  ) {
    this.clients = part.seats.map((seat) => this.client(seat));
  }

  /**
   * Brings the connections of the first `rooms` rooms in, and sends the others away.
   * @param perSecond how many come a second; without it, as fast as they are let in
   * @returns the reasons of those that could not connect, how long it took the others, from
   * their intended time, and how many are connected now
   */
  async connect(
    rooms: number,
    perSecond?: number,
  ): Promise<{ failures: string[]; setUp: Histogram; held: number }> {
    const failures: string[] = [];
    const setUp = histogram();
    const open = async (client: LoadClient, from: number): Promise<void> => {
      try {
        await client.open();
        record(setUp, nowMicros() - from);
      } catch (error) {
        client.close();
        failures.push((error as Error).message);
      }
    };
    const surplus = this.clients.filter(({ present, room }) => present && room >= rooms);
    await Promise.all(surplus.map((client) => client.leave()));
    const coming = this.clients.filter(({ present, room }) => !present && room < rooms);
    await (perSecond === undefined ? openAll(coming, open) : openPaced(coming, perSecond, open));
    return { failures, setUp, held: this.held() };
  }

  /** Publishes at the step's arrivals, then waits for the answers. */
  async play(step: PartStep): Promise<NumbersByRoom> {
    this.stats = new StepStats();
    this.step = step;
    this.steps++;
    const stopTelling = step.watched ? this.tellSeconds() : () => {};
    const accompanied = Promise.all([this.churn(), this.stall()]);
    const due = arrivals(step.rate, step.startAt, step.measureTo, step.seed);
    let next = due.next();
    while (!next.done) {
      while (!next.done && next.value <= nowMicros()) {
        this.publish(next.value);
        next = due.next();
      }
      if (!next.done) await delay(Math.max(0, Math.floor((next.value - nowMicros()) / 1_000)));
    }
    await delayUntil(step.measureTo);
    await accompanied;
    await this.until(() => this.unanswered === 0);
    stopTelling();
    this.stats.counts.unanswered = this.unanswered;
    this.unanswered = 0;
    return Object.fromEntries([...this.acknowledged].map(([room, set]) => [room, set.toBase64()]));
  }

  /** Sends all but the keepers of their rooms away. */
  async leave(): Promise<void> {
    const leaving = this.clients.filter(({ present, leaves }) => present && leaves);
    await Promise.all(leaving.map((client) => client.leave()));
  }

  /** Lets those who left come back, evenly within so many seconds. Who is not let in is stranded in the end. */
  async comeBack(withinSeconds: number): Promise<void> {
    this.stats = new StepStats();
    const away = this.clients.filter(({ present }) => !present);
    const longest = withinSeconds * 1_000 + this.patience.longest / 1_000;
    await Promise.race([
      returnWithin(away, withinSeconds * 1_000),
      delay(longest, null, { ref: false }),
    ]);
  }

  /** Waits until every acknowledged message has reached every subscriber of its room who is there. */
  async settle(acknowledged: Record<number, NumbersByRoom>): Promise<StepStats> {
    const byRoom = new Map<number, Bitmap[]>();
    for (const [worker, rooms] of Object.entries(acknowledged)) {
      for (const [room, numbers] of Object.entries(rooms)) {
        const sets = byRoom.get(Number(room)) ?? [];
        sets[Number(worker)] = Bitmap.fromBase64(numbers);
        byRoom.set(Number(room), sets);
      }
    }
    await Promise.race([
      Promise.all(this.passing),
      delay(this.patience.longest / 1_000, null, { ref: false }),
    ]);
    const here = this.clients.filter(({ present, subscribes }) => present && subscribes);
    const missing = (): number =>
      here.reduce(
        (sum, c) => sum + c.check.missing(byRoom.get(c.room) ?? []) + this.copies(c, 1),
        0,
      );
    await this.until(() => missing() === 0 && this.strandedNow() === 0);
    const { faults, counts } = this.stats;
    for (const { check } of this.clients) {
      for (const name of Object.keys(faults) as (keyof typeof faults)[]) {
        faults[name] += check.faults[name];
      }
    }
    faults.missing = missing();
    faults.doubled += here.reduce((sum, client) => sum + this.copies(client, -1), 0);
    counts.stranded = this.strandedNow();
    counts.held = this.held();
    Object.assign(this.stats.closed, this.closed);
    return this.stats;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  /** Copies of a client's own messages that are missing (sign 1) or too many (sign −1). */
  private copies(client: LoadClient, sign: 1 | -1): number {
    // Other servers promise the sender no copy.
    if (this.part.shape !== "inboxes" || !this.part.target.gapless) return 0;
    return Math.max(0, sign * client.check.missingCopies(client.acknowledged));
  }

  private held(): number {
    return this.clients.filter(({ connected }) => connected).length;
  }

  private strandedNow(): number {
    if (!this.part.returning) return 0; // Then each is counted as closed.
    return this.clients.filter(({ present, connected }) => present && !connected).length;
  }

  private client(seat: Seat): LoadClient {
    return new LoadClient(this.part, seat, this.protocols[seat.protocol ?? 0]!, {
      onDelivery: (mark, late) => {
        this.lastSignAt = nowMicros();
        this.second.delivered++;
        if (!late) record(this.second.delivery, this.lastSignAt - mark.at);
        if (!this.isMeasured(mark.at)) return;
        this.stats.counts.delivered++;
        if (!late) record(this.stats.delivery, this.lastSignAt - mark.at);
      },
      onEvent: (name) => countIn(this.stats.events, name),
      onClose: (code) => countIn(this.closed, String(code)),
      onReturned: (code, absence) => {
        countIn(this.stats.returned, String(code));
        record(this.stats.absence, absence);
      },
      onCameBack: (micros) => record(this.stats.comeBack, micros),
      onCaughtUp: (micros) => record(this.stats.catchUp, micros),
    });
  }

  /** The next one whose turn it is and who is there; all may have left. */
  private nextPublisher(): LoadClient | undefined {
    for (let tries = 0; tries < this.clients.length; tries++) {
      const client = this.clients[this.turn++ % this.clients.length]!;
      if (client.present && client.publishes && !client.stalled) return client;
    }
    return undefined;
  }

  private publish(at: number): void {
    const client = this.nextPublisher();
    if (!client) return;
    const { rooms = 1, shape, run, worker } = this.part;
    const toOthers = shape === "inboxes" || shape === "tells";
    const room = toOthers ? (client.room + 1 + (this.turn % (rooms - 1))) % rooms : client.room;
    const number = this.sentByRoom.get(room) ?? 0;
    this.sentByRoom.set(room, number + 1);
    this.unanswered++;
    this.second.offered++;
    const step = this.steps;
    client.publish(room, { run, room, worker, number, at }, (error) => {
      this.answered({ room, number, at, step }, error);
    });
    if (!this.isMeasured(at)) return;
    this.stats.counts.offered++;
    record(this.stats.lag, nowMicros() - at);
  }

  private answered({ room, number, at, step }: Said, error: string | undefined): void {
    const now = nowMicros();
    this.lastSignAt = now;
    if (step !== this.steps) {
      // Its own step has counted it as unanswered; that it is durable now must be true all the same.
      if (error === undefined) this.acknowledgedIn(room).add(number);
      return;
    }
    this.unanswered--;
    if (error !== undefined) {
      this.second.refused++;
      countIn(this.stats.refused, error);
      return;
    }
    this.second.acknowledged++;
    record(this.second.ack, now - at);
    this.acknowledgedIn(room).add(number);
    if (this.isMeasured(now)) this.stats.counts.acknowledgedInWindow++;
    if (!this.isMeasured(at)) return;
    this.stats.counts.acknowledged++;
    record(this.stats.ack, now - at);
  }

  private acknowledgedIn(room: number): Bitmap {
    let acknowledged = this.acknowledged.get(room);
    if (!acknowledged) this.acknowledged.set(room, (acknowledged = new Bitmap()));
    return acknowledged;
  }

  /** Lets one after the other leave for a moment, at the step's rate. */
  private async churn(): Promise<void> {
    const { churn = 0, measureFrom, measureTo, seed } = this.step;
    if (churn === 0) return;
    for (const at of arrivals(churn, measureFrom, measureTo, seed + 500)) {
      await delayUntil(at);
      const there = this.clients.filter((c) => c.connected && c.present && c.leaves);
      const client = there[Math.floor(Math.random() * there.length)];
      if (!client) continue;
      const passing = this.pass(client).finally(() => this.passing.delete(passing));
      this.passing.add(passing);
    }
  }

  private async pass(client: LoadClient): Promise<void> {
    await client.leave();
    const dueAt =
      nowMicros() + (AWAY_MS.least + Math.random() * (AWAY_MS.most - AWAY_MS.least)) * 1_000;
    await delayUntil(dueAt);
    await client.comeBack(dueAt);
  }

  /** Lets the first few stop reading while it is measured. */
  private async stall(): Promise<void> {
    const { stalled = 0, measureFrom, measureTo } = this.step;
    const slow = this.clients.slice(0, stalled);
    for (const client of slow) client.stalled = true;
    await delayUntil(measureFrom);
    for (const client of slow) client.stopReading();
    await delayUntil(measureTo);
    for (const client of slow) client.readAgain();
  }

  private tellSeconds(): () => void {
    this.second = emptySecond(1);
    const tell = (): void => {
      const { second } = this.second;
      this.second.connections = this.held();
      this.second.faults = this.faultsSoFar();
      this.onSecond(secondToJson(this.second));
      this.second = emptySecond(second + 1);
      const due = this.step.startAt + (second + 1) * 1_000_000;
      timer = setTimeout(tell, Math.max(0, (due - nowMicros()) / 1_000));
    };
    let timer = setTimeout(tell, (this.step.startAt + 1_000_000 - nowMicros()) / 1_000);
    return () => clearTimeout(timer);
  }

  private faultsSoFar(): number {
    const closed = Object.values(this.closed).reduce((a, b) => a + b, 0);
    return this.clients.reduce(
      (sum, { check }) => sum + Object.values(check.faults).reduce((a, b) => a + b, 0),
      closed,
    );
  }

  private isMeasured(at: number): boolean {
    return at >= this.step.measureFrom && at < this.step.measureTo;
  }

  /** Until it is done, or the target has been silent for long, or it has taken too long. */
  private async until(done: () => boolean): Promise<void> {
    const from = nowMicros();
    while (!done()) {
      const now = nowMicros();
      if (now - Math.max(this.lastSignAt, from) > this.patience.silence) return;
      if (now - from > this.patience.longest) return;
      await delay(LOOK_AGAIN_MS);
    }
  }
}
