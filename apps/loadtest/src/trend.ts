/** How something changed over a long run. */
export interface Trend {
  name: string;
  unit: string;
  /** Units an hour, by least squares. */
  slope: number;
  /** Half the width of the slope's 99 % confidence interval. */
  uncertainty: number;
  mean: number;
  /** Whether the interval leaves zero out. */
  distinguishable: boolean;
}

/** Two-sided 99 %: of two dozen series observed, hardly one is called growing by chance. */
const Z = 2.576;

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
 * @param samples at least 8, evenly spaced
 * @param every seconds from one to the next
 */
export function trendOf(
  name: string,
  unit: string,
  samples: readonly number[],
  every: number,
): Trend {
  const n = samples.length;
  if (n < 8) throw new RangeError(`${n} samples are too few to tell a trend`);
  const mean = samples.reduce((a, b) => a + b) / n;
  const middle = (n - 1) / 2;
  const spread = (n * (n * n - 1)) / 12;
  const perSample = samples.reduce((sum, y, i) => sum + (i - middle) * (y - mean), 0) / spread;
  const residuals = samples.map((y, i) => y - mean - perSample * (i - middle));
  const squares = residuals.reduce((sum, r) => sum + r * r, 0);
  const products = residuals.slice(1).reduce((sum, r, i) => sum + r * residuals[i]!, 0);
  const correlation = squares > 0 ? Math.min(0.95, Math.max(0, products / squares)) : 0;
  const widening = Math.sqrt((1 + correlation) / (1 - correlation));
  const degrees = Math.max(2, (n * (1 - correlation)) / (1 + correlation) - 2);
  const error = Math.sqrt(squares / (n - 2) / spread) * widening;
  const perHour = 3_600 / every;
  const slope = perSample * perHour;
  const uncertainty = studentT(degrees) * error * perHour;
  // Below a billionth of the mean is rounding, and no trend.
  const distinguishable = Math.abs(slope) > uncertainty + Math.abs(mean) * 1e-9;
  return { name, unit, slope, uncertainty, mean, distinguishable };
}
