import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Figure } from "./result.js";

/** A change for the worse beyond these is told. */
const MEDIUM = 0.1;
const HIGH = 0.2;
/** 110 / 100 − 1 is a little more than 0.1. */
const ROUNDING = 1e-9;

export interface Change {
  name: string;
  unit: Figure["unit"];
  before: number;
  now: number;
  /** Above zero: for the worse, as a share of what it was. */
  worse: number;
  level: "medium" | "high" | null;
}

/** What a run was told to do. */
export type Settings = Record<string, string | number>;

export interface Baseline {
  at: string;
  settings: Settings;
  figures: Figure[];
}

/** What two runs were told otherwise, in words: such runs are not to be compared. */
export function differences(before: Settings, now: Settings): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names]
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} was ${before[name] ?? "not told"}, is ${now[name] ?? "not told"}`);
}

/** Figures that both runs have; what was zero and is not is worse without measure. */
export function compare(before: readonly Figure[], now: readonly Figure[]): Change[] {
  return now.flatMap((figure) => {
    const old = before.find(({ name }) => name === figure.name);
    if (!old) return [];
    const rise = old.value === 0 ? Math.sign(figure.value) : figure.value / old.value - 1;
    const worse = figure.better === "lower" ? rise : -rise;
    const level = worse > HIGH + ROUNDING ? "high" : worse > MEDIUM + ROUNDING ? "medium" : null;
    const { name, unit, value } = figure;
    return [{ name, unit, before: old.value, now: value, worse, level }];
  });
}

const pathOf = (out: string, scenario: string): string =>
  join(out, "baselines", `${scenario}.json`);

export function readBaseline(out: string, scenario: string): Baseline | null {
  try {
    return JSON.parse(readFileSync(pathOf(out, scenario), "utf8")) as Baseline;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Returns where it was written. */
export function writeBaseline(out: string, scenario: string, baseline: Baseline): string {
  const path = pathOf(out, scenario);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(baseline, null, 2));
  return path;
}
