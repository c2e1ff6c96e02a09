import type { PhaseResult, Result, SecondRow } from "./result.js";

const none = { p50: 0, p95: 0, p99: 0 };
const some = { p50: 2, p95: 5, p99: 9 };

export const phase = (changes: Partial<PhaseResult> = {}): PhaseResult => ({
  name: "steady",
  connections: 100,
  failedConnections: 0,
  seconds: 10,
  rate: 50,
  offered: 500,
  achieved: 50,
  errorRate: 0,
  reached: 1,
  ack: some,
  delivery: some,
  lag: none,
  delivered: 5_000,
  probing: false,
  setUp: null,
  absence: null,
  comeBack: null,
  catchUp: null,
  returned: {},
  cores: { edges: 0.5, generator: 0.1, elsewhere: 0 },
  refused: {},
  events: {},
  faults: [],
  doubts: [],
  ...changes,
});

export const second = (n: number, changes: Partial<SecondRow> = {}): SecondRow => ({
  second: n,
  phase: "steady",
  connections: 100,
  offered: 50,
  acknowledged: 49,
  refused: 0,
  delivered: 490,
  faults: 0,
  ack: some,
  delivery: some,
  processes: { edges: { cores: 0.25, rss: 3 * 1024 * 1024 } },
  ...changes,
});

export const result = (changes: Partial<Result> = {}): Result => ({
  scenario: "baseline",
  title: "light load",
  at: "2026-01-31T09:26:53.589Z",
  runs: 1,
  settings: { rate: 50 },
  machine: { cpu: "some", cores: 2 },
  phases: [phase()],
  figures: [{ name: "delivery p99", value: 9, unit: "ms", better: "lower" }],
  findings: [],
  faults: [],
  doubts: [],
  grade: { grade: "A", because: [] },
  aims: [],
  errorRate: 0,
  reached: 1,
  changes: null,
  trends: [],
  seconds: Array.from({ length: 10 }, (_, i) => second(i + 1)),
  ...changes,
});
