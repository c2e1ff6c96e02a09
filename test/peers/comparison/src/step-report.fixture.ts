import type { StepReport } from "@tellwire/loadgen";

/** A step that reached its rate on one core, with this delivery p99. */
export const stepReport = (rate: number, p99: number, cores = 1): StepReport => ({
  rate,
  achieved: rate,
  ack: { p50: 1, p95: 2, p99 },
  delivery: { p50: 1, p95: 2, p99 },
  lag: { p50: 0, p95: 0, p99: 0 },
  delivered: 1,
  cores: { target: cores, generator: 0.2, elsewhere: 0.1 },
  refused: {},
  events: {},
  faults: [],
  doubts: [],
});
