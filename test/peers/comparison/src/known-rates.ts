import { highest, median } from "@tellwire/loadgen";
import type { Turn } from "./plan.js";
import { ladderFor, LIMITS, nearestRung, WIDEST } from "./search.js";
import { TELLWIRE } from "./systems.js";
import type { TurnResult } from "./turn.js";

/**
 * Rates that are worth playing at once: where this system's limits were before, and for
 * Tellwire the highest that its peers hold: in this group, or before if they come later.
 * @param group all turns of the turn's group
 */
export function knownRates(
  turn: Turn,
  group: readonly Turn[],
  results: readonly TurnResult[],
): number[] {
  const ladder = ladderFor(turn.roomSize);
  const same = results.filter(
    (r) =>
      r.kind === turn.kind &&
      r.connections === turn.connections &&
      r.roomSize === turn.roomSize &&
      r.failed === undefined,
  );
  const usual = (system: string, limit: number): number =>
    median(same.filter((r) => r.system === system).map(({ steps }) => highest(steps, limit)));
  const own = LIMITS.map((limit) => usual(turn.system, limit));
  const peers = turn.system === TELLWIRE ? group.filter(({ system }) => system !== TELLWIRE) : [];
  const theirs = peers.map(({ system }) => {
    const now = same.find((r) => r.group === turn.group && r.system === system);
    return now ? highest(now.steps, WIDEST) : usual(system, WIDEST);
  });
  return [...own, ...theirs].filter((rate) => rate > 0).map((rate) => nearestRung(ladder, rate));
}
