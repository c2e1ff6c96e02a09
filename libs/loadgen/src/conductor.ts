import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { decodeFromCompressedBase64, type Histogram } from "hdr-histogram-js";
import { nowMicros } from "./clock.js";
import { CpuMeter, type ProcessGroups } from "./process-cpu.js";
import { castParts, type PartStep, roomsOf, type Scenario, type Step } from "./scenario.js";
import { type Second, Seconds } from "./second.js";
import { histogram, StepStats } from "./step-stats.js";
import type { Answer, Aside, NumbersByRoom, Order } from "./worker-messages.js";

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
/** More than there are workers, so that two rates share no arrivals. */
const SEEDS_PER_RATE = 1_000;
/** What a process used between the last look and its end is lost. */
const LOOK_MS = 1_000;
/** Time for the orders to arrive, so that all workers start together. */
const LEAD_MICROS = 200_000;

export interface StepOutcome {
  step: Step;
  stats: StepStats;
  /** Cores used by each group of processes, by the `generator` itself, and `elsewhere`. */
  cores: Record<string, number>;
}

export interface Connected {
  /** Why some could not connect. */
  failures: string[];
  /** How many are connected now, those of earlier calls among them. */
  held: number;
  /** From the intended time of each connection until it had subscribed, in microseconds. */
  setUp: Histogram;
}

/** Leads the workers of one scenario through its steps. */
export class Conductor {
  private readonly workers: ChildProcess[] = [];
  private readonly rooms: number;
  private acknowledged: Record<number, NumbersByRoom> = {};
  private seconds: Seconds | null = null;

  private constructor(
    scenario: Scenario,
    private readonly processes: ProcessGroups,
  ) {
    this.rooms = roomsOf(scenario);
  }

  /** Starts the workers and opens all connections. @throws if one of them cannot be opened */
  static async open(scenario: Scenario, processes: ProcessGroups): Promise<Conductor> {
    const self = await Conductor.start(scenario, processes);
    try {
      const { failures } = await self.connect();
      if (failures.length > 0) {
        throw new Error(`${failures.length} connections failed, the first with: ${failures[0]}`);
      }
      return self;
    } catch (error) {
      self.kill();
      throw error;
    }
  }

  /** Starts the workers, without a connection. @param processes is read anew for each step */
  static async start(scenario: Scenario, processes: ProcessGroups): Promise<Conductor> {
    const self = new Conductor(scenario, processes);
    const run = nowMicros() % 1_000_000_000;
    const parts = castParts(scenario, run);
    for (const _ of parts) {
      const worker = fork(WORKER, { serialization: "advanced" });
      worker.on("message", (message: Answer | Aside) => {
        if (message.type === "second") self.seconds?.add(message.second);
      });
      self.workers.push(worker);
    }
    try {
      await self.tell("cast", (index) => ({ type: "cast", part: parts[index]! }));
      return self;
    } catch (error) {
      self.kill();
      throw error;
    }
  }

  /**
   * Brings in the first `share` of the rooms, whole rooms each, and sends the others away.
   * @param perSecond connections; without it they come as fast as they are let in
   */
  async connect(share = 1, perSecond?: number): Promise<Connected> {
    const rooms = Math.max(1, Math.round(this.rooms * share));
    const each = perSecond === undefined ? undefined : perSecond / this.workers.length;
    const order: Order = { type: "connect", rooms, perSecond: each };
    const answers = await this.tell("connect", () => order);
    const setUp = histogram();
    for (const answer of answers) setUp.add(decodeFromCompressedBase64(answer.setUp));
    const held = answers.reduce((sum, answer) => sum + answer.held, 0);
    return { failures: answers.flatMap(({ failures }) => failures), held, setUp };
  }

  /** @param onSecond is told what happened in each second, soon after its end */
  async play(step: Step, onSecond?: (second: Second) => void): Promise<StepOutcome> {
    const startAt = nowMicros() + LEAD_MICROS;
    const measureFrom = startAt + step.warmUpSeconds * 1_000_000;
    const measureTo = measureFrom + step.measureSeconds * 1_000_000;
    // By the rate, so that every target gets the same arrivals, whatever was played before.
    const seed = Math.round(step.rate * SEEDS_PER_RATE);
    const workers = this.workers.length;
    const partStep = (index: number): PartStep => ({
      rate: step.rate / workers,
      seed: seed + index,
      startAt,
      measureFrom,
      measureTo,
      churn: (step.churn ?? 0) / workers,
      stalled: Math.floor(((step.stalled ?? 0) + workers - 1 - index) / workers),
      watched: onSecond !== undefined,
    });
    this.seconds = onSecond ? new Seconds(workers, onSecond) : null;
    const [cores, played] = await Promise.all([
      this.measureCores(measureFrom, measureTo),
      this.tell("play", (index) => ({ type: "play", step: partStep(index) })),
    ]);
    this.acknowledged = Object.fromEntries(played.map((a, worker) => [worker, a.acknowledged]));
    return { step, stats: await this.settle(), cores };
  }

  /** Sends all connections away but the keepers of their rooms. */
  async leave(): Promise<void> {
    await this.tell("leave", () => ({ type: "leave" }));
  }

  /** Lets those who left come back within the time, and waits until they have what they missed. */
  async comeBack(withinSeconds: number): Promise<StepStats> {
    await this.tell("comeBack", () => ({ type: "comeBack", withinSeconds }));
    return this.settle();
  }

  async close(): Promise<void> {
    await this.tell("close", () => ({ type: "close" }));
    this.kill();
  }

  kill(): void {
    for (const worker of this.workers) worker.kill();
  }

  private async settle(): Promise<StepStats> {
    const order: Order = { type: "settle", acknowledged: this.acknowledged };
    const stats = new StepStats();
    for (const answer of await this.tell("settle", () => order)) stats.add(answer.stats);
    return stats;
  }

  private async tell<T extends Order["type"] & Answer["type"]>(
    type: T,
    order: (index: number) => Order,
  ): Promise<Extract<Answer, { type: T }>[]> {
    const answers = this.workers.map((worker, index) => ask(worker, index, order(index)));
    const all = await Promise.all(answers);
    return all.map((answer) => {
      if (answer.type === "error") throw new Error(`Load worker: ${answer.message}`);
      if (answer.type !== type) throw new Error(`Load worker answered ${answer.type}`);
      return answer as Extract<Answer, { type: T }>;
    });
  }

  private async measureCores(from: number, to: number): Promise<Record<string, number>> {
    const generator = this.workers.map(({ pid }) => pid!);
    await delay((from - nowMicros()) / 1_000);
    const meter = new CpuMeter(() => ({ ...this.processes, generator }));
    const own = process.cpuUsage();
    const begun = nowMicros();
    for (let left = to - begun; left > 0; left = to - nowMicros()) {
      await delay(Math.min(LOOK_MS, left / 1_000));
      meter.look();
    }
    const elapsedMs = (nowMicros() - begun) / 1_000;
    const { user, system } = process.cpuUsage(own);
    return coresOf(meter.used, (user + system) / 1_000, elapsedMs);
  }
}

/** This process is part of the generator; what it has started may be the target's, so it is no group. */
function coresOf(
  used: Readonly<Record<string, number>>,
  ownMs: number,
  elapsedMs: number,
): Record<string, number> {
  const { generator = 0, elsewhere = 0 } = used;
  const all = { ...used, generator: generator + ownMs, elsewhere: Math.max(0, elsewhere - ownMs) };
  return Object.fromEntries(Object.entries(all).map(([name, ms]) => [name, ms / elapsedMs]));
}

/** Resolves with the worker's answer, passing over what it tells meanwhile. @throws if it dies */
function ask(worker: ChildProcess, index: number, order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off("message", hear).off("exit", died);
    };
    const hear = (message: Answer | Aside): void => {
      if (message.type === "second") return;
      done();
      resolve(message);
    };
    const died = (): void => {
      done();
      reject(new Error(`Load worker ${index} died`));
    };
    // It may have died between two orders.
    if (!worker.connected) return died();
    worker.on("message", hear).on("exit", died);
    worker.send(order, (error) => {
      if (error) died();
    });
  });
}
