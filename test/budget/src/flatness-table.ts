import { list, PARTS, table, whole } from "@tellwire/peer-support";
import type { FlatnessResult, StudyResult } from "./flatness.js";
import { medianCost, sum } from "./cost.js";

/** Further from the first, above or below, and it is not called flat. */
const FLAT = 0.15;

export function flatnessMarkdown(results: FlatnessResult): string {
  return Object.values(results)
    .map((study) => [studyTable(study), ...scalingTable(study)].join("\n\n"))
    .join("\n\n");
}

function studyTable({ varies, rate, variants, remarks }: StudyResult): string {
  const base = variants[0]!.total;
  const rows = variants.map(({ label, costs, total }, i) => {
    const parts = medianCost(costs);
    const ratio = total / base;
    return [
      label,
      ...PARTS.map((part) => whole(parts[part] ?? 0)),
      `**${whole(total)}** (${costs.map((cost) => whole(sum(cost))).join(", ")})`,
      i === 0 ? "–" : `${ratio.toFixed(2)}${Math.abs(ratio - 1) <= FLAT ? "" : ": not flat"}`,
    ];
  });
  const runs = variants[0]!.costs.length;
  const head = ["", ...PARTS, `all (${runs} runs)`, "ratio"];
  return [
    `**${varies[0]!.toUpperCase()}${varies.slice(1)}**; ${whole(rate)} publishes/s:`,
    table(head, rows),
    ...(remarks.length > 0 ? [list(remarks)] : []),
  ].join("\n\n");
}

function scalingTable({ variants }: StudyResult): string[] {
  const rows = variants.flatMap(({ label, scaling }) =>
    scaling
      ? [[label, scaling.idle.toFixed(0), scaling.memory.toFixed(0), whole(scaling.highest)]]
      : [],
  );
  if (rows.length === 0) return [];
  const head = [
    "",
    "cluster at rest, thousandths of a core",
    "edges and routers, MiB",
    "highest rate, p99 < 100 ms",
  ];
  return [table(head, rows)];
}
