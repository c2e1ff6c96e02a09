import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Seconds; from half a millisecond to ten seconds. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** A scrape does not wait longer for what it looks at, in milliseconds. */
const PATIENCE_MS = 1000;

/** One process's metrics, in the conventions of Prometheus (base units, `_total`). */
export class Metrics {
  readonly registry = new Registry();

  constructor(service: string) {
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Counter<L> {
    return new Counter({ name: `tellwire_${name}`, help, labelNames, registers: [this.registry] });
  }

  /** A count that is kept elsewhere and read at each scrape. */
  total(name: string, help: string, value: () => number): Counter {
    return new Counter({
      name: `tellwire_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }

  /**
   * `collect` is called at each scrape. Should it fail or take longer than a
   * second, because what it looks at is away, its value is missing and all
   * others are there.
   */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge({
      name: `tellwire_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect && {
        async collect(this: Gauge<L>) {
          const known = await inTime(async () => collect(this));
          if (known) return;
          this.reset();
          if (labelNames.length === 0) this.set(Number.NaN);
        },
      }),
    });
  }

  /** A figure under a name that is not ours to choose. */
  foreign(name: string, help: string, value: () => number): Gauge {
    return new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(value());
      },
    });
  }

  /** In seconds. */
  latency<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return this.histogram(name, help, LATENCY_BUCKETS, labelNames);
  }

  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({
      name: `tellwire_${name}`,
      help,
      buckets,
      labelNames,
      registers: [this.registry],
    });
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** The figures that are one number, by name. */
  async json(): Promise<Record<string, number>> {
    const metrics = await this.registry.getMetricsAsJSON();
    const single = metrics.flatMap(({ name, values }) => {
      const [only] = values as { value: number; metricName?: string }[];
      return values.length === 1 && only?.metricName === undefined ? [[name, only!.value]] : [];
    });
    return Object.fromEntries(single) as Record<string, number>;
  }

  get contentType(): string {
    return this.registry.contentType;
  }
}

/** Whether `work` was done in time, and without an error. */
async function inTime(work: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  const done = work().then(
    () => true,
    () => false,
  );
  const known = await Promise.race([done, late]);
  clearTimeout(timer);
  return known;
}
