import { type Kind, peers, TELLWIRE } from "./systems.js";

/** One climb of one system, started anew. */
export interface Turn {
  /** A name of `peers`, or {@link TELLWIRE}. */
  system: string;
  kind: Kind;
  connections: number;
  roomSize: number;
  /** Turns of one group are compared with one another. */
  group: number;
}

export interface Wanted {
  peers: readonly string[];
  pairs: number;
  connections: readonly number[];
  roomSize: number;
}

/** How many peers share a turn of Tellwire. */
const SHARING = 2;

/**
 * Two peers and Tellwire take turns. What a machine that slows down or speeds up
 * meanwhile does to the later ones falls on both sides in the end: the peers change
 * places from pair to pair, and in every second pair Tellwire is first instead of last.
 * @param before what was measured already: the highest group, and how many pairs
 */
export function planTurns(wanted: Wanted, before: { group: number; pairs: number }): Turn[] {
  const turns: Turn[] = [];
  let { group } = before;
  for (let pair = before.pairs; pair < before.pairs + wanted.pairs; pair++) {
    for (const connections of wanted.connections) {
      for (const [kind, names] of Map.groupBy(wanted.peers, (name) => peers[name]!.kind)) {
        const rotated = [
          ...names.slice(pair % names.length),
          ...names.slice(0, pair % names.length),
        ];
        for (let i = 0; i < rotated.length; i += SHARING) {
          group++;
          const turn = { kind, connections, roomSize: wanted.roomSize, group };
          const two = rotated.slice(i, i + SHARING);
          const systems = pair % 2 === 0 ? [...two, TELLWIRE] : [TELLWIRE, ...two];
          turns.push(...systems.map((system) => ({ ...turn, system })));
        }
      }
    }
  }
  return turns;
}
