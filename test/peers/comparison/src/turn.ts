import {
  Conductor,
  highest,
  lineOf,
  reportOf,
  type Scenario,
  type Step,
  type StepReport,
  type System,
} from "@tellwire/loadgen";
import type { Turn } from "./plan.js";
import { ladderFor, nextRate, WIDEST } from "./search.js";

/** Publishes a second in rooms of 10 at which all systems are compared. */
const COMMON_RATE = 500;
const TEXT_SIZE = 300;
/** A system that was just started has its code to compile, and its pools to fill. */
const FIRST_WARM_UP_SECONDS = 5;
/** With fewer in a step, a Poisson process falls short of its rate by chance alone. */
const ENOUGH_PUBLISHES = 1_500;
const LONGEST_STEP_SECONDS = 10;
/** A search that has not ended by then has met a machine that is not quiet: the tables say so. */
const MOST_STEPS = 10;

export interface TurnResult extends Turn {
  at: string;
  steps: StepReport[];
  /** Why it was not played to its end; then there are no steps. */
  failed?: string;
}

export const commonRate = (roomSize: number): number => (COMMON_RATE * 10) / roomSize;

/** Whether the search ended before it had closed in on every limit; with a fault it ends there. */
export const isOpen = ({ steps, roomSize, failed }: TurnResult): boolean =>
  failed === undefined &&
  steps.every(({ faults }) => faults.length === 0) &&
  nextRate(ladderFor(roomSize), steps) !== undefined;

/**
 * Plays the common rate and the given ones, then searches the highest that hold.
 * @param rates of this system's earlier turns, and of the peers it is compared with
 */
export async function playTurn(
  turn: Turn,
  system: System,
  rates: readonly number[],
  timing: Omit<Step, "rate">,
): Promise<TurnResult> {
  const { kind, connections, roomSize } = turn;
  const target = system.targets[kind];
  if (!target) throw new Error(`${turn.system} has no ${kind}`);
  const scenario: Scenario = {
    target,
    connections,
    roomSize,
    textSize: TEXT_SIZE,
    workers: 1,
    shape: kind,
  };
  const ladder = ladderFor(roomSize);
  const common = commonRate(roomSize);
  const known = [...new Set(rates)].filter((rate) => rate !== common).sort((a, b) => a - b);
  let first = [common, ...known];
  const steps: StepReport[] = [];
  const conductor = await Conductor.open(scenario, system.processes);
  try {
    for (let i = 0; i < MOST_STEPS; i++) {
      const rate = first.shift() ?? nextRate(ladder, steps);
      if (rate === undefined) break;
      const warmUpSeconds = i === 0 ? FIRST_WARM_UP_SECONDS : timing.warmUpSeconds;
      const measureSeconds = Math.min(
        Math.max(timing.measureSeconds, ENOUGH_PUBLISHES / rate),
        LONGEST_STEP_SECONDS,
      );
      const outcome = await conductor.play({ rate, warmUpSeconds, measureSeconds });
      const report = reportOf(outcome, scenario.workers);
      console.log(`    ${lineOf(report)}`);
      steps.push(report);
      // After a loss nothing more can be asked of these connections.
      if (report.faults.length > 0) break;
      // Of what is known, rates above one that fails would only cost time.
      const fails = highest([report], WIDEST) === 0;
      if (fails) first = first.filter((each) => each < rate);
    }
    await conductor.close();
  } finally {
    conductor.kill(); // Once closed that is nothing; after an error its workers may not listen.
  }
  return { ...turn, at: new Date().toISOString(), steps };
}
