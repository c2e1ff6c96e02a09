import { highest, type Percentiles, type StepReport } from "@tellwire/loadgen";
import { LIMITS } from "./search.js";
import { TELLWIRE } from "./systems.js";
import { commonRate, type TurnResult } from "./turn.js";

/** One figure of a peer and of Tellwire, in each pair. */
export interface Comparison {
  peer: number[];
  tellwire: number[];
}

/** Latencies in milliseconds, medians over the turns. */
interface Light {
  ack: Percentiles;
  delivery: Percentiles;
}

/** All pairs of one peer with one number of connections. */
export interface PeerSummary {
  peer: string;
  kind: TurnResult["kind"];
  connections: number;
  roomSize: number;
  pairs: number;
  /** The highest rate that holds, for each of {@link LIMITS}. */
  highest: Comparison[];
  /** Publishes for each CPU-second of all processes, at the common rate. */
  perCpuSecond: Comparison;
  /** The same at the highest rate at which the peer holds the widest limit. */
  perCpuSecondAtHighest: Comparison;
  /** The same with each at the highest rate that it holds itself. */
  perCpuSecondAtOwnHighest: Comparison;
  common: { peer: Light; tellwire: Light };
  /** Turns of the peer, and of Tellwire beside it, that broke a promise. */
  faulty: { peer: number; tellwire: number };
  /** Steps that someone else's work, or the generator, disturbed. */
  doubtful: number;
}

const WIDEST = LIMITS[LIMITS.length - 1]!;

/** The middle value; of two, the mean. Of none, 0. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? 0 : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Tellwire's share of the peer's, pair by pair, where both are known. */
export const ratiosOf = ({ peer, tellwire }: Comparison): number[] =>
  peer.flatMap((value, i) => (value > 0 && tellwire[i]! > 0 ? [tellwire[i]! / value] : []));

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
  return [...byPeer.values()].map((pairs) => {
    const { system, kind, connections, roomSize } = pairs[0]!.peer;
    const compare = (pick: (turn: TurnResult, pair: Pair) => number): Comparison => ({
      peer: pairs.map((pair) => pick(pair.peer, pair)),
      tellwire: pairs.map((pair) => pick(pair.tellwire, pair)),
    });
    const all = (side: keyof Pair): TurnResult[] => pairs.map((pair) => pair[side]);
    const common = (side: keyof Pair): Light =>
      lightOf(all(side).flatMap(({ steps }) => stepAt(steps, commonRate(roomSize)) ?? []));
    const isFaulty = ({ steps }: TurnResult): boolean => steps.some((s) => s.faults.length > 0);
    return {
      peer: system,
      kind,
      connections,
      roomSize,
      pairs: pairs.length,
      highest: LIMITS.map((limit) => compare(({ steps }) => highest(steps, limit))),
      perCpuSecond: compare(({ steps }) => perCpuSecond(stepAt(steps, commonRate(roomSize)))),
      perCpuSecondAtHighest: compare(({ steps }, { peer }) =>
        perCpuSecond(stepAt(steps, highest(peer.steps, WIDEST))),
      ),
      perCpuSecondAtOwnHighest: compare(({ steps }) =>
        perCpuSecond(stepAt(steps, highest(steps, WIDEST))),
      ),
      common: { peer: common("peer"), tellwire: common("tellwire") },
      faulty: {
        peer: all("peer").filter(isFaulty).length,
        tellwire: all("tellwire").filter(isFaulty).length,
      },
      doubtful: pairs
        .flatMap(({ peer, tellwire }) => [...peer.steps, ...tellwire.steps])
        .filter(({ doubts }) => doubts.length > 0).length,
    };
  });
}

const stepAt = (steps: readonly StepReport[], rate: number): StepReport | undefined =>
  steps.find((step) => step.rate === rate);

/** Of all processes of the target, with Redis, Postgres and nginx. */
function coresOf({ cores }: StepReport): number {
  const target = Object.entries(cores).filter(([n]) => n !== "generator" && n !== "elsewhere");
  return target.reduce((sum, [, n]) => sum + n, 0);
}

/** 0 if the step was not played. */
const perCpuSecond = (step: StepReport | undefined): number =>
  step && coresOf(step) > 0 ? step.achieved / coresOf(step) : 0;

function lightOf(steps: readonly StepReport[]): Light {
  const medians = (of: (step: StepReport) => Percentiles): Percentiles => ({
    p50: median(steps.map((step) => of(step).p50)),
    p95: median(steps.map((step) => of(step).p95)),
    p99: median(steps.map((step) => of(step).p99)),
  });
  return { ack: medians((step) => step.ack), delivery: medians((step) => step.delivery) };
}
