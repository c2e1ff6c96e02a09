import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { collector, inOrder } from "./client.fixture.js";
import { ClientClosedError } from "./errors.js";
import { FaultPeer } from "./fault-peer.fixture.js";
import { TellwireHttp } from "./http.js";

const eventually = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 5_000, interval: 5 });

describe("TellwireHttp", () => {
  let peer: FaultPeer;
  let client: TellwireHttp;

  beforeEach(async () => {
    peer = await FaultPeer.start();
    client = new TellwireHttp({
      url: peer.url,
      apiKey: "key",
      user: "alice",
      backoff: { baseMs: 1, capMs: 5 },
      requestTimeoutMs: 100,
    });
  });
  afterEach(async () => {
    client.close();
    await peer.stop();
  });

  it("publishes, and reads it back", async () => {
    const ack = await client.publish("channel:a", "m1");
    expect(ack).toMatchObject({ seq: 1, duplicate: false });
    for await (const page of client.history("channel:a", { after: 0 })) {
      expect(page.messages).toMatchObject([{ id: ack.id, from: "alice@acme", body: "m1" }]);
    }
  });

  it.each(["drop", "lose", "refuse"] as const)("retries under one id after: %s", async (fault) => {
    let n = 0;
    peer.faults = (point) =>
      point === (fault === "refuse" ? "request:publish" : "answer:publish") && n++ === 0
        ? fault
        : "none";
    expect(await client.publish("channel:a", "m1")).toMatchObject({ seq: 1 });
    expect(new Set(peer.asked("publish").map((p) => p["id"])).size).toBe(1);
    expect(peer.log.all("channel:a@acme")).toHaveLength(1);
  });

  it("gives a definite refusal to the caller", async () => {
    await expect(client.publish("channel:a", "forbidden")).rejects.toMatchObject({
      reason: "not_permitted",
    });
    await expect(client.request("nonsense")).rejects.toMatchObject({ code: -32601 });
  });

  it("subscribes over as many streams as it takes", async () => {
    for (let i = 1; i <= 3; i++) await client.publish("channel:a", `m${i}`);
    const { got, onMessage } = collector();
    const subscription = await client.subscribe("channel:a", { after: 1, onMessage });
    for (let i = 4; i <= 9; i++) {
      await client.publish("channel:a", `m${i}`);
      peer.dropAll();
    }
    await eventually(() => expect(got).toEqual(inOrder(8, 2)));
    await subscription.unsubscribe();
    await eventually(() => expect(peer.sessions.size).toBe(0));
    expect(subscription.cursor).toBe(9);
  });

  it("tells of what retention dropped", async () => {
    for (let i = 1; i <= 5; i++) await client.publish("channel:a", `m${i}`);
    peer.log.truncate("channel:a@acme", 3);
    const truncated: unknown[] = [];
    const { got, onMessage } = collector();
    await client.subscribe("channel:a", {
      after: 0,
      onMessage,
      onTruncated: (event) => truncated.push(event),
    });
    await eventually(() => expect(got).toEqual(inOrder(2, 4)));
    expect(truncated).toEqual([{ topic: "channel:a@acme", floor: 3 }]);
  });

  it("ends with close", async () => {
    peer.faults = () => "lose";
    const stuck = client.publish("channel:a", "m1");
    client.close();
    await expect(stuck).rejects.toThrow(ClientClosedError);
  });
});
