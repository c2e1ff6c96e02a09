import { describe, expect, it } from "vitest";
import { Metrics } from "./metrics.js";

const values = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.text()).split("\n").filter((line) => line.startsWith("tellwire_"));

describe("a scrape", () => {
  it("tells the other values when what one looks at is away or hangs", async () => {
    const metrics = new Metrics("test");
    metrics.gauge("fine", "Fine.", [], (gauge) => gauge.set(7));
    metrics.gauge("away", "Away.", [], () => Promise.reject(new Error("away")));
    metrics.gauge("hangs", "Hangs.", [], () => new Promise(() => undefined));
    let reached = true;
    metrics.gauge("each", "Each.", ["part"], (gauge) => {
      if (!reached) throw new Error("away");
      gauge.set({ part: "a" }, 3);
    });
    const before = [
      'tellwire_fine{service="test"} 7',
      'tellwire_away{service="test"} Nan',
      'tellwire_hangs{service="test"} Nan',
    ];
    expect(await values(metrics)).toEqual([...before, 'tellwire_each{part="a",service="test"} 3']);
    // What was known last is not passed off as what is.
    reached = false;
    expect(await values(metrics)).toEqual(before);
  });

  it("reads counts that are kept elsewhere", async () => {
    const metrics = new Metrics("test");
    let count = 2;
    metrics.total("things_total", "Things.", () => count);
    expect(await values(metrics)).toEqual(['tellwire_things_total{service="test"} 2']);
    count = 5;
    expect(await values(metrics)).toEqual(['tellwire_things_total{service="test"} 5']);
  });
});
