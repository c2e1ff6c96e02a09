import measured from "./measured.json" with { type: "json" };

/** What a cluster shall carry. */
export interface Load {
  /** Open at once. */
  connections: number;
  /** A second, of all clients together. */
  publishes: number;
  /** Subscribers that each publish is delivered to, in the mean. */
  fanOut: number;
}

export const PARTS = [
  "nginx",
  "edges",
  "redis",
  "routers",
  "pgbouncer",
  "postgres",
  "others",
] as const;
/** As `npm run budget` takes them apart; `others` are session and worker. */
export type Part = (typeof PARTS)[number];

export interface Need {
  part: Part;
  /** Cores of the machine on which it was measured. */
  cores: number;
  /** Of all replicas, with their connections, in bytes; null where it was not measured. */
  memory: number | null;
  /** Processes that share the load with room to spare, of session as of worker; null where replicas are no answer. */
  replicas: number | null;
}

export interface Capacity {
  needs: Need[];
  cores: number;
  /** Where the load lies beyond what was measured, and what to think of the figures then. */
  doubts: string[];
}

/** CPU microseconds that a publish costs each part, at one rate, delivered to one or to ten. */
interface Point {
  rate: number;
  toOne: Record<Part, number>;
  toTen: Record<Part, number>;
}

/** Fan-out of `toTen`. */
const TEN = 10;
const POINTS: readonly Point[] = measured.cpu;
const FIRST = POINTS[0] as Point;
const LAST = POINTS.at(-1) as Point;

/** As the chart's autoscaling: a process uses one core, and 30 % of it are for what comes suddenly. */
const UTILISATION = 0.7;
/** As the chart's autoscaling: half of what an edge takes, so that those of a lost edge have room. */
const CONNECTIONS_PER_EDGE = 10_000;
/** The loss of one is then a matter of seconds. */
const LEAST_REPLICAS = 2;

/** What `npm run budget` measured, carried over to another load. */
export function capacityFor(load: Load): Capacity {
  const needs = PARTS.map((part): Need => {
    const cores = coresOf(part, load);
    const replicas = replicasOf(part, cores, load);
    return { part, cores, memory: memoryOf(part, replicas, load), replicas };
  });
  const cores = needs.reduce((sum, need) => sum + need.cores, 0);
  return { needs, cores, doubts: doubtsAbout(load) };
}

/**
 * Between two rates cores lie on a line, since most of what a publish costs is
 * the waking of processes that batches share. Below the lowest it is what the
 * lowest takes; above the highest a publish costs what it does there.
 */
function coresOf(part: Part, { publishes, fanOut }: Load): number {
  const at = (point: Point, rate = point.rate): number =>
    (rate * costOf(part, point, fanOut)) / 1e6;
  if (publishes <= FIRST.rate) return at(FIRST);
  if (publishes >= LAST.rate) return at(LAST, publishes);
  const next = POINTS.findIndex(({ rate }) => rate >= publishes);
  const [below, above] = [POINTS[next - 1] as Point, POINTS[next] as Point];
  const share = (publishes - below.rate) / (above.rate - below.rate);
  return at(below) + share * (at(above) - at(below));
}

/**
 * A publish costs something, and each delivery the same again. Whoever has
 * nothing to do with deliveries may have measured a little less with more of
 * them: that is noise, and is not carried on.
 */
function costOf(part: Part, { toOne, toTen }: Point, fanOut: number): number {
  const delivery = (toTen[part] - toOne[part]) / (TEN - 1);
  if (fanOut > TEN) return toTen[part] + (fanOut - TEN) * Math.max(0, delivery);
  return toOne[part] + (fanOut - 1) * delivery;
}

function replicasOf(part: Part, cores: number, { connections }: Load): number | null {
  const busy = Math.ceil(cores / UTILISATION);
  // One primary writes the log, with as many cores as it takes.
  if (part === "postgres") return null;
  if (part === "redis") return Math.max(1, busy);
  const full = part === "edges" ? Math.ceil(connections / CONNECTIONS_PER_EDGE) : 0;
  // What is lost with one of them must fit into the rest.
  return Math.max(LEAST_REPLICAS, busy, full);
}

/** What other servers hold is their configuration's to say. */
function memoryOf(part: Part, replicas: number | null, { connections }: Load): number | null {
  const { edgeBytesPerConnection, processBytes } = measured;
  if (replicas === null) return null;
  if (part === "edges") return replicas * processBytes.edges + connections * edgeBytesPerConnection;
  if (part === "routers") return replicas * processBytes.routers;
  // Session and worker, and so many of each.
  return part === "others" ? 2 * replicas * processBytes.others : null;
}

function doubtsAbout({ publishes, fanOut }: Load): string[] {
  const doubts: string[] = [];
  if (publishes < FIRST.rate) {
    doubts.push(
      `Below ${FIRST.rate} publishes/s nothing was measured: the CPU is that of ${FIRST.rate}/s, which is more than it takes.`,
    );
  }
  if (publishes > LAST.rate) {
    doubts.push(
      `Above ${LAST.rate} publishes/s nothing was measured: each is taken to cost what it does there. Batches still grow, for less; rooms spread over more edges than two, for more.`,
    );
  }
  if (fanOut > TEN) {
    doubts.push(
      `Above ${TEN} deliveries a publish nothing was measured: each is taken to cost what the first ${TEN} do.`,
    );
  }
  return doubts;
}
