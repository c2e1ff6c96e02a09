import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { nowMicros } from "./clock.js";
import { CpuSample, type ProcessGroups } from "./process-cpu.js";
import { castParts, type PartStep, type Scenario, type Step } from "./scenario.js";
import { StepStats } from "./step-stats.js";
import type { Answer, Order } from "./worker-messages.js";

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
/** Time for the orders to arrive, so that all workers start together. */
const LEAD_MICROS = 200_000;

export interface StepOutcome {
  step: Step;
  stats: StepStats;
  /** Cores used by each group of processes, by the `generator` itself, and `elsewhere`. */
  cores: Record<string, number>;
}

/** Leads the workers of one scenario through its steps. */
export class Conductor {
  private readonly workers: ChildProcess[] = [];
  private steps = 0;

  private constructor(private readonly processes: ProcessGroups) {}

  /** Starts the workers and opens all connections. @throws if one of them cannot be opened */
  static async open(scenario: Scenario, processes: ProcessGroups): Promise<Conductor> {
    const self = new Conductor(processes);
    const run = nowMicros() % 1_000_000_000;
    const parts = castParts(scenario, run);
    for (const _ of parts) self.workers.push(fork(WORKER, { serialization: "advanced" }));
    try {
      const answers = await self.tell("opened", (index) => ({ type: "open", part: parts[index]! }));
      const failures = answers.flatMap((answer) => answer.failures);
      if (failures.length > 0) {
        throw new Error(`${failures.length} connections failed, the first with: ${failures[0]}`);
      }
      return self;
    } catch (error) {
      self.kill();
      throw error;
    }
  }

  async play(step: Step): Promise<StepOutcome> {
    const startAt = nowMicros() + LEAD_MICROS;
    const measureFrom = startAt + step.warmUpSeconds * 1_000_000;
    const measureTo = measureFrom + step.measureSeconds * 1_000_000;
    const seed = ++this.steps * 1_000;
    const rate = step.rate / this.workers.length;
    const partStep = (index: number): PartStep => ({
      rate,
      seed: seed + index,
      startAt,
      measureFrom,
      measureTo,
    });
    const [cores, played] = await Promise.all([
      this.measureCores(measureFrom, measureTo),
      this.tell("played", (index) => ({ type: "play", step: partStep(index) })),
    ]);
    const acknowledged = Object.fromEntries(played.map((a, worker) => [worker, a.acknowledged]));
    const settled = await this.tell("settled", () => ({ type: "settle", acknowledged }));
    const stats = new StepStats();
    for (const answer of settled) stats.add(answer.stats);
    return { step, stats, cores };
  }

  async close(): Promise<void> {
    await this.tell("closed", () => ({ type: "close" }));
    this.kill();
  }

  private kill(): void {
    for (const worker of this.workers) worker.kill();
  }

  private async tell<T extends Answer["type"]>(
    expected: T,
    order: (index: number) => Order,
  ): Promise<Extract<Answer, { type: T }>[]> {
    return Promise.all(
      this.workers.map(async (worker, index) => {
        const gone = new AbortController();
        const answered = once(worker, "message", { signal: gone.signal });
        const died = (): void => gone.abort(new Error(`Load worker ${index} died`));
        worker.once("exit", died);
        worker.send(order(index));
        const [answer] = (await answered) as [Answer];
        worker.off("exit", died);
        if (answer.type !== expected) throw new Error(`Load worker answered ${answer.type}`);
        return answer as Extract<Answer, { type: T }>;
      }),
    );
  }

  private async measureCores(from: number, to: number): Promise<Record<string, number>> {
    const groups = { ...this.processes, generator: this.workers.map((w) => w.pid!) };
    await delay((from - nowMicros()) / 1_000);
    const before = new CpuSample(groups);
    const begun = nowMicros();
    await delay((to - nowMicros()) / 1_000);
    const used = new CpuSample(groups).since(before);
    const elapsedMs = (nowMicros() - begun) / 1_000;
    return Object.fromEntries(Object.entries(used).map(([name, ms]) => [name, ms / elapsedMs]));
  }
}
