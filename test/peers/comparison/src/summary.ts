import { highest, median, type Percentiles, type StepReport, targetCores } from "@tellwire/loadgen";
import { LIMITS, WIDEST } from "./search.js";
import { TELLWIRE } from "./systems.js";
import { commonRate, isOpen, type TurnResult } from "./turn.js";

/** One figure of a peer and of Tellwire, in each pair; null where it was not measured. */
export interface Comparison {
  peer: (number | null)[];
  tellwire: (number | null)[];
}

/** Latencies in milliseconds, medians over the turns. */
interface Light {
  ack: Percentiles;
  delivery: Percentiles;
}

/** All pairs of one peer with one number of connections. */
export interface PeerSummary {
  system: string;
  kind: TurnResult["kind"];
  connections: number;
  roomSize: number;
  /** Those in which the peer could be played. */
  pairs: number;
  /** The highest rate that holds, for each of {@link LIMITS}; 0 if none did, or Tellwire could not be played. */
  highest: Comparison[];
  /** Publishes for each CPU-second of all processes, at the common rate. */
  perCpuSecond: Comparison;
  /** The same at the highest rate that both played and the peer holds within the widest limit. */
  perCpuSecondAtHighest: Comparison;
  /** The same with each at the highest rate that it holds itself. */
  perCpuSecondAtOwnHighest: Comparison;
  common: { peer: Light | null; tellwire: Light | null };
  /** Turns of the peer, and of Tellwire beside it, that broke a promise. */
  faulty: Sides<number>;
  /** Turns whose search was cut off, so that their highest rates are not known for certain. */
  open: Sides<number>;
  /** Why turns could not be played. */
  failed: Sides<string[]>;
  /** Steps that someone else's work, or the generator, disturbed. */
  doubtful: Sides<number>;
}

interface Sides<T> {
  peer: T;
  tellwire: T;
}

/** The median of what was measured; null if nothing was. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

/**
 * Tellwire's share of the peer's, pair by pair, where both were measured; 0 where
 * Tellwire has none. Where the peer has none there is no ratio.
 */
export const ratiosOf = ({ peer, tellwire }: Comparison): number[] =>
  peer.flatMap((theirs, i) => {
    const ours = tellwire[i]!;
    return theirs && ours !== null ? [ours / theirs] : [];
  });

interface Pair {
  peer: TurnResult;
  tellwire: TurnResult;
}

/** A peer's turn without Tellwire's, because the run was ended, counts for nothing. */
function pairsOf(turns: readonly TurnResult[]): Pair[] {
  const references = new Map(
    turns.filter(({ system }) => system === TELLWIRE).map((turn) => [turn.group, turn]),
  );
  return turns.flatMap((peer) => {
    const tellwire = references.get(peer.group);
    return peer.system === TELLWIRE || !tellwire ? [] : [{ peer, tellwire }];
  });
}

export function summarise(turns: readonly TurnResult[]): PeerSummary[] {
  const byPeer = Map.groupBy(
    pairsOf(turns),
    ({ peer }) => `${peer.roomSize} ${peer.connections} ${peer.system}`,
  );
  return [...byPeer.values()].map(summaryOf);
}

function summaryOf(all: readonly Pair[]): PeerSummary {
  const { system, kind, connections, roomSize } = all[0]!.peer;
  // A peer that could not be played lost nothing: its pair tells of neither side.
  const pairs = all.filter(({ peer }) => peer.failed === undefined);
  const compare = (pick: (turn: TurnResult, pair: Pair) => number | null): Comparison => ({
    peer: pairs.map((pair) => pick(pair.peer, pair)),
    tellwire: pairs.map((pair) => pick(pair.tellwire, pair)),
  });
  const sides = <T>(of: (turns: TurnResult[]) => T, among: readonly Pair[] = pairs): Sides<T> => ({
    peer: of(among.map(({ peer }) => peer)),
    tellwire: of(among.map(({ tellwire }) => tellwire)),
  });
  const common = commonRate(roomSize);
  return {
    system,
    kind,
    connections,
    roomSize,
    pairs: pairs.length,
    highest: LIMITS.map((limit) => compare(({ steps }) => highest(steps, limit))),
    perCpuSecond: compare(({ steps }) => perCpuSecond(stepAt(steps, common))),
    perCpuSecondAtHighest: compare(({ steps }, pair) =>
      perCpuSecond(stepAt(steps, highestOfBoth(pair))),
    ),
    perCpuSecondAtOwnHighest: compare(({ steps }) =>
      perCpuSecond(stepAt(steps, highest(steps, WIDEST))),
    ),
    common: sides((of) => lightOf(of.flatMap(({ steps }) => stepAt(steps, common) ?? []))),
    faulty: sides((of) => of.filter(isFaulty).length),
    open: sides((of) => of.filter(isOpen).length),
    failed: sides((of) => of.flatMap(({ failed }) => failed ?? []), all),
    doubtful: sides(
      (of) => of.flatMap(({ steps }) => steps).filter(({ doubts }) => doubts.length > 0).length,
    ),
  };
}

/** Tellwire may have gone first, and not have played the peer's highest. */
function highestOfBoth({ peer, tellwire }: Pair): number {
  const shared = peer.steps.filter(({ rate }) => stepAt(tellwire.steps, rate));
  return highest(shared, WIDEST);
}

/** Whether a promise was broken. */
export const isFaulty = ({ steps }: TurnResult): boolean =>
  steps.some(({ faults }) => faults.length > 0);

const stepAt = (steps: readonly StepReport[], rate: number): StepReport | undefined =>
  steps.find((step) => step.rate === rate);

/** Null if the step was not played, or broke a promise. */
function perCpuSecond(step: StepReport | undefined): number | null {
  if (!step || step.faults.length > 0) return null;
  const cores = targetCores(step.cores);
  return cores > 0 ? step.achieved / cores : null;
}

function lightOf(steps: readonly StepReport[]): Light | null {
  if (steps.length === 0) return null;
  const medians = (of: (step: StepReport) => Percentiles): Percentiles => ({
    p50: median(steps.map((step) => of(step).p50)),
    p95: median(steps.map((step) => of(step).p95)),
    p99: median(steps.map((step) => of(step).p99)),
  });
  return { ack: medians((step) => step.ack), delivery: medians((step) => step.delivery) };
}
