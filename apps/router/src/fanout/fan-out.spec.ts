import { describe, expect, it } from "vitest";
import { FanOut } from "./fan-out.js";

describe("FanOut", () => {
  it("tells an edge the heads of however many topics it wants", () => {
    const head = { topic: "channel:a@acme", head: 1, floor: 0 };
    // More than fit on the stack, also on the larger one of a thread.
    const heads = Array.from({ length: 2_000_000 }, () => head);
    const fanOut = new FanOut();
    fanOut.heads("edge", heads);
    fanOut.heads("edge", [head]);
    expect(fanOut.parts.get("edge")?.heads).toHaveLength(heads.length + 1);
  });
});
