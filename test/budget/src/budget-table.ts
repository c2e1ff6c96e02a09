import { type BudgetResult, CONNECTIONS, type RateResult, ROOM } from "./budget.js";
import { median } from "@tellwire/loadgen";
import { list, type Part, PARTS, table, whole } from "@tellwire/peer-support";
import { type Cost, medianCost, split, type Split } from "./cost.js";

const TITLES: Record<Part, string> = {
  nginx: "load balancer",
  edges: "edges",
  redis: "Redis",
  routers: "routers",
  pgbouncer: "PgBouncer",
  postgres: "Postgres",
  others: "session, worker",
};

/** CPU microseconds of one part at one rate; the floor is of a publish to a room of 10 as well. */
export interface BudgetRow extends Split {
  rate: number;
  part: string;
  toRoom: number;
  floor: number;
}

export function rowsOf({ rates }: BudgetResult): BudgetRow[] {
  return rates.flatMap((result) => {
    const rows = PARTS.map((part) => rowOf(result, part));
    const of = (pick: (row: BudgetRow) => number): number =>
      rows.reduce((all, row) => all + pick(row), 0);
    const all: BudgetRow = {
      rate: result.rate,
      part: "all",
      publish: of((row) => row.publish),
      delivery: of((row) => row.delivery),
      toRoom: of((row) => row.toRoom),
      floor: of((row) => row.floor),
    };
    return [...rows, all];
  });
}

function rowOf(result: RateResult, part: Part): BudgetRow {
  const costIn = (costs: Record<number, Cost[]>, size: number): number =>
    medianCost(costs[size] ?? [])[part] ?? 0;
  const [alone, toRoom] = [costIn(result.tellwire, 1), costIn(result.tellwire, ROOM)];
  // Each part has its floor in one of the two, and nothing in the other. Session and worker
  // have none: a bare system would do without them.
  const floor = costIn(result.entrance, ROOM) + (medianCost(result.log)[part] ?? 0);
  return { rate: result.rate, part: TITLES[part], ...split(alone, toRoom, ROOM), toRoom, floor };
}

export function budgetMarkdown(result: BudgetResult, rounds: number): string {
  const rows = rowsOf(result).map((row) => [
    row.part,
    whole(row.rate),
    whole(row.publish),
    row.delivery.toFixed(1),
    whole(row.toRoom),
    whole(row.floor),
    row.floor > 0 ? (row.toRoom / row.floor).toFixed(1) : "–",
  ]);
  const batches = result.rates.map(
    ({ rate, batches: of }) => `${median(of[ROOM] ?? []).toFixed(1)} at ${whole(rate)}/s`,
  );
  return [
    `CPU microseconds, ${whole(CONNECTIONS)} connections, bodies of 300 characters, medians of ${rounds} rounds. ` +
      `An append carried ${batches.join(", ")}.`,
    table(
      [
        "part",
        "publishes/s",
        "a publish",
        "a delivery",
        `a publish to ${ROOM}`,
        "its floor",
        "× floor",
      ],
      rows,
    ),
    ...(result.remarks.length > 0 ? [list(result.remarks)] : []),
  ].join("\n\n");
}
