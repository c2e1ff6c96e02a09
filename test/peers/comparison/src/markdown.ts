import { median, type Percentiles } from "@tellwire/loadgen";
import { list, table } from "@tellwire/peer-support";
import { LIMITS, WIDEST } from "./search.js";
import { type Comparison, medianOf, type PeerSummary, ratiosOf } from "./summary.js";
import { type Kind, peers } from "./systems.js";
import { commonRate } from "./turn.js";

const HEADINGS: Record<Kind, string> = { rooms: "Rooms", inboxes: "One to one" };
const KINDS: readonly Kind[] = ["rooms", "inboxes"];

const NOT_MEASURED = "–";
const rate = (n: number): string => String(Math.round(n * 10) / 10);
const whole = (n: number): string => String(Math.round(n));
const ms = (n: number): string => n.toFixed(n < 100 ? 1 : 0);
const three = (of: Percentiles | undefined): string =>
  of ? [of.p50, of.p95, of.p99].map(ms).join(" / ") : NOT_MEASURED;

/** The median of the pairs' ratios, with the least and the most, and in how many pairs there is none. */
function ratio(comparison: Comparison): string {
  const ratios = ratiosOf(comparison);
  const none = comparison.peer.filter((value) => value === 0).length;
  if (ratios.length === 0) return none > 0 ? "peer held none" : NOT_MEASURED;
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  const unknown = comparison.peer.length - ratios.length - none;
  const range = [
    `${least.toFixed(1)}–${most.toFixed(1)}`,
    ...(none > 0 ? [`peer held none in ${none}`] : []),
    ...(unknown > 0 ? [`not measured in ${unknown}`] : []),
  ];
  return `**${median(ratios).toFixed(1)}** (${range.join("; ")})`;
}

function cells(comparison: Comparison, show: (n: number) => string): string[] {
  const middle = (values: readonly (number | null)[]): string => {
    const value = medianOf(values);
    return value === null ? NOT_MEASURED : show(value);
  };
  return [middle(comparison.peer), middle(comparison.tellwire), ratio(comparison)];
}

const titleOf = ({ system }: Pick<PeerSummary, "system">): string => peers[system]?.title ?? system;

/** A row of the tables, in words. */
export const rowName = (of: Pick<PeerSummary, "system" | "connections">): string =>
  `${titleOf(of)}, ${of.connections} connections`;

/** The tables of `docs/performance.md`. */
export function markdownOf(summaries: readonly PeerSummary[]): string {
  const sorted = summaries.toSorted(
    (a, b) => a.roomSize - b.roomSize || a.connections - b.connections,
  );
  const byKind = Map.groupBy(sorted, ({ kind }) => kind);
  return KINDS.flatMap((kind) => sectionOf(kind, byKind.get(kind) ?? [])).join("\n\n");
}

function sectionOf(kind: Kind, of: readonly PeerSummary[]): string[] {
  const played = of.filter(({ pairs }) => pairs > 0);
  if (played.length === 0) return of.length === 0 ? [] : [remarksOf(of)];
  const common = [...new Set(played.map(({ roomSize }) => commonRate(roomSize)))].join(", ");
  return [
    `### ${HEADINGS[kind]}: highest rate that holds`,
    "Publishes a second, each acknowledged in the sense that the peer's README tells: medians of the pairs; × is the median of the pairs' ratios, in brackets the least and the most. 0 where no rate held. The rungs of the search are 1.26 times apart.",
    highestTable(played),
    `### ${HEADINGS[kind]}: publishes for each CPU-second`,
    `CPU of all processes of a system, with nginx, Redis and Postgres: at ${common}/s; at the highest rate that the peer held in that pair with p99 < ${WIDEST} ms and Tellwire played too; and each at the highest that it held itself.`,
    cpuTable(played),
    `### ${HEADINGS[kind]}: latency at ${common}/s`,
    "Milliseconds from the intended send time, p50 / p95 / p99, medians of the pairs.",
    latencyTable(played),
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
    three(peer?.ack),
    three(tellwire?.ack),
    three(peer?.delivery),
    three(tellwire?.delivery),
  ]);
  return table(["connections", "peer", "ack", "Tellwire", "delivery", "Tellwire"], rows);
}

function remarksOf(of: readonly PeerSummary[]): string {
  return list(of.flatMap((s) => remarksOn(s).map((remark) => `${rowName(s)}: ${remark}.`)));
}

function remarksOn({ pairs, faulty, open, failed, doubtful }: PeerSummary): string[] {
  const turns = (n: number): string => `${n} of ${pairs} turns`;
  const remarks: [number, string][] = [
    [faulty.peer, `${turns(faulty.peer)} of the peer lost, doubled or did not answer messages`],
    [faulty.tellwire, `${turns(faulty.tellwire)} of Tellwire broke a promise`],
    [
      open.peer,
      `the search was cut off in ${turns(open.peer)} of the peer, whose highest rates are not certain there`,
    ],
    [
      open.tellwire,
      `the search was cut off in ${turns(open.tellwire)} of Tellwire, whose highest rates are not certain there`,
    ],
    [
      failed.peer.length,
      `${failed.peer.length} more turns of the peer could not be played (${inOneLine(failed.peer)})`,
    ],
    [
      failed.tellwire.length,
      `${failed.tellwire.length} turns of Tellwire could not be played, which counts as 0 (${inOneLine(failed.tellwire)})`,
    ],
    [
      doubtful.peer + doubtful.tellwire,
      `${doubtful.peer} steps of the peer and ${doubtful.tellwire} of Tellwire were disturbed by other work on the machine, or by the generator`,
    ],
  ];
  return remarks.flatMap(([n, remark]) => (n > 0 ? [remark] : []));
}

/** Each reason once. */
const inOneLine = (reasons: readonly string[]): string =>
  [...new Set(reasons.map((reason) => reason.split("\n", 1)[0]!))].join("; ");
