import { cpus } from "node:os";
import type { Round } from "./round.js";
import { RATE } from "./traffic.js";

/** One row a fault: counts of all its rounds together, and its worst times. */
export function table(rounds: readonly Round[]): string {
  const head = [
    "fault",
    "rounds",
    "acknowledged",
    "in Postgres",
    "delivered",
    "lost",
    "doubled",
    "out of order",
    "acks back after",
    "deliveries back after",
    "verdict",
  ];
  const byFault = Map.groupBy(rounds, ({ fault }) => fault);
  const rows = [...byFault].map(([fault, all]) => {
    const sum = (key: Count): string =>
      all.reduce((total, each) => total + each[key], 0).toString();
    const worst = (key: "ackSilenceMs" | "deliverySilenceMs"): string =>
      `${(Math.max(...all.map((each) => each[key])) / 1000).toFixed(1)} s`;
    const broken = [...new Set(all.flatMap((each) => each.broken))];
    return [
      fault,
      String(all.length),
      ...COUNTS.map(sum),
      worst("ackSilenceMs"),
      worst("deliverySilenceMs"),
      broken.length === 0 ? "ok" : broken.join("; "),
    ];
  });
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
}

const COUNTS = [
  "acknowledged",
  "inPostgres",
  "delivered",
  "lost",
  "doubled",
  "disordered",
] as const;
type Count = (typeof COUNTS)[number];

/** The page that is kept with the documentation. */
export function page(rounds: readonly Round[]): string {
  const [cpu] = cpus();
  return `# Faults

What became of the messages when something broke. \`npm run faults\` writes this page;
\`npm test\` forces every row once.

${table(rounds)}
**How it was got**, on ${new Date().toISOString().slice(0, 10)}, on one machine with ${cpus().length} cores (${cpu?.model.trim() ?? "unknown"})
that also ran Redis, Postgres (fsync on), PgBouncer, nginx and the clients: 20 senders publish
${RATE} messages a second in an open loop to 8 topics, in both lanes, one in 50 scheduled for later;
8 subscribers receive 4 of the topics each, 2,000 deliveries a second. All use the client library,
through nginx, one sender and one subscriber with Socket.IO, the others with WebSocket. Two users
more do without the library and without cursors: they get messages in their inboxes, keep leaving
their connections, come back by \`resume\`, and each time subscribe to one topic more. The fault
strikes in the midst; traffic goes on until everybody is served again, then stops, and what was
promised is compared with what stands in Postgres and with what each subscriber saw.

- *lost*: acknowledged, but not in Postgres under that seq; scheduled, but never sent; or in
  Postgres, but not seen by a subscriber.
- *doubled*: one publish committed twice, or a seq that a subscriber saw twice, or that an edge wrote
  twice to one connection.
- *out of order*: a hole in a topic's seqs, a seq that a subscriber saw after a later one, or two
  messages of one sender, topic and lane that changed places.
- *back after*: the longest time for which any one sender got no acknowledgement on one topic (any
  one subscriber no message of one topic) since the fault began. A frozen process counts from the moment it was frozen, so the
  7 seconds of its freezing are included for the clients of a frozen edge.
- *in Postgres* counts the scheduled messages as well; *acknowledged* does not.
`;
}
