import type { Percentiles } from "@tellwire/loadgen";
import { LIMITS } from "./search.js";
import { type Comparison, median, type PeerSummary, ratiosOf } from "./summary.js";
import { type Kind, peers } from "./systems.js";
import { commonRate } from "./turn.js";

const HEADINGS: Record<Kind, string> = { rooms: "Rooms", inboxes: "One to one" };
const KINDS: readonly Kind[] = ["rooms", "inboxes"];

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (string | number)[][]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const rate = (n: number): string => String(Math.round(n * 10) / 10);
const whole = (n: number): string => String(Math.round(n));
const ms = (n: number): string => n.toFixed(n < 100 ? 1 : 0);
const three = ({ p50, p95, p99 }: Percentiles): string => [p50, p95, p99].map(ms).join(" / ");

/** The median of the pairs' ratios, with the least and the most. */
function ratio(comparison: Comparison): string {
  const ratios = ratiosOf(comparison);
  if (ratios.length === 0) return "–";
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return `**${median(ratios).toFixed(1)}** (${least.toFixed(1)}–${most.toFixed(1)})`;
}

const cells = (comparison: Comparison, show: (n: number) => string): string[] => [
  show(median(comparison.peer)),
  show(median(comparison.tellwire)),
  ratio(comparison),
];
const titleOf = ({ peer }: Pick<PeerSummary, "peer">): string => peers[peer]?.title ?? peer;

/** The tables of `docs/performance.md`. */
export function markdownOf(summaries: readonly PeerSummary[]): string {
  const sorted = summaries.toSorted(
    (a, b) => a.roomSize - b.roomSize || a.connections - b.connections,
  );
  const byKind = Map.groupBy(sorted, ({ kind }) => kind);
  return KINDS.flatMap((kind) => sectionOf(kind, byKind.get(kind) ?? [])).join("\n\n");
}

function sectionOf(kind: Kind, of: readonly PeerSummary[]): string[] {
  if (of.length === 0) return [];
  const common = [...new Set(of.map(({ roomSize }) => commonRate(roomSize)))].join(", ");
  return [
    `### ${HEADINGS[kind]}: highest rate that holds`,
    "Publishes a second, each acknowledged in the sense that the peer's README tells: medians of the pairs; × is the median of the pairs' ratios, in brackets the least and the most. The rungs of the search are 1.26 times apart.",
    highestTable(of),
    `### ${HEADINGS[kind]}: publishes for each CPU-second`,
    `CPU of all processes of a system, with nginx, Redis and Postgres: at ${common}/s; at the highest rate that the peer held in that pair with p99 < ${LIMITS.at(-1)} ms; and each at the highest that it held itself.`,
    cpuTable(of),
    `### ${HEADINGS[kind]}: latency at ${common}/s`,
    "Milliseconds from the intended send time, p50 / p95 / p99, medians of the pairs.",
    latencyTable(of),
    remarksOf(of),
  ].filter((part) => part !== "");
}

function highestTable(of: readonly PeerSummary[]): string {
  const limits = LIMITS.flatMap((limit) => [`p99 < ${limit} ms`, "Tellwire", "×"]);
  const rows = of.map((s) => [
    s.connections,
    s.kind === "rooms" ? s.roomSize : 1,
    titleOf(s),
    s.pairs,
    ...s.highest.flatMap((comparison) => cells(comparison, rate)),
  ]);
  return table(["connections", "recipients", "peer", "pairs", ...limits], rows);
}

function cpuTable(of: readonly PeerSummary[]): string {
  const titles = ["at the common rate", "at the peer's highest", "at its own highest"];
  const rows = of.map((s) => [
    s.connections,
    titleOf(s),
    ...cells(s.perCpuSecond, whole),
    ...cells(s.perCpuSecondAtHighest, whole),
    ...cells(s.perCpuSecondAtOwnHighest, whole),
  ]);
  return table(
    ["connections", "peer", ...titles.flatMap((title) => [title, "Tellwire", "×"])],
    rows,
  );
}

function latencyTable(of: readonly PeerSummary[]): string {
  const rows = of.map(({ common: { peer, tellwire }, ...s }) => [
    s.connections,
    titleOf(s),
    three(peer.ack),
    three(tellwire.ack),
    three(peer.delivery),
    three(tellwire.delivery),
  ]);
  return table(["connections", "peer", "ack", "Tellwire", "delivery", "Tellwire"], rows);
}

function remarksOf(of: readonly PeerSummary[]): string {
  const remarks = of.flatMap((s) => {
    const where = `${titleOf(s)}, ${s.connections} connections`;
    return [
      ...(s.faulty.peer > 0
        ? [
            `${where}: ${s.faulty.peer} of ${s.pairs} turns of the peer lost, doubled or did not answer messages.`,
          ]
        : []),
      ...(s.faulty.tellwire > 0
        ? [`${where}: ${s.faulty.tellwire} of ${s.pairs} turns of Tellwire broke a promise.`]
        : []),
      ...(s.doubtful > 0
        ? [
            `${where}: ${s.doubtful} steps were disturbed by other work on the machine, or by the generator.`,
          ]
        : []),
    ];
  });
  return remarks.map((remark) => `- ${remark}`).join("\n");
}
