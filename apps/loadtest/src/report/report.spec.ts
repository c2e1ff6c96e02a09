import { expect, test } from "vitest";
import { phase, result, second } from "../result.fixture.js";
import { csvOf } from "./csv.js";
import { htmlOf } from "./html.js";
import { niceAbove, plotOf, thin } from "./plot.js";
import { textOf } from "./text.js";

test("the CSV has a row a second, and the columns of every group that ever was", () => {
  const csv = csvOf([second(1), second(2, { phase: 'a "b", c', processes: {} })]);
  const [head, first, last] = csv.split("\r\n");
  expect(head).toBe(
    "second,phase,connections,offered,acknowledged,refused,delivered," +
      "ack_p50,ack_p95,ack_p99,delivery_p50,delivery_p95,delivery_p99,faults,edges_cores,edges_rss_mib",
  );
  expect(first).toBe("1,steady,100,50,49,0,490,2,5,9,2,5,9,0,0.250,3.0");
  expect(last).toBe('2,"a ""b"", c",100,50,49,0,490,2,5,9,2,5,9,0,,');
});

test("the page needs nothing but itself, and nothing in it is taken for markup", () => {
  const html = htmlOf(result({ title: "<script>alert(1)</script>", findings: ["a & b"] }));
  expect(html).not.toMatch(/<script|src=|href=|url\(|@import/);
  expect(html).toContain("&lt;script>");
  expect(html).toContain("a &amp; b");
  for (const title of ["Publishes", "Deliveries", "Latency of the delivery", "CPU", "Memory"]) {
    expect(html).toContain(`aria-label="${title}"`);
  }
});

test("every tag that is opened is closed", () => {
  const html = htmlOf(result({ faults: ["1 missing"], doubts: ["late"] }));
  const open: string[] = [];
  for (const [, closing, name, self] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (name === "meta" || self) continue;
    if (closing) expect(open.pop()).toBe(name);
    else open.push(name!);
  }
  expect(open).toEqual([]);
});

test("a broken promise is said first, in each report", () => {
  const broken = result({ faults: ["3 missing"], grade: { grade: "F", because: ["broken"] } });
  expect(textOf(broken)).toContain("FAILED: 3 missing");
  expect(htmlOf(broken)).toContain("3 missing");
  expect(htmlOf(broken)).not.toContain("Every promise was kept");
});

test("changes are told by their level, trends by whether they are any", () => {
  const text = textOf(
    result({
      changes: [
        { name: "delivery p99", unit: "ms", before: 7, now: 9, worse: 0.286, level: "high" },
        { name: "ack p99", unit: "ms", before: 9, now: 9, worse: 0, level: null },
        { name: "ack p50", unit: "ms", before: 4, now: 2, worse: -0.5, level: null },
      ],
      trends: [
        { name: "m", unit: "bytes", slope: 5, uncertainty: 9, mean: 100, verdict: "flat" },
        { name: "n", unit: "bytes", slope: 5, uncertainty: 1, mean: 100, verdict: "grows" },
      ],
    }),
  );
  expect(text).toContain("CHANGE (high): delivery p99 was 7.0 ms, is 9.0 ms: 29 % worse");
  expect(text).not.toContain("ack p99 was");
  expect(text).toContain("m: 5 ± 9 bytes an hour around 100: flat: not distinguishable from zero");
  expect(text).toContain("n: 5 ± 1 bytes an hour around 100: grows");
  expect(text).toContain("better: ack p50 was 4.0 ms, is 2.0 ms: 50 % better");
  expect(text).not.toContain("no figure is");
});

test("a plot stays inside its frame, whatever the values, and leaves gaps out", () => {
  const values = [0, null, 1_000_000, 0.001, 3];
  for (const logarithmic of [true, false]) {
    const svg = plotOf({
      title: "t",
      unit: "",
      lines: [{ name: "l", values }],
      marks: [],
      logarithmic,
    });
    const path = / d="([^"]*)"/.exec(svg)![1]!;
    const points = [...path.matchAll(/([ML])([\d.-]+) ([\d.-]+)/g)];
    expect(points.map(([, pen]) => pen).join("")).toBe("MMLL");
    for (const [, , x, y] of points) {
      expect(Number(x)).toBeGreaterThanOrEqual(56);
      expect(Number(x)).toBeLessThanOrEqual(888);
      expect(Number(y)).toBeGreaterThanOrEqual(16);
      expect(Number(y)).toBeLessThanOrEqual(216);
    }
  }
});

test("long runs are thinned to their highest points", () => {
  expect(thin([1, 9, 2, null, null, null, 3], 3)).toEqual([9, null, 3]);
  expect(thin([1, 2], 3)).toEqual([1, 2]);
});

test("an axis ends at a round number above the highest value", () => {
  expect([0, 0.25, 1, 1.1, 255, 2_600].map(niceAbove)).toEqual([1, 0.25, 1, 1.5, 300, 3_000]);
});

test("an idle phase has no rate to tell", () => {
  expect(textOf(result({ phases: [phase({ offered: 0 })] }))).toContain("idle for 10.0 s");
});

test("where nothing could be compared, nothing is said to be as good", () => {
  expect(textOf(result({ changes: [] }))).not.toContain("no figure is");
});
