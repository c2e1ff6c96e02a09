import { describe, expect, it } from "vitest";
import { FanOut } from "./fan-out.js";

describe("FanOut", () => {
  it("tells an edge the heads of however many topics it wants", () => {
    const heads = Array.from({ length: 300_000 }, (_, i) => ({
      topic: `channel:${i}@acme`,
      head: i,
      floor: 0,
    }));
    const fanOut = new FanOut();
    fanOut.heads("edge", heads);
    fanOut.heads("edge", heads.slice(0, 1));
    expect(fanOut.parts.get("edge")?.heads).toHaveLength(heads.length + 1);
  });
});
