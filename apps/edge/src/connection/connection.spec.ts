import type { CloseName } from "@tellwire/contract";
import { beforeEach, describe, expect, it } from "vitest";
import { wsCodec } from "../gateways/ws/ws.codec.js";
import { Connection } from "./connection.js";
import { FlushQueue } from "./flush-queue.js";
import type { Wire } from "./wire.js";

const BUDGET = 1000;

/** A socket whose client takes what it is told to. */
class StuckWire implements Wire {
  readonly codec = wsCodec;
  readonly address = "test";
  written: string[] = [];
  waiting = 0;
  closed: CloseName | null = null;

  write(frames: readonly Buffer[]): void {
    for (const frame of frames) {
      this.written.push(frame.toString());
      this.waiting += frame.length;
    }
  }

  buffered(): number {
    return this.waiting;
  }

  close(reason: CloseName): void {
    this.closed = reason;
  }
}

describe("a client that is slow", () => {
  let wire: StuckWire;
  let queue: FlushQueue;
  let connection: Connection;
  const send = (letter: string, bytes: number): void =>
    connection.send(Buffer.alloc(bytes, letter));
  const sendEphemeral = (): void => connection.sendEphemeral(Buffer.from("e"));

  beforeEach(() => {
    wire = new StuckWire();
    queue = new FlushQueue();
    connection = new Connection(wire, queue, BUDGET);
  });

  it("does without ephemera once half of its budget is used, and gets them again after", () => {
    send("a", 499);
    sendEphemeral();
    sendEphemeral();
    queue.flush();
    expect(wire.written).toEqual(["a".repeat(499), "e"]);
    expect(queue.skipped).toBe(1);
    wire.waiting = 0;
    sendEphemeral();
    queue.flush();
    expect(wire.written.at(-1)).toBe("e");
    expect(queue.skipped).toBe(1);
    expect(connection.closed).toBe(false);
  });

  it("is closed past its budget, after all that fits, and told nothing more", () => {
    send("a", 600);
    send("b", 400);
    send("c", 1);
    expect(wire.closed).toBe("slow_client");
    expect(connection.closeReason).toBe("slow_client");
    send("d", 1);
    queue.flush();
    expect(wire.written.map((frame) => frame[0])).toEqual(["a", "b"]);
  });

  it("is not taken for slow before its socket was offered what has gathered", () => {
    const quick = new Connection(Object.assign(wire, { buffered: () => 0 }), queue, BUDGET);
    for (const letter of "abcdef") quick.send(Buffer.alloc(400, letter));
    queue.flush();
    expect(wire.written.map((frame) => frame[0]).join("")).toBe("abcdef");
    expect(quick.closed).toBe(false);
  });

  it("gets a single frame larger than its budget when nothing else waits", () => {
    send("a", 2 * BUDGET);
    queue.flush();
    expect(wire.written).toHaveLength(1);
    expect(connection.closed).toBe(false);
  });

  it("is written to again when it has taken most", async () => {
    send("a", 900);
    queue.flush();
    let drained = false;
    const waiting = connection.drained().then(() => (drained = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    wire.waiting = 100;
    await waiting;
    expect(connection.writable).toBe(true);
  });
});
