import type { Percentiles } from "@tellwire/loadgen";
import type { Figure } from "../result.js";
import type { Trend } from "../trend.js";

export const milliseconds = (n: number): string => n.toFixed(n < 100 ? 1 : 0);

export const three = ({ p50, p95, p99 }: Percentiles): string =>
  [p50, p95, p99].map(milliseconds).join(" / ");

export const whole = (n: number): string => Math.round(n).toLocaleString("en");

export function value({ value: n, unit }: Pick<Figure, "value" | "unit">): string {
  if (unit === "ms") return `${milliseconds(n)} ms`;
  if (unit === "%") return `${n.toFixed(2)} %`;
  if (unit === "/s") return `${n < 10 ? n.toFixed(1) : whole(n)}/s`;
  return `${whole(n)} ${unit}`.trim();
}

/** In three digits, and without an exponent. */
export const digits = (n: number): string => Number(n.toPrecision(3)).toLocaleString("en");

export const verdictText = ({ verdict }: Trend): string =>
  verdict === "flat" ? "flat: not distinguishable from zero" : verdict;

/** "12 % worse", "3 % better". */
export function change(worse: number): string {
  const percent = Math.round(Math.abs(worse) * 100);
  if (percent === 0) return "the same";
  return `${percent} % ${worse > 0 ? "worse" : "better"}`;
}
