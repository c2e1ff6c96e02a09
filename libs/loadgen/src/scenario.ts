/** What is driven, through its public port. */
export interface Target {
  name: string;
  /** `http://host:port` of the load balancer. */
  url: string;
  /** URL of the module that speaks its protocol, see `load-protocol.ts`. */
  protocol: string;
  apiKey: string;
  /** The target promises each room the seqs 1, 2, 3 … in order; then that is checked. */
  gapless: boolean;
}

/** Rooms: each connection subscribes to one room topic, and publishes to it. */
export interface Scenario {
  target: Target;
  connections: number;
  /** Connections in a room. */
  roomSize: number;
  /** Bytes of text in a message. */
  textSize: number;
  workers: number;
}

export interface Step {
  /** Publishes a second, over all connections. */
  rate: number;
  warmUpSeconds: number;
  measureSeconds: number;
}

/** A connection to be: who it is and where it sits. */
export interface Seat {
  user: string;
  room: number;
}

/** The part of a scenario that one worker plays. */
export interface Part {
  worker: number;
  /** Tells this run's topics and messages from those of every other. */
  run: number;
  target: Target;
  textSize: number;
  seats: readonly Seat[];
}

/** A step as told to one worker; times are microseconds of the shared clock. */
export interface PartStep {
  rate: number;
  seed: number;
  startAt: number;
  measureFrom: number;
  measureTo: number;
}

export const topicOf = (run: number, room: number): string => `channel:load-${run}-${room}`;

/** Seats go round the rooms, and rooms stay together in a worker only by chance. */
export function castParts(scenario: Scenario, run: number): Part[] {
  const rooms = Math.max(1, Math.round(scenario.connections / scenario.roomSize));
  const seats = Array.from({ length: scenario.connections }, (_, i) => ({
    user: `load${i}`,
    room: i % rooms,
  }));
  return Array.from({ length: scenario.workers }, (_worker, worker) => ({
    worker,
    run,
    target: scenario.target,
    textSize: scenario.textSize,
    seats: seats.filter((_, i) => Math.floor(i / rooms) % scenario.workers === worker),
  })).filter((part) => part.seats.length > 0);
}
