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

/** How many peers share the turn of Tellwire that follows them. */
const SHARING = 2;

/**
 * Two peers and Tellwire take turns, so that a machine which slows down or
 * speeds up meanwhile does so for all of them. Tellwire comes last, because it
 * also plays the highest rates of its peers.
 * @param firstGroup above the groups of earlier runs
 */
export function planTurns(wanted: Wanted, firstGroup: number): Turn[] {
  const turns: Turn[] = [];
  let group = firstGroup;
  for (let pair = 0; pair < wanted.pairs; pair++) {
    for (const connections of wanted.connections) {
      for (const [kind, names] of Map.groupBy(wanted.peers, (name) => peers[name]!.kind)) {
        const rotated = [
          ...names.slice(pair % names.length),
          ...names.slice(0, pair % names.length),
        ];
        for (let i = 0; i < rotated.length; i += SHARING, group++) {
          const turn = { kind, connections, roomSize: wanted.roomSize, group };
          const systems = [...rotated.slice(i, i + SHARING), TELLWIRE];
          turns.push(...systems.map((system) => ({ ...turn, system })));
        }
      }
    }
  }
  return turns;
}
