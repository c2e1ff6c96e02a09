import { describe, expect, it } from "vitest";
import { packIngress } from "@tellwire/streams";
import { LaneWriter } from "./lane-writer.js";

const KIB = 1024;

describe("LaneWriter", () => {
  it.each([
    ["bodies", Buffer.alloc(200 * KIB, "1"), null],
    ["headers", Buffer.from("1"), Buffer.alloc(200 * KIB, "1")],
  ])("bounds the bytes of an entry, also those of %s", (_, body, headers) => {
    const lane = new LaneWriter(0, "bulk", 10_000);
    for (let req = 1; req <= 100; req++) {
      const item = {
        type: "publish",
        req,
        id: `m${req}`,
        topic: "channel:x@acme",
        from: "alice@acme",
        role: "user",
        kind: "message",
        priority: "normal",
        body,
        headers,
        correlationId: null,
        expiresAt: null,
        sendAt: null,
      } as const;
      lane.publish({ item, tenant: "acme", bytes: 0, since: 0, settle() {}, late: false });
    }
    const items: number[] = [];
    for (let entry = lane.next("w"); entry !== null; entry = lane.next("w")) {
      expect(packIngress(entry).length).toBeLessThan(500 * KIB);
      items.push(...entry.items.map((item) => (item.type === "publish" ? item.req : 0)));
    }
    expect(items).toEqual(Array.from({ length: 100 }, (__, i) => i + 1));
  });
});
