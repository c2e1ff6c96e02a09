import type { Change } from "../baseline.js";
import type { PhaseResult, Result, SecondRow } from "../result.js";
import type { Trend } from "../trend.js";
import { cpuPerPublish } from "../figures.js";
import { change, digits, three, value, verdictText, whole } from "./format.js";
import { escape, type Line, type Plot, plotOf } from "./plot.js";
import { STYLE } from "./style.js";

const MIB = 1024 * 1024;

function table(head: string[], rows: string[][]): string {
  const cells = (tag: string, row: string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  const body = rows.map((row) => cells("td", row)).join("");
  return `<div class="scroll"><table>${cells("th", head)}${body}</table></div>`;
}

const section = (title: string, body: string): string =>
  body === "" ? "" : `<h2>${escape(title)}</h2>${body}`;

const notes = (lines: readonly string[], kind = ""): string =>
  lines.length === 0
    ? ""
    : `<ul class="notes ${kind}">${lines.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>`;

/** One page that needs nothing but itself. */
export function htmlOf(result: Result): string {
  const { scenario, title, at, machine, settings, phases, faults, findings, doubts } = result;
  const grade = result.grade?.grade;
  const kind =
    faults.length > 0 ? "bad" : grade === undefined || /[AB]/.test(grade) ? "good" : "middle";
  const set = Object.entries(settings).map(([name, setting]) => [name, String(setting)]);
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escape(scenario)} · load report</title><style>${STYLE}</style></head><body>`,
    `<div class="head"><div class="grade ${kind}">${grade ?? (faults.length > 0 ? "F" : "✓")}</div>`,
    `<div><h1>${escape(scenario)}</h1><p>${escape(title)}</p>`,
    `<p class="soft">${escape(at)} · ${machine.cores} cores, ${escape(machine.cpu)}</p></div></div>`,
    faults.length === 0
      ? `<p class="good">Every promise was kept: nothing lost, doubled, disordered or misnumbered.</p>`
      : notes(faults, "bad"),
    notes(result.grade?.because ?? []),
    notes(findings),
    notes(doubts, "middle"),
    section("Phases", phases.length === 0 ? "" : phaseTable(phases)),
    ...plotsOf(result.seconds).map(plotOf),
    section("Cores", phases.length === 0 ? "" : coresTable(phases)),
    section("Trends", result.trends.length === 0 ? "" : trendTable(result.trends)),
    section("Compared with the baseline", result.changes ? changeTable(result.changes) : ""),
    section(
      result.runs > 1 ? `All figures, medians of ${result.runs} runs` : "All figures",
      table(
        ["", ""],
        result.figures.map((f) => [f.name, value(f)]),
      ),
    ),
    section("Settings", table(["", ""], set)),
    "</body></html>\n",
  ].join("\n");
}

function phaseTable(phases: readonly PhaseResult[]): string {
  const head = [
    "",
    "connections",
    "offered",
    "achieved",
    "ack ms",
    "delivery ms",
    "lag p99",
    "errors",
  ];
  const rows = phases.map((phase) => [
    phase.name,
    whole(phase.connections),
    `${whole(phase.offered / phase.seconds)}/s`,
    `${whole(phase.achieved)}/s`,
    three(phase.ack),
    three(phase.delivery),
    `${phase.lag.p99.toFixed(1)} ms`,
    `${(phase.errorRate * 100).toFixed(2)} %`,
  ]);
  return `${table(head, rows)}<p class="soft">Latencies p50 / p95 / p99, from the intended send time; lag is how late the generator sent.</p>`;
}

function coresTable(phases: readonly PhaseResult[]): string {
  const groups = [...new Set(phases.flatMap(({ cores }) => Object.keys(cores)))];
  const rows = phases.map((phase) => {
    const cpu = cpuPerPublish(phase);
    const cores = groups.map((group) => (phase.cores[group] ?? 0).toFixed(2));
    return [phase.name, ...cores, cpu === null ? "–" : `${whole(cpu)} µs`];
  });
  return table(["", ...groups, "CPU a publish"], rows);
}

function trendTable(trends: readonly Trend[]): string {
  const rows = trends.map((trend) => [
    trend.name,
    `${digits(trend.mean)} ${trend.unit}`,
    `${digits(trend.slope)} ± ${digits(trend.uncertainty)}`,
    verdictText(trend),
  ]);
  return table(["", "mean", "an hour (99.9 %)", ""], rows);
}

function changeTable(changes: readonly Change[]): string {
  const rows = changes.map(({ name, unit, before, now, worse, level }) => [
    name,
    value({ value: before, unit }),
    value({ value: now, unit }),
    change(worse),
    level ?? "",
  ]);
  return table(["", "baseline", "now", "", ""], rows);
}

function plotsOf(rows: readonly SecondRow[]): Plot[] {
  if (rows.length < 2) return [];
  const marks = rows.flatMap(({ phase }, at) =>
    phase === rows[at - 1]?.phase ? [] : [{ at, name: phase }],
  );
  const line = (name: string, of: (row: SecondRow) => number | null): Line => ({
    name,
    values: rows.map(of),
  });
  const latency = (which: "ack" | "delivery"): Line[] =>
    (["p50", "p95", "p99"] as const).map((p) => line(p, (row) => row[which][p] || null));
  const groups = [...new Set(rows.flatMap(({ processes }) => Object.keys(processes)))];
  const usage = (pick: (row: SecondRow, group: string) => number | null): Line[] =>
    groups.map((group) => line(group, (row) => pick(row, group)));
  const plots: Plot[] = [
    {
      title: "Publishes",
      unit: "a second",
      lines: [
        line("offered", ({ offered }) => offered),
        line("acknowledged", ({ acknowledged }) => acknowledged),
        line("refused", ({ refused }) => refused),
      ],
      marks,
    },
    {
      title: "Deliveries",
      unit: "a second",
      lines: [line("delivered", (r) => r.delivered)],
      marks,
    },
    ...(["delivery", "ack"] as const).map((which) => ({
      title: `Latency of the ${which}`,
      unit: "ms from the intended send time, logarithmic",
      lines: latency(which),
      marks,
      logarithmic: true,
    })),
    { title: "Connections", unit: "", lines: [line("connections", (r) => r.connections)], marks },
    {
      title: "CPU",
      unit: "cores",
      lines: usage(({ processes }, group) => processes[group]?.cores ?? null),
      marks,
    },
    {
      title: "Memory",
      unit: "MiB resident; pages that processes share count in each",
      lines: usage(({ processes }, group) => {
        const rss = processes[group]?.rss;
        return rss ? rss / MIB : null;
      }).filter(({ values }) => values.some((each) => each !== null)),
      marks,
    },
  ];
  return plots.filter(({ lines }) => lines.length > 0);
}
