import { digits } from "./format.js";

export interface Line {
  name: string;
  /** One a second; null where there is nothing to show. */
  values: readonly (number | null)[];
}

export interface Plot {
  title: string;
  unit: string;
  lines: readonly Line[];
  /** Seconds at which a phase begins, and its name. */
  marks: readonly { at: number; name: string }[];
  /** The y axis counts in powers of ten. */
  logarithmic?: boolean;
}

const WIDTH = 900;
const HEIGHT = 240;
const BOX = { left: 56, right: 12, top: 16, bottom: 24 };
const INNER = { width: WIDTH - BOX.left - BOX.right, height: HEIGHT - BOX.top - BOX.bottom };
/** More points than pixels are of no use: neighbours are put together by their highest. */
const MOST_POINTS = 450;
const TICKS = 4;
/** Colours of the style sheet: `--line-0` and on. */
const COLOURS = 10;

export const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** A round number, at least `n`. */
export function niceAbove(n: number): number {
  if (n <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]
    .map((step) => step * power)
    .find((step) => step >= n * 0.999)!;
}

/** At most so many values, each the highest of its neighbours. */
export function thin(values: readonly (number | null)[], most: number): (number | null)[] {
  const every = Math.ceil(values.length / most);
  if (every <= 1) return [...values];
  return Array.from({ length: Math.ceil(values.length / every) }, (_, i) => {
    const some = values.slice(i * every, (i + 1) * every).filter((value) => value !== null);
    return some.length === 0 ? null : Math.max(...some);
  });
}

interface Axis {
  ticks: number[];
  /** 0 at the bottom, 1 at the top. */
  place(value: number): number;
}

function axisOf({ lines, logarithmic }: Plot): Axis {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
  const highest = values.reduce((a, b) => Math.max(a, b), 0);
  if (!logarithmic) {
    const step = niceAbove(highest / TICKS);
    const ticks = Array.from({ length: TICKS + 1 }, (_, i) => i * step);
    return { ticks, place: (value) => value / (step * TICKS) };
  }
  const lowest = values.filter((value) => value > 0).reduce((a, b) => Math.min(a, b), highest || 1);
  const from = Math.floor(Math.log10(lowest));
  const to = Math.max(from + 1, Math.ceil(Math.log10(highest || 10)));
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  return {
    ticks,
    place: (value) => (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from),
  };
}

const fixed = (n: number): string => n.toFixed(1);

function pathOf(values: readonly (number | null)[], place: Axis["place"]): string {
  const thinned = thin(values, MOST_POINTS);
  const step = INNER.width / Math.max(1, thinned.length - 1);
  let pen = "M";
  const parts = thinned.map((value, i) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const point = `${pen}${fixed(BOX.left + i * step)} ${fixed(BOX.top + (1 - place(value)) * INNER.height)}`;
    pen = "L";
    return point;
  });
  return parts.join("");
}

/** One plot over the seconds of the run, with its legend, as HTML without any outside asset. */
export function plotOf(plot: Plot): string {
  const { ticks, place } = axisOf(plot);
  const seconds = Math.max(1, ...plot.lines.map(({ values }) => values.length));
  const xOf = (at: number): number => BOX.left + (at / Math.max(1, seconds - 1)) * INNER.width;
  const yOf = (value: number): number => BOX.top + (1 - place(value)) * INNER.height;
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${BOX.left}" x2="${WIDTH - BOX.right}" y1="${fixed(yOf(tick))}" y2="${fixed(yOf(tick))}"/>` +
      `<text x="${BOX.left - 6}" y="${fixed(yOf(tick) + 4)}" text-anchor="end">${digits(tick)}</text>`,
  );
  const marks = plot.marks.map(
    ({ at, name }) =>
      `<line class="mark" x1="${fixed(xOf(at))}" x2="${fixed(xOf(at))}" y1="${BOX.top}" y2="${HEIGHT - BOX.bottom}"/>` +
      `<text class="phase" x="${fixed(xOf(at) + 4)}" y="${BOX.top - 4}">${escape(name)}</text>`,
  );
  const paths = plot.lines.map(
    ({ values }, i) =>
      `<path style="stroke:var(--line-${i % COLOURS})" d="${pathOf(values, place)}"/>`,
  );
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = share * (seconds - 1);
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    return `<text x="${fixed(xOf(at))}" y="${HEIGHT - 6}" text-anchor="${anchor}">${Math.round(at + 1)} s</text>`;
  });
  const legend = plot.lines.map(
    ({ name }, i) =>
      `<li><i style="background:var(--line-${i % COLOURS})"></i>${escape(name)}</li>`,
  );
  return [
    `<figure><figcaption>${escape(plot.title)} <small>${escape(plot.unit)}</small></figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(plot.title)}">`,
    ...grid,
    ...marks,
    ...paths,
    ...times,
    `</svg><ul class="legend">${legend.join("")}</ul></figure>`,
  ].join("\n");
}
