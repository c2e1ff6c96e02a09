import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { capacityFor, PARTS, type Load, type Need } from "./capacity.js";
import measured from "./measured.json" with { type: "json" };

/** Connections of all that was measured, but where a test says otherwise. */
const CONNECTIONS = 1000;
const load = (publishes: number, fanOut: number, connections = CONNECTIONS): Load => ({
  connections,
  publishes,
  fanOut,
});
/** CPU microseconds that it is said to come to for each publish. */
const predicted = (of: Load): number => (capacityFor(of).cores / of.publishes) * 1e6;

const performance = readFileSync(
  new URL("../../../../docs/performance.md", import.meta.url),
  "utf8",
);
const figure = (cell: string): number => Number(cell.replaceAll(/[^\d.-]/g, ""));

/** Rows of the budget's table in the documentation. */
function budget(): {
  part: string;
  rate: number;
  publish: number;
  delivery: number;
  ten: number;
}[] {
  const section = performance.split("<!-- budget:begin -->")[1]!.split("<!-- budget:end -->")[0]!;
  return section
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => /^\d/.test(cells[2] ?? ""))
    .map(([, part, rate, publish, delivery, ten]) => ({
      part: part as string,
      rate: figure(rate!),
      publish: figure(publish!),
      delivery: figure(delivery!),
      ten: figure(ten!),
    }));
}

describe("the CPU of a load", () => {
  it("is what the budget says, at each of its rates, in all and of each part", () => {
    const rows = budget();
    const rates = [...new Set(rows.map(({ rate }) => rate))];
    expect(rates).toEqual([500, 1000, 2000]);
    for (const rate of rates) {
      const at = rows.filter((row) => row.rate === rate);
      const all = at.find(({ part }) => part === "all")!;
      // The documentation's figures are rounded.
      expect(Math.abs(predicted(load(rate, 10)) / all.ten - 1)).toBeLessThan(0.005);
      const toOne = all.publish + all.delivery;
      expect(Math.abs(predicted(load(rate, 1)) / toOne - 1)).toBeLessThan(0.005);
      const { needs } = capacityFor(load(rate, 10));
      for (const [i, { cores }] of needs.entries()) {
        expect(Math.abs((cores / rate) * 1e6 - at[i]!.ten)).toBeLessThanOrEqual(0.6);
      }
    }
  });

  // Figures of docs/performance.md that went into nothing here.
  it.each([
    [load(1000, 10), 1190],
    [load(2000, 10), 704],
    [load(500, 1, 10), 1896],
    [load(500, 1, 1000), 1881],
    [load(500, 1, 100), 1819],
    [load(500, 10, 10_000), 0.97e6 / 500],
  ])("comes within 15 %% of other runs: %j", (of, cost) => {
    expect(Math.abs(predicted(of) / cost - 1)).toBeLessThan(0.15);
  });

  it("is rather too much than too little beyond the highest rate, and says so", () => {
    const above = load(3000, 10);
    expect(predicted(above)).toBeGreaterThan(520);
    expect(predicted(above)).toBeLessThan(1.4 * 520);
    expect(capacityFor(above).doubts).toEqual([expect.stringContaining("Above 2000 publishes/s")]);
    expect(capacityFor(load(2000, 10)).doubts).toEqual([]);
  });

  it("is that of the lowest rate below it, and says so", () => {
    const { cores, doubts } = capacityFor(load(1, 10));
    expect(cores).toBe(capacityFor(load(500, 10)).cores);
    expect(doubts).toEqual([expect.stringContaining("Below 500 publishes/s")]);
  });

  it("lies on a line between two rates, and grows with the load", () => {
    const [low, middle, high] = [1000, 1500, 2000].map((rate) => capacityFor(load(rate, 10)).cores);
    expect(middle).toBeCloseTo((low! + high!) / 2, 6);
    let last = 0;
    for (let rate = 500; rate < 5000; rate += 50) {
      const { cores } = capacityFor(load(rate, 10));
      expect(cores).toBeGreaterThan(last);
      last = cores;
    }
  });

  it("carries on no noise: more deliveries make no part cheaper", () => {
    for (const rate of [500, 1000, 2000]) {
      const [ten, many] = [capacityFor(load(rate, 10)), capacityFor(load(rate, 1000))];
      for (const [i, { cores }] of many.needs.entries()) {
        expect(cores).toBeGreaterThanOrEqual(ten.needs[i]!.cores);
      }
      expect(many.doubts).toEqual([expect.stringContaining("Above 10 deliveries")]);
    }
  });
});

describe("replicas", () => {
  const replicas = (of: Load): Record<string, number | null> =>
    Object.fromEntries(capacityFor(of).needs.map((need) => [need.part, need.replicas]));

  it("are two of each for a small load, one Redis, and one primary", () => {
    expect(replicas(load(500, 10))).toEqual({
      ...Object.fromEntries(PARTS.map((part) => [part, 2])),
      redis: 1,
      postgres: null,
    });
  });

  it("take the memory of each process, where that is Tellwire's to tell", () => {
    const { edges, routers, others } = measured.processBytes;
    const memory = capacityFor(load(500, 10, 1)).needs.map((need) => [need.part, need.memory]);
    expect(Object.fromEntries(memory)).toEqual({
      ...Object.fromEntries(PARTS.map((part) => [part, null])),
      edges: 2 * edges + 15_300,
      routers: 2 * routers,
      others: 4 * others,
    });
  });

  it("keep each process below 70 % of a core, and are no more than that takes", () => {
    const { needs } = capacityFor(load(50_000, 10));
    for (const { cores, replicas: n } of needs) {
      if (n === null) continue;
      expect(cores / n).toBeLessThanOrEqual(0.7);
      if (n > 2) expect(cores / (n - 1)).toBeGreaterThan(0.7);
    }
    expect(needs.some(({ replicas: n }) => n !== null && n > 2)).toBe(true);
  });

  it("hold 10,000 connections an edge, at what each was measured to take", () => {
    const edges = (connections: number): Need =>
      capacityFor(load(500, 10, connections)).needs.find(({ part }) => part === "edges")!;
    expect(edges(95_000).replicas).toBe(10);
    expect(edges(95_000).memory! - edges(90_001).memory!).toBe(4999 * 15_300);
    expect(performance).toMatch(/edge memory for each of 10,000 idle connections .* 15\.3 KB/);
  });
});
