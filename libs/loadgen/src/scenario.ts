/** What is driven, through its public port. */
export interface Target {
  name: string;
  /** `http://host:port` of the load balancer. */
  url: string;
  /** `tcp://host:port`, for protocols over TCP. */
  tcpUrl?: string;
  /** URL of the module that speaks its protocol, see `load-protocol.ts`. */
  protocol: string;
  apiKey: string;
  /** The target promises each room the seqs 1, 2, 3 … in order; then that is checked. */
  gapless: boolean;
}

/**
 * Who hears whom:
 * - `rooms`: each connection subscribes to one room topic, and publishes to it;
 * - `kept-rooms`: the same, and in each room one more connection that never leaves;
 * - `fan-in`: all publish to one topic, to which `roomSize` others subscribe;
 * - `inboxes`: each publishes to the inboxes of all, and hears its own;
 * - `tells`: each is a MUD, speaks to a player of every other, and hears what its own are told.
 */
export type Shape = "rooms" | "kept-rooms" | "fan-in" | "inboxes" | "tells";

/** A tenant that shares an inbox, as its federation knows it. */
export interface Mud {
  name: string;
  apiKey: string;
}

export interface Scenario {
  target: Target;
  connections: number;
  /** Connections in a room. */
  roomSize: number;
  /** Bytes of text in a message. */
  textSize: number;
  workers: number;
  /** `rooms` if absent. */
  shape?: Shape;
  /** Modules of protocols that take turns with the target's own, connection by connection. */
  otherProtocols?: readonly string[];
  /** Who loses its connection returns from its cursor, and says again what has no answer. */
  returning?: boolean;
  /** Who the connections are, in turn; with `tells` each is a room. */
  muds?: readonly Mud[];
}

export interface Step {
  /** Publishes a second, over all connections. */
  rate: number;
  warmUpSeconds: number;
  measureSeconds: number;
  /** Connections a second that leave, and return after a moment. Needs `returning`. */
  churn?: number;
  /** Connections that do not read while it is measured, and publish nothing. Needs `returning`. */
  stalled?: number;
}

/** A connection to be: who it is and where it sits. */
export interface Seat {
  user: string;
  room: number;
  /** The target's if absent. */
  apiKey?: string;
  /** Position in {@link Part.protocols}; 0 if absent. */
  protocol?: number;
  /** Subscribes only. */
  silent?: boolean;
  /** Publishes only. */
  deaf?: boolean;
  /** Stays when the others leave. */
  keeper?: boolean;
}

/** The part of a scenario that one worker plays. */
export interface Part {
  worker: number;
  /** Tells this run's topics and messages from those of every other. */
  run: number;
  target: Target;
  textSize: number;
  seats: readonly Seat[];
  /** All rooms of the scenario, or its inboxes. */
  rooms?: number;
  shape?: Shape;
  otherProtocols?: readonly string[];
  returning?: boolean;
  muds?: readonly Mud[];
}

/** A step as told to one worker; times are microseconds of the shared clock. */
export interface PartStep {
  rate: number;
  seed: number;
  startAt: number;
  measureFrom: number;
  measureTo: number;
  churn?: number;
  stalled?: number;
  /** Tell what happened each second. */
  watched?: boolean;
}

/** The user that a seat of `inboxes` is; in no other run there is one of that name. */
const inboxUser = (run: number, room: number): string => `load-${run}-${room}`;

export function topicOf({ run, shape, muds = [] }: Part, room: number): string {
  if (shape === "inboxes") return `user:${inboxUser(run, room)}`;
  if (shape === "tells") return `user:player@${muds[room]!.name}`;
  return `channel:load-${run}-${room}`;
}

/** Rooms of the scenario; with `inboxes` each user is one. */
export function roomsOf({ shape, connections, roomSize, muds = [] }: Scenario): number {
  if (shape === "inboxes") return connections;
  if (shape === "tells") return muds.length;
  if (shape === "fan-in") return 1;
  return Math.max(1, Math.round(connections / roomSize));
}

function castSeats(scenario: Scenario, run: number): Seat[] {
  const { shape, connections, roomSize, muds = [] } = scenario;
  const rooms = roomsOf(scenario);
  const seats = Array.from({ length: connections }, (_, i): Seat => {
    if (shape === "inboxes") return { user: inboxUser(run, i), room: i };
    if (shape === "fan-in") {
      const subscribes = i < roomSize;
      return { user: `load${i}`, room: 0, silent: subscribes, deaf: !subscribes };
    }
    const mud = muds[i % muds.length];
    return { user: `load${i}`, room: i % rooms, apiKey: mud?.apiKey };
  });
  if (shape !== "kept-rooms") return seats;
  const keepers = Array.from({ length: rooms }, (_, room): Seat => {
    return { user: `keeper${room}`, room, keeper: true };
  });
  return [...seats, ...keepers];
}

/** Seats go round the rooms, and rooms stay together in a worker only by chance. */
export function castParts(scenario: Scenario, run: number): Part[] {
  const { target, textSize, workers, shape, otherProtocols = [], returning, muds } = scenario;
  const rooms = roomsOf(scenario);
  const protocols = 1 + otherProtocols.length;
  const oneByOne = shape === "inboxes" || shape === "tells" || shape === "fan-in";
  const seats = castSeats(scenario, run).map((seat, i) => {
    const round = oneByOne || seat.keeper ? i : Math.floor(i / rooms);
    return {
      ...seat,
      protocol: round % protocols,
      worker: Math.floor(round / protocols) % workers,
    };
  });
  return Array.from({ length: workers }, (_worker, worker) => ({
    worker,
    run,
    target,
    textSize,
    rooms,
    shape,
    otherProtocols,
    returning,
    muds,
    seats: seats.filter((seat) => seat.worker === worker),
  })).filter((part) => part.seats.length > 0);
}
