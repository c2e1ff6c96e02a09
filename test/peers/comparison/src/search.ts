import { highest, type StepReport } from "@tellwire/loadgen";

/** Publishes a second in rooms of 10: ten rungs from one power of ten to the next (ISO 3, R10). */
const RUNGS = [
  10, 12.5, 16, 20, 25, 31.5, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800,
  1_000, 1_250, 1_600, 2_000, 2_500, 3_150, 4_000, 5_000, 6_300, 8_000, 10_000, 12_500, 16_000,
];
/** Doubles the rate, while nothing is known of a system. */
const STRIDE = 3;

/** Milliseconds of delivery p99 that a rate is asked to stay below. */
export const LIMITS = [100, 250] as const;
export const WIDEST = Math.max(...LIMITS);

/** The rungs for rooms of another size have the same deliveries a second. */
export const ladderFor = (roomSize: number): number[] =>
  RUNGS.map((rate) => (rate * 10) / roomSize);

/** The rung nearest to a rate, by its ratio. */
export function nearestRung(ladder: readonly number[], rate: number): number {
  const distance = (rung: number): number => Math.abs(Math.log(rung / rate));
  return ladder.reduce((best, rung) => (distance(rung) < distance(best) ? rung : best));
}

/**
 * The next rate to play, or undefined once, for each limit, a rate that holds stands
 * right below one that does not. Goes on from what was played, upwards and downwards.
 */
export function nextRate(
  ladder: readonly number[],
  played: readonly StepReport[],
): number | undefined {
  for (const limit of LIMITS) {
    const held = ladder.indexOf(highest(played, limit));
    const above = played.filter(({ rate }) => ladder.indexOf(rate) > held);
    const failed = Math.min(ladder.length, ...above.map(({ rate }) => ladder.indexOf(rate)));
    const isOpen = failed === ladder.length && above.length === 0;
    if (failed - held <= 1) continue;
    const next = isOpen ? held + STRIDE : held < 0 ? failed - STRIDE : (held + failed) >> 1;
    return ladder[Math.min(Math.max(next, 0), ladder.length - 1)];
  }
  return undefined;
}
