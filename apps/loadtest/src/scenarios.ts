import type { Shape } from "@tellwire/loadgen";

export const PROTOCOLS = ["ws", "tcp", "socketio", "mixed", "intermud"] as const;
export type ProtocolChoice = (typeof PROTOCOLS)[number];

/** One stretch of a scenario; what is a share is one of the scenario's own figure. */
export interface Phase {
  name: string;
  /** Share of the scenario's rate, and of its time. */
  rate: number;
  seconds: number;
  /** Share of the rooms that are there; all of them if absent. */
  rooms?: number;
  /** Share of the connections that leave and return each second. */
  churn?: number;
  /** Share of the connections that do not read. */
  stalled?: number;
  /** What the command of `--disturb` restarts meanwhile, as its `$SERVICES`. */
  disturbed?: "edges" | "edges routers sessions workers";
}

/** What a good run stays within; grades are measured against it, see `grade.ts`. */
export interface Targets {
  /** Milliseconds, of ack and delivery alike. */
  p95?: number;
  p99?: number;
  /** Milliseconds of one of them alone. */
  ackP99?: number;
  deliveryP99?: number;
  /** Milliseconds from the loss of a connection until its topic is subscribed again, p99. */
  absence?: number;
  /** Milliseconds from when one who had left was due to come back until its topic is subscribed again, of the latest one. */
  comeBack?: number;
  /** Milliseconds from subscribing after a cursor until all that was missed has come, p99. */
  catchUp?: number;
  /** Milliseconds from the intended start of a connection until it has subscribed, p99. */
  setUp?: number;
  /** Bytes of edge memory an idle connection. */
  edgeBytes?: number;
  /** Millions of bytes of memory of all edges, with idle connections. */
  edgeMegabytes?: number;
  /** Publishes a second that hold with delivery p99 below 100 ms, in rooms of 10; in others, as many deliveries. */
  rate?: number;
  /** Connections of the largest stage that held. */
  held?: number;
}

/** What is done: phases one after the other, or one of the procedures of the files `play-*.ts`. */
export type Kind = "phases" | "climb" | "stress" | "storm" | "idle" | "soak";

export interface ScenarioSpec {
  title: string;
  kind: Kind;
  connections: number;
  /** Connections in a room; with `fan-in` the subscribers. */
  room: number;
  /** Publishes a second at the most; for `stress` with all connections; unused by `climb`. */
  rate: number;
  /** Of measuring, all phases together; of each stage with `climb` and `stress`. */
  seconds: number;
  /** Before each phase, and not measured; 2 if absent. */
  warmUpSeconds?: number;
  /** Bytes of text in a message; 300 if absent. */
  size?: number;
  protocol?: ProtocolChoice;
  /** Connections that publish by HTTP, and hear nothing, take turns with the others. */
  httpPublishers?: boolean;
  shape?: Shape;
  /** Who loses its connection returns from its cursor. */
  returning?: boolean;
  /** Connections come at this rate a second, and not as fast as they are let in. */
  connectPerSecond?: number;
  /** One phase at full rate if absent. */
  phases?: readonly Phase[];
  targets?: Targets;
  /** What takes the place of some of them with `--protocol socketio`. */
  socketIoTargets?: Targets;
}

const steady = (title: string, connections: number, rate: number, p95: number): ScenarioSpec => ({
  title,
  kind: "phases",
  connections,
  room: 10,
  rate,
  seconds: 30,
  targets: { p95 },
});

const rooms = (size: number, connections: number, rate: number): ScenarioSpec => ({
  title: `rooms of ${size}`,
  kind: "phases",
  connections,
  room: size,
  rate,
  seconds: 20,
  targets: { p95: 100 },
});

/** Every scenario of `npm run load`, by name. */
export const SCENARIOS: Readonly<Record<string, ScenarioSpec>> = {
  baseline: steady("light load", 100, 150, 45),
  moderate: steady("moderate load", 500, 750, 75),
  high: steady("high load", 1_000, 1_200, 95),
  extreme: steady("extreme load", 2_000, 2_100, 140),
  ramp: {
    title: "connections and rate grow, and fall again",
    kind: "phases",
    connections: 1_000,
    room: 10,
    rate: 1_000,
    seconds: 60,
    phases: [
      { name: "10 %", rate: 0.1, rooms: 0.1, seconds: 0.15 },
      { name: "25 %", rate: 0.25, rooms: 0.25, seconds: 0.15 },
      { name: "50 %", rate: 0.5, rooms: 0.5, seconds: 0.2 },
      { name: "all", rate: 1, rooms: 1, seconds: 0.3 },
      { name: "50 % again", rate: 0.5, rooms: 0.5, seconds: 0.2 },
    ],
    targets: { p95: 500, p99: 1_000 },
  },
  spike: {
    title: "from a tenth of the connections to all at once, and back",
    kind: "phases",
    connections: 2_000,
    room: 10,
    rate: 1_500,
    seconds: 40,
    phases: [
      { name: "before", rate: 0.1, rooms: 0.1, seconds: 0.25 },
      { name: "spike", rate: 1, rooms: 1, seconds: 0.5 },
      { name: "after", rate: 0.1, rooms: 0.1, seconds: 0.25 },
    ],
    targets: { p95: 500, p99: 1_000 },
  },
  endurance: {
    title: "the same load for minutes",
    kind: "phases",
    connections: 500,
    room: 10,
    rate: 500,
    seconds: 300,
    targets: { p95: 100, p99: 1_000 },
  },
  churn: {
    title: "every second 2 % of the connections leave, and return from their cursors",
    kind: "phases",
    connections: 500,
    room: 10,
    rate: 250,
    seconds: 40,
    returning: true,
    phases: [{ name: "churn", rate: 1, seconds: 1, churn: 0.02 }],
    targets: { p95: 100, comeBack: 1_000, catchUp: 1_000 },
  },
  stress: {
    title: "more and more connections, to the breaking point",
    kind: "stress",
    connections: 10_000,
    room: 10,
    rate: 1_000,
    seconds: 10,
    targets: { held: 5_000 },
  },
  climb: {
    title: "higher and higher rates, until delivery p99 passes 250 ms",
    kind: "climb",
    connections: 100,
    room: 10,
    rate: 0,
    seconds: 6,
    targets: { rate: 2_500 },
  },
  "users-1000": steady("many users who say little", 1_000, 100, 100),
  "users-5000": steady("very many users who say little", 5_000, 500, 100),
  target: {
    title: "a thousand users, a thousand messages a second: is it fast enough?",
    kind: "phases",
    connections: 1_000,
    room: 10,
    rate: 1_000,
    seconds: 30,
    targets: { deliveryP99: 15, ackP99: 25 },
  },
  "room-1": rooms(1, 100, 1_000),
  "room-10": rooms(10, 100, 1_000),
  "room-100": rooms(100, 1_000, 100),
  "room-1000": rooms(1_000, 1_000, 20),
  "fan-in": {
    title: "many publish to one topic, and few subscribe",
    kind: "phases",
    connections: 105,
    room: 5,
    rate: 1_000,
    seconds: 20,
    shape: "fan-in",
    targets: { p95: 100 },
  },
  inbox: {
    title: "user to user, each with a copy for the sender's other devices",
    kind: "phases",
    connections: 200,
    room: 1,
    rate: 500,
    seconds: 20,
    shape: "inboxes",
    targets: { p95: 100 },
  },
  "reconnect-storm": {
    title: "all but one of each room leave, miss messages, and return at once",
    kind: "storm",
    connections: 1_000,
    room: 10,
    rate: 500,
    seconds: 20,
    shape: "kept-rooms",
    returning: true,
    targets: { comeBack: 1_000, catchUp: 1_000 },
  },
  "rolling-restart": {
    title: "every edge is restarted, one after the other, under load",
    kind: "phases",
    connections: 200,
    room: 10,
    rate: 200,
    seconds: 60,
    returning: true,
    phases: [{ name: "restart", rate: 1, seconds: 1, disturbed: "edges" }],
    targets: { absence: 2_000 },
  },
  "rolling-update": {
    title: "every process is replaced, one after the other, under load",
    kind: "phases",
    connections: 200,
    room: 10,
    rate: 1_000,
    seconds: 90,
    returning: true,
    phases: [{ name: "update", rate: 1, seconds: 1, disturbed: "edges routers sessions workers" }],
    targets: { absence: 2_000 },
  },
  idle: {
    title: "connections that do nothing: what memory each takes",
    kind: "idle",
    connections: 10_000,
    room: 10,
    rate: 0,
    seconds: 30,
    connectPerSecond: 200,
    targets: { edgeBytes: 20_000, setUp: 100 },
    socketIoTargets: { edgeBytes: 32_768 },
  },
  "tcp-idle": {
    title: "connections over TCP that do nothing: what memory the edges take in all",
    kind: "idle",
    connections: 1_000,
    room: 10,
    rate: 0,
    seconds: 30,
    protocol: "tcp",
    connectPerSecond: 200,
    targets: { edgeMegabytes: 200 },
  },
  "idle-load": {
    title: "very many connections, of which few say something",
    kind: "phases",
    connections: 10_000,
    room: 10,
    rate: 500,
    seconds: 60,
    connectPerSecond: 200,
    targets: { p95: 100, setUp: 100 },
  },
  "slow-consumers": {
    title: "a fifth of the connections stops reading; the others must not notice",
    kind: "phases",
    connections: 10,
    room: 10,
    rate: 30,
    seconds: 30,
    size: 48_000,
    returning: true,
    phases: [{ name: "stalled", rate: 1, seconds: 1, stalled: 0.2 }],
    targets: { p95: 100 },
  },
  "large-bodies": {
    title: "bodies close to the bound of 192 KiB",
    kind: "phases",
    connections: 20,
    room: 5,
    rate: 20,
    seconds: 20,
    size: 196_000,
    targets: { p95: 500, p99: 1_000 },
  },
  mixed: {
    title:
      "in each room some on /ws, some by Socket.IO, some over TCP, and some who publish by HTTP",
    kind: "phases",
    connections: 200,
    room: 10,
    rate: 500,
    seconds: 20,
    protocol: "mixed",
    httpPublishers: true,
    targets: { p95: 100 },
  },
  tells: {
    title: "MUDs over TCP, each of which tells something to players of every other",
    kind: "phases",
    connections: 100,
    room: 1,
    rate: 1_000,
    seconds: 30,
    shape: "tells",
    protocol: "intermud",
    targets: { p95: 100 },
  },
  "mud-channels": {
    title: "MUDs over TCP on channels of 50: 5,000 channel messages delivered a second",
    kind: "phases",
    connections: 200,
    room: 50,
    rate: 100,
    seconds: 30,
    protocol: "intermud",
    targets: { p95: 100 },
  },
  soak: {
    title: "half the saturation rate with churn, for long: does anything grow?",
    kind: "soak",
    connections: 200,
    room: 10,
    rate: 0,
    seconds: 1_200,
    // Caches fill, heaps find their size: what grows then says nothing about later.
    warmUpSeconds: 180,
    returning: true,
    targets: { p95: 100 },
  },
};
