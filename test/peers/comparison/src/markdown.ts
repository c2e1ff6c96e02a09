import type { Percentiles } from "@tellwire/loadgen";
import type { SeriesName } from "./plan.js";
import { type ClimbSummary, median, type RateSummary } from "./summary.js";

const TITLES: Record<SeriesName, string> = {
  peer: "hand-written",
  ws: "Tellwire `/ws`",
  socketio: "Tellwire Socket.IO",
};

const ms = (n: number): string => n.toFixed(n < 100 ? 1 : 0);
const three = ({ p50, p95, p99 }: Percentiles): string => [p50, p95, p99].map(ms).join(" / ");
const row = (cells: (string | number)[]): string => `| ${cells.join(" | ")} |`;

function table(head: string[], rows: (string | number)[][]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** The tables of `docs/performance.md`. */
export function markdownOf(summaries: readonly ClimbSummary[], pairs: number): string {
  return [
    `### Highest rate that holds (median of ${pairs} interleaved runs)`,
    "Publishes a second, each acknowledged after its commit. In brackets each run.",
    highestTable(summaries),
    "### Light load (50/s)",
    lightTable(summaries),
    "### Latency at each rate",
    "Milliseconds from the intended send time, p50 / p95 / p99, medians of the runs that reached the rate.",
    latencyTable(summaries),
    "",
  ].join("\n\n");
}

const runsOf = (rates: number[]): string => `**${median(rates)}** (${rates.join(", ")})`;

function highestTable(summaries: readonly ClimbSummary[]): string {
  const head = ["connections", "room", "", "p99 < 100 ms", "p99 < 250 ms", "× hand-written"];
  const rows = summaries.map((s) => {
    const peer = summaries.find(
      (p) => p.series === "peer" && p.connections === s.connections && p.roomSize === s.roomSize,
    );
    const ratio = (pick: (of: ClimbSummary) => number[]): string =>
      peer ? (median(pick(s)) / median(pick(peer))).toFixed(1) : "–";
    const ratios =
      s.series === "peer" || !peer
        ? "–"
        : `${ratio((of) => of.below100)} / ${ratio((of) => of.below250)}`;
    return [
      s.connections,
      s.roomSize,
      TITLES[s.series],
      runsOf(s.below100),
      runsOf(s.below250),
      ratios,
    ];
  });
  return table(head, rows);
}

function lightTable(summaries: readonly ClimbSummary[]): string {
  const rows = summaries.flatMap((s) =>
    s.light ? [[s.connections, TITLES[s.series], three(s.light.ack), three(s.light.delivery)]] : [],
  );
  return table(["connections", "", "ack ms", "delivery ms"], rows);
}

const coresOf = (rate: RateSummary): string =>
  `${rate.cores.toFixed(2)} + ${rate.generatorCores.toFixed(2)} generator`;

function latencyTable(summaries: readonly ClimbSummary[]): string {
  const head = ["connections", "room", "rate", "", "achieved", "ack ms", "delivery ms", "cores"];
  const all = summaries.flatMap((summary) => summary.rates.map((rate) => ({ summary, rate })));
  const rows = all
    .toSorted(
      (a, b) =>
        a.summary.connections - b.summary.connections ||
        a.summary.roomSize - b.summary.roomSize ||
        a.rate.rate - b.rate.rate,
    )
    .map(({ summary: s, rate }) => [
      s.connections,
      s.roomSize,
      rate.rate,
      TITLES[s.series],
      rate.achieved.toFixed(0),
      three(rate.ack),
      three(rate.delivery),
      coresOf(rate),
    ]);
  return table(head, rows);
}
