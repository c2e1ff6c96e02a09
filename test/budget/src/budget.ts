import { setTimeout as delay } from "node:timers/promises";
import { Conductor, lineOf, memoryOf, type ProcessGroups } from "@tellwire/loadgen";
import { processesOf } from "@tellwire/peer-support";
import { AppendCount } from "./append-count.js";
import { type Cost, measure, type Measured } from "./cost.js";
import { startEntranceFloor } from "./floors/entrance.floor.js";
import { startLogFloor } from "./floors/log.floor.js";
import { type Driven, drivenOf, scenarioOf, startTellwire } from "./tellwire.js";

const RATES = [500, 1_000, 2_000];
export const CONNECTIONS = 1_000;
export const ROOM = 10;
const ROOM_SIZES = [1, ROOM];
/** Parts whose memory is Tellwire's to tell; what the others take is their configuration's. */
export const OWN = ["edges", "routers", "others"] as const;
const IDLE_MS = 3_000;
const WARM_UP_RATE = 1_000;
const WARM_UP_SECONDS = 2;

export interface BudgetOptions {
  rounds: number;
  /** Measured of each step, after two of warm-up. */
  seconds: number;
}

/** What was measured at one rate, one value a round. */
export interface RateResult {
  rate: number;
  /** By room size: 1 and 10. */
  tellwire: Record<number, Cost[]>;
  /** Load balancer and edge, by room size. */
  entrance: Record<number, Cost[]>;
  /** Redis, router, PgBouncer and Postgres: no delivery reaches them one by one. */
  log: Cost[];
  /** Publishes an append of Tellwire, by room size: the floors get as many at once. */
  batches: Record<number, number[]>;
}

export interface BudgetResult {
  rates: RateResult[];
  /** Bytes that a process of each part of Tellwire's own held after the highest rate, one value a round. */
  memory: Record<string, number[]>;
  /** Broken promises and doubts about the figures, in words. */
  remarks: string[];
}

/** Tellwire, then its floors, then both again: a machine that slows down does so for both in the end. */
export async function runBudget(options: BudgetOptions): Promise<BudgetResult> {
  const run = new BudgetRun(options);
  for (let round = 1; round <= options.rounds; round++) {
    console.log(`round ${round} of ${options.rounds}`);
    await run.playTellwire();
    await run.playEntrance();
    await run.playLog();
  }
  return run.result;
}

class BudgetRun {
  readonly result: BudgetResult = {
    rates: RATES.map((rate) => ({ rate, tellwire: {}, entrance: {}, log: [], batches: {} })),
    memory: {},
    remarks: [],
  };

  constructor(private readonly options: BudgetOptions) {}

  async playTellwire(): Promise<void> {
    const cluster = await startTellwire();
    const appends = await AppendCount.open(cluster.directDatabaseUrl);
    const idle = await appends.during(() => delay(IDLE_MS));
    const groups = processesOf(cluster);
    await this.playRooms("Tellwire", drivenOf(cluster), groups, async (conductor, roomSize) => {
      for (const each of this.result.rates) {
        const played = await appends.during(() => this.measure("Tellwire", conductor, each.rate));
        (each.tellwire[roomSize] ??= []).push(played.result);
        const others = (idle.commits / idle.seconds) * played.seconds;
        const published = each.rate * (WARM_UP_SECONDS + this.options.seconds);
        const batch = published / (played.commits - others);
        (each.batches[roomSize] ??= []).push(Math.max(1, batch));
      }
      if (roomSize === ROOM) this.weigh(groups);
    });
    await appends.close();
    await cluster.stop();
  }

  private weigh(groups: ProcessGroups): void {
    const held = memoryOf(groups);
    for (const part of OWN) {
      const each = (held[part]?.pss ?? 0) / (groups[part]?.length ?? 1);
      (this.result.memory[part] ??= []).push(each);
    }
  }

  async playEntrance(): Promise<void> {
    const floor = await startEntranceFloor();
    const driven = { url: floor.url, apiKey: "none is asked for" };
    await this.playRooms("floor", driven, floor.processes, async (conductor, roomSize) => {
      for (const each of this.result.rates) {
        floor.gather(each.batches[roomSize]!.at(-1)!);
        const cost = await this.measure("floor", conductor, each.rate);
        (each.entrance[roomSize] ??= []).push(cost);
      }
    });
    await floor.stop();
  }

  async playLog(): Promise<void> {
    const floor = await startLogFloor();
    await floor.measure(WARM_UP_RATE, 5, WARM_UP_SECONDS);
    for (const each of this.result.rates) {
      const batch = each.batches[ROOM]!.at(-1)!;
      each.log.push(await floor.measure(each.rate, batch, this.options.seconds));
      console.log(`  floor, ${each.rate}/s in batches of ${batch.toFixed(1)}`);
    }
    await floor.stop();
  }

  private async playRooms(
    name: string,
    driven: Driven,
    groups: ProcessGroups,
    rates: (conductor: Conductor, roomSize: number) => Promise<void>,
  ): Promise<void> {
    for (const roomSize of ROOM_SIZES) {
      console.log(`  ${name}, rooms of ${roomSize}`);
      const scenario = scenarioOf(driven, { connections: CONNECTIONS, roomSize });
      const conductor = await Conductor.open(scenario, groups);
      await this.play(conductor, WARM_UP_RATE);
      await rates(conductor, roomSize);
      await conductor.close();
    }
  }

  private play(conductor: Conductor, rate: number): Promise<Measured> {
    const measureSeconds = this.options.seconds;
    return measure(conductor, { rate, warmUpSeconds: WARM_UP_SECONDS, measureSeconds });
  }

  private async measure(name: string, conductor: Conductor, rate: number): Promise<Cost> {
    const { report, cost } = await this.play(conductor, rate);
    console.log(`    ${lineOf(report)}`);
    for (const remark of [...report.faults, ...report.doubts]) {
      this.result.remarks.push(`${name} at ${rate}/s: ${remark}`);
    }
    return cost;
  }
}
