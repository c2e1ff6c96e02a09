import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "@tellwire/cluster";
import type { Fault } from "./fault.js";
import { topicsOn } from "./redis-nodes.js";
import { Traffic, type Result } from "./traffic.js";

export interface Round extends Result {
  fault: string;
  /** What was not as it must be; empty when all is well. */
  broken: string[];
}

const LIMIT_S = 10;
/** Some damage shows with the next heartbeat only: traffic goes on for longer than that. */
const AFTERMATH_MS = 2500;

/**
 * One round: traffic, the fault in its midst, traffic again until everybody is
 * served, and the reckoning.
 */
export async function runRound(cluster: Cluster, fault: Fault, round: number): Promise<Round> {
  const traffic = new Traffic(cluster);
  const late: string[] = [];
  try {
    await traffic.start();
    const node = fault.without?.(cluster, round);
    traffic.mark(node === undefined ? new Set() : await topicsOn(node, traffic.allTopics));
    await fault.inject(cluster, round);
    await Promise.all(
      cluster.processes.filter(({ pid }) => pid !== undefined).map((each) => each.ready()),
    );
    await sleep(AFTERMATH_MS);
    await traffic.flowing().catch((error: Error) => late.push(error.message));
    const result = await traffic.finish();
    return { fault: fault.name, ...result, broken: [...late, ...brokenIn(result, fault)] };
  } finally {
    await traffic.stop();
  }
}

function brokenIn(result: Result, { withinS = LIMIT_S, tellsClients }: Fault): string[] {
  const broken = (["lost", "doubled", "disordered"] as const)
    .filter((key) => result[key] > 0)
    .map((key) => `${result[key]} ${key}`);
  if (result.ackSilenceMs > withinS * 1000)
    broken.push(`a sender waited ${(result.ackSilenceMs / 1000).toFixed(1)} s`);
  if (tellsClients) broken.push(...brokenMoves(result.movesMs));
  return [...broken, ...new Set(result.complaints)];
}

/** An edge has 7 s of its 10 in which its clients choose their moments. */
const MOVE_MS = 9000;
const SPREAD_MS = 1000;

function brokenMoves(moves: readonly number[]): string[] {
  if (moves.length === 0) return ["no client was told to move"];
  const [soonest, latest] = [Math.min(...moves), Math.max(...moves)];
  if (latest > MOVE_MS) return [`a client took ${latest / 1000} s to move`];
  return latest - soonest < SPREAD_MS ? ["clients moved all at once"] : [];
}
