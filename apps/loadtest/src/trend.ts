/** What can be said of a series, see {@link trendOf}. */
type Verdict = "grows" | "falls" | "flat" | "cannot tell";

/** How something changed over a long run. */
export interface Trend {
  name: string;
  unit: string;
  /** Units an hour, by least squares. */
  slope: number;
  /** Half the width of the slope's 99.9 % confidence interval. */
  uncertainty: number;
  mean: number;
  verdict: Verdict;
}

/** Of a series: what it is, and what share of its mean it may change by over the whole run and be called flat. */
export interface Watched {
  name: string;
  unit: string;
  tolerance: number;
}

/** Fewer tell nothing. */
export const LEAST_SAMPLES = 8;

/**
 * Two-sided 99.9 %: a series without a trend is called growing once in 2,000 times, so
 * of two dozen in a run one is in about one run of eighty.
 */
const Z = 3.2905;
/** Below this share of the mean is rounding, and no trend. */
const ROUNDING = 1e-9;

/** The quantile of Student's t, from the normal one (Cornish and Fisher's first two terms). */
function studentT(degrees: number): number {
  const first = (Z ** 3 + Z) / 4;
  const second = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  return Z + first / degrees + second / degrees ** 2;
}

/**
 * The slope of a series by least squares, and how sure it is. Neighbouring
 * samples resemble each other, which makes a slope look surer than it is: its
 * standard error is widened by the residuals' correlation from one to the next.
 *
 * `grows` and `falls`: the interval leaves zero out. `flat`: it holds zero, and nothing that
 * would come to more than the tolerance over the run. Else the run was too short or
 * too restless: `cannot tell`.
 * @param samples evenly spaced; null where there is none
 * @param every seconds from one to the next
 * @throws RangeError with fewer than {@link LEAST_SAMPLES}
 */
export function trendOf(
  { name, unit, tolerance }: Watched,
  samples: readonly (number | null)[],
  every: number,
): Trend {
  const points = samples.flatMap((y, x) => (y === null ? [] : [{ x, y }]));
  const n = points.length;
  if (n < LEAST_SAMPLES) throw new RangeError(`${n} samples are too few to tell a trend`);
  const mean = points.reduce((sum, { y }) => sum + y, 0) / n;
  const middle = points.reduce((sum, { x }) => sum + x, 0) / n;
  const spread = points.reduce((sum, { x }) => sum + (x - middle) ** 2, 0);
  const perSample = points.reduce((sum, { x, y }) => sum + (x - middle) * (y - mean), 0) / spread;
  const residuals = points.map(({ x, y }) => y - mean - perSample * (x - middle));
  const squares = residuals.reduce((sum, r) => sum + r * r, 0);
  const products = residuals.slice(1).reduce((sum, r, i) => sum + r * residuals[i]!, 0);
  const correlation = squares > 0 ? Math.min(0.95, Math.max(0, products / squares)) : 0;
  const widening = Math.sqrt((1 + correlation) / (1 - correlation));
  const degrees = Math.max(2, (n * (1 - correlation)) / (1 + correlation) - 2);
  const error = Math.sqrt(squares / (n - 2) / spread) * widening;
  const perHour = 3_600 / every;
  const slope = perSample * perHour;
  const uncertainty = studentT(degrees) * error * perHour;
  const hours = ((samples.length - 1) * every) / 3_600;
  const bounds = {
    rounding: Math.abs(mean) * ROUNDING,
    tolerated: (Math.abs(mean) * tolerance) / hours,
  };
  return { name, unit, slope, uncertainty, mean, verdict: judge(slope, uncertainty, bounds) };
}

function judge(
  slope: number,
  uncertainty: number,
  { rounding, tolerated }: { rounding: number; tolerated: number },
): Verdict {
  if (slope - uncertainty > rounding) return "grows";
  if (slope + uncertainty < -rounding) return "falls";
  return Math.abs(slope) + uncertainty <= tolerated + rounding ? "flat" : "cannot tell";
}
