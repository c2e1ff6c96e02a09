import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { wsCodec } from "../gateways/ws/ws.codec.js";
import { DeliveryFixture, MemoryLog } from "./delivery.fixture.js";
import { Ring } from "./ring.js";

const TOPIC = "channel:lobby@acme";
const BODY = JSON.stringify("x".repeat(998));

describe("Ring", () => {
  it("drops the oldest past its bytes, and keeps at least the newest", () => {
    const log = new MemoryLog();
    const ring = new Ring(100, 5000);
    for (let i = 0; i < 10; i++) ring.push(log.append(TOPIC, BODY));
    expect(ring.bytes).toBeLessThanOrEqual(5000);
    expect(ring.oldest).toBe(8);
    ring.push(log.append(TOPIC, JSON.stringify("x".repeat(10_000))));
    expect(ring.oldest).toBe(11);
  });

  it("counts the frames that were made of what it holds, and of nothing else", () => {
    const log = new MemoryLog();
    const ring = new Ring(100, 5000);
    const messages = [1, 2, 3].map(() => log.append(TOPIC, BODY));
    for (const message of messages) ring.push(message);
    const before = ring.bytes;
    ring.grow(messages[1]!, 1000);
    expect(ring.bytes).toBe(before + 1000);
    ring.grow(messages[2]!, 1000);
    expect(ring.oldest).toBe(2);
    ring.grow(messages[0]!, 1000);
    expect(ring.bytes).toBeLessThanOrEqual(5000);
    ring.grow(messages[2]!, 5000);
    expect(ring.oldest).toBe(3);
  });

  it("keeps nothing alive that it has dropped", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const log = new MemoryLog();
    const ring = new Ring(100, 5000);
    const pushed: WeakRef<object>[] = [];
    const push = (): void => {
      const message = { ...log.append(TOPIC, BODY) };
      pushed.push(new WeakRef(message));
      ring.push(message);
    };
    for (let i = 0; i < 50; i++) push();
    await expect
      .poll(async () => {
        await setImmediate();
        collect();
        return pushed.filter((message) => message.deref() !== undefined).length;
      })
      .toBe(ring.after(0, 100).length);
  });

  it("empties at a gap", () => {
    const log = new MemoryLog();
    const ring = new Ring(100, 5000);
    const [first, , third] = [1, 2, 3].map(() => log.append(TOPIC));
    ring.push(first!);
    ring.push(third!);
    expect(ring.oldest).toBe(3);
  });
});

describe("a topic with clients of several protocols", () => {
  it("holds no more than its bytes, frames and all", async () => {
    const delivery = new DeliveryFixture({ ringBytes: 100_000 });
    for (let protocol = 0; protocol < 3; protocol++) {
      const { connection, wire } = delivery.connect();
      Object.assign(wire, { codec: { ...wsCodec } });
      await delivery.subscriptions.subscribe(connection, [{ topic: TOPIC }]);
    }
    await expect.poll(() => delivery.feeds.catchingUp).toBe(0);
    for (let i = 0; i < 100; i++) delivery.say([delivery.log.append(TOPIC, BODY)]);
    const ring = delivery.feeds.get(TOPIC)!.ring;
    const frames = 3 * BODY.length;
    expect((100 - ring.oldest + 1) * (BODY.length + frames)).toBeLessThanOrEqual(100_000);
    expect(delivery.feeds.bytes).toBe(ring.bytes);
  });
});
