export type SeriesName = "peer" | "ws" | "socketio";

/** One climb through the rates, preceded by light load where rooms are of 10. */
export interface Climb {
  series: SeriesName;
  connections: number;
  roomSize: number;
}

/** What is started once, and the climbs it serves. */
export interface Turn {
  system: "peer" | "tellwire";
  climbs: Climb[];
}

const COMPARED = [100, 1_000];
const LARGE_ROOMS = [100, 1_000];

/** Publishes a second at which a lone message's latency shows. */
export const LIGHT_RATE = 50;

const climbs = (series: SeriesName): Climb[] =>
  COMPARED.map((connections) => ({ series, connections, roomSize: 10 }));

/**
 * Peer and Tellwire take turns, A B A B …, so that a machine which slows down
 * or speeds up meanwhile does so for both. Each turn starts anew, with empty data.
 */
export function planTurns(pairs: number): Turn[] {
  const large = LARGE_ROOMS.map((roomSize) => ({
    series: "ws" as const,
    connections: 1_000,
    roomSize,
  }));
  return Array.from({ length: pairs }, (): Turn[] => [
    { system: "peer", climbs: climbs("peer") },
    { system: "tellwire", climbs: climbs("ws") },
    { system: "tellwire", climbs: climbs("socketio") },
    { system: "tellwire", climbs: large },
  ]).flat();
}
