import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clientOf, collector, inOrder, TRANSPORTS } from "./client.fixture.js";
import type { TellwireClient } from "./client.js";
import { ClientClosedError, RequestError } from "./errors.js";
import { FaultPeer } from "./fault-peer.fixture.js";
import type { ClientOptions } from "./options.js";
import type { Message } from "./types.js";

const eventually = <T>(check: () => T): Promise<Awaited<T>> =>
  vi.waitFor(check as () => Awaited<T>, { timeout: 5_000, interval: 5 });

describe.each(TRANSPORTS)("TellwireClient over %s", (_name, transport) => {
  let peer: FaultPeer;
  const clients: TellwireClient[] = [];
  const make = (user: string, options: Partial<ClientOptions> = {}): TellwireClient => {
    const client = clientOf(peer, user, { ...transport, ...options });
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    peer = await FaultPeer.start();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((c) => c.close({ timeoutMs: 0 })));
    await peer.stop();
  });

  it("connects, tells its states, and closes", async () => {
    const client = make("alice");
    const states: string[] = [];
    client.on("state", ({ state }) => states.push(state));
    const session = await client.connect();
    expect(session).toMatchObject({ tenant: "acme", user: "alice@acme", resumed: false });
    await client.close();
    expect(states).toEqual(["connecting", "connected", "closed"]);
    await eventually(() => expect(peer.sessions.size).toBe(0));
    await expect(client.publish("channel:a", 1)).rejects.toThrow(ClientClosedError);
  });

  it("gives up at once when its credentials are refused", async () => {
    const client = make("alice", { apiKey: "wrong" });
    const published = client.publish("channel:a", "m1");
    published.catch(() => undefined);
    await expect(client.connect()).rejects.toMatchObject({ reason: "not_authenticated" });
    await expect(published).rejects.toBeInstanceOf(RequestError);
    expect(client.state).toBe("closed");
  });

  it("publishes what was given before it was connected, in order", async () => {
    const client = make("alice");
    const acks = Promise.all(["m1", "m2", "m3"].map((m) => client.publish("channel:a", m)));
    await client.connect();
    expect((await acks).map((a) => a.seq)).toEqual([1, 2, 3]);
    expect(peer.log.all("channel:a@acme").map((m) => m.body)).toEqual(["m1", "m2", "m3"]);
  });

  it("keeps one topic in order through refusals, and lets other topics pass", async () => {
    const client = make("alice");
    await client.connect();
    let refusals = 5;
    peer.faults = (point) => (point === "request:publish" && refusals-- > 0 ? "refuse" : "none");
    const bodies = Array.from({ length: 20 }, (_, i) => `m${i + 1}`);
    await Promise.all(bodies.map((m) => client.publish("channel:a", m)));
    expect(peer.log.all("channel:a@acme").map((m) => m.body)).toEqual(bodies);

    peer.faults = (point) => (point === "request:publish" ? "refuse" : "none");
    const stuck = client.publish("channel:a", "stuck");
    await eventually(() => expect(peer.asked("publish").at(-1)?.["body"]).toBe("stuck"));
    const express = client.publish("channel:a", "urgent", { priority: "high" });
    await eventually(() => expect(peer.asked("publish").map((p) => p["body"])).toContain("urgent"));
    peer.faults = () => "none";
    await Promise.all([stuck, express]);
  });

  it("gives a definite refusal to the caller, and goes on with the next", async () => {
    const client = make("alice");
    await client.connect();
    const refused = client.publish("channel:a", "forbidden");
    const next = client.publish("channel:a", "m1");
    await expect(refused).rejects.toMatchObject({ reason: "not_permitted", temporary: false });
    expect((await next).seq).toBe(1);
  });

  it("bounds what waits, and lets a caller give up", async () => {
    const client = make("alice", { maxOutstanding: 2 });
    const stop = new AbortController();
    const first = client.publish("channel:a", 1, { signal: stop.signal });
    const second = client.publish("channel:a", 2);
    await expect(client.publish("channel:a", 3)).rejects.toMatchObject({ reason: "overloaded" });
    stop.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    await client.connect();
    expect((await second).seq).toBe(1);
    expect(client.outstanding).toBe(0);
  });

  it("sends the same again after a lost answer, whatever the caller does to the body", async () => {
    const client = make("alice");
    await client.connect();
    let lose = 1;
    peer.faults = (point) => (point === "answer:publish" && lose-- > 0 ? "lose" : "none");
    const body = { text: "before" };
    const published = client.publish("channel:a", body);
    body.text = "after";
    expect(await published).toMatchObject({ seq: 1, duplicate: true });
    expect(peer.asked("publish").map((p) => p["body"])).toEqual([
      { text: "before" },
      { text: "before" },
    ]);
  });

  it("delivers to a handler, in order, from a cursor", async () => {
    const client = make("alice");
    await client.connect();
    for (const [, body] of inOrder(3).map((s) => s.split(":"))) {
      await client.publish("channel:a", body);
    }
    const { got, onMessage } = collector();
    const subscription = await client.subscribe("channel:a", { after: 1, onMessage });
    await client.publish("channel:a@acme", "m4");
    await eventually(() => expect(got).toEqual(["2:m2", "3:m3", "4:m4"]));
    expect(subscription).toMatchObject({ topic: "channel:a@acme", cursor: 4, logEpoch: "epoch-1" });
    await expect(client.subscribe("channel:a")).rejects.toThrow("Already subscribed");
    await subscription.unsubscribe();
    await client.publish("channel:a", "m5");
    expect(got).toHaveLength(3);
    const again = collector();
    await client.subscribe("channel:a", { after: 4, onMessage: again.onMessage });
    await eventually(() => expect(again.got).toEqual(["5:m5"]));
  });

  it("refuses a subscription as the server does", async () => {
    const client = make("alice");
    await client.connect();
    const ended: string[] = [];
    client.on("unsubscribed", ({ topic }) => ended.push(topic));
    await expect(client.subscribe("channel:secret")).rejects.toMatchObject({
      reason: "not_permitted",
    });
    expect(ended).toEqual(["channel:secret@acme"]);
    await client.subscribe("channel:b", { onMessage: () => undefined });
    peer.tellAll("unsubscribed", {
      topic: "channel:b@acme",
      error: { code: -32002, name: "not_permitted", message: "no more", temporary: false },
    });
    await eventually(() => expect(ended).toEqual(["channel:secret@acme", "channel:b@acme"]));
  });

  it("iterates, waits for a slow consumer within its bound, and loses nothing by it", async () => {
    const [alice, bob] = [make("alice"), make("bob", { maxBuffered: 10 })];
    await Promise.all([alice.connect(), bob.connect()]);
    const subscription = await bob.subscribe("channel:a", { after: 0 });
    await Promise.all(inOrder(100).map((s) => alice.publish("channel:a", s.split(":")[1])));
    const got: string[] = [];
    for await (const message of subscription) {
      got.push(`${message.seq}:${String(message.body)}`);
      if (message.seq === 100) break;
    }
    expect(got).toEqual(inOrder(100));
    await eventually(() => expect(peer.asked("unsubscribe")).toHaveLength(1));
  });

  it("lets a handler's promise settle before the next message", async () => {
    const client = make("alice");
    await client.connect();
    const order: string[] = [];
    let release = (): void => undefined;
    const subscription = await client.subscribe("channel:a", {
      onMessage: async ({ seq }: Message) => {
        order.push(`start ${seq}`);
        await new Promise<void>((resolve) => (release = resolve));
        order.push(`end ${seq}`);
      },
    });
    await client.publish("channel:a", "m1");
    await client.publish("channel:a", "m2");
    await eventually(() => expect(order).toEqual(["start 1"]));
    expect(subscription.cursor).toBe(0);
    release();
    await eventually(() => expect(order).toEqual(["start 1", "end 1", "start 2"]));
    release();
    await eventually(() => expect(subscription.cursor).toBe(2));
  });

  it("tells the server what was processed, cumulatively, and before it goes", async () => {
    const client = make("alice");
    await client.connect();
    const { got, onMessage } = collector();
    await client.subscribe("channel:a", { onMessage });
    for (let i = 1; i <= 20; i++) await client.publish("channel:a", `m${i}`);
    await eventually(() => expect(got).toHaveLength(20));
    await client.close();
    await eventually(() =>
      expect(peer.asked("ack").at(-1)).toEqual({ topic: "channel:a@acme", seq: 20 }),
    );
    expect(peer.asked("ack").length).toBeLessThan(10);
  });

  it("flushes what was published when it is closed", async () => {
    const client = make("alice");
    await client.connect();
    const acks = Promise.all([1, 2, 3].map((n) => client.publish("channel:a", n)));
    await client.close();
    expect((await acks).map((a) => a.seq)).toEqual([1, 2, 3]);
  });

  it("pages through history both ways", async () => {
    const client = make("alice");
    await client.connect();
    for (let i = 1; i <= 5; i++) await client.publish("channel:a", i);
    const forward: number[][] = [];
    for await (const page of client.history("channel:a", { after: 0, limit: 2 })) {
      forward.push(page.messages.map((m) => m.seq));
    }
    expect(forward).toEqual([[1, 2], [3, 4], [5]]);
    const back: number[][] = [];
    for await (const page of client.history("channel:a", { limit: 2 })) {
      back.push(page.messages.map((m) => m.seq));
    }
    expect(back).toEqual([[4, 5], [2, 3], [1]]);
  });

  it("comes back with its session, on the next address, and misses nothing", async () => {
    const other = await FaultPeer.start();
    const client = make("alice", { urls: [peer.url, other.url] });
    // Two servers, one log: what an edge knows, every edge knows.
    Object.assign(other, { log: peer.log });
    const first = await client.connect();
    const { got, onMessage } = collector();
    await client.subscribe("channel:a", { after: 0, onMessage });
    for (let i = 1; i <= 4; i++) {
      await client.publish("channel:a", `m${i}`);
      const lost = peer.sessions.size > 0 ? peer : other;
      lost.dropAll();
      await eventually(() => expect((lost === peer ? other : peer).sessions.size).toBe(1));
    }
    await eventually(() => expect(got).toEqual(inOrder(4)));
    expect(client.session).toMatchObject({ sessionId: first.sessionId, resumed: true });
    const again = [...peer.asked("subscribe"), ...other.asked("subscribe")];
    const after = again.map((p) => (p["topics"] as { after: number }[])[0]!.after);
    expect(Math.max(...after)).toBeGreaterThanOrEqual(3);
    expect(again.filter((p) => p["log_epoch"] === "epoch-1")).toHaveLength(again.length - 1);
    await client.close();
    await other.stop();
  });

  it("moves to another edge when its own drains, the new connection first", async () => {
    const client = make("alice");
    await client.connect();
    const { got, onMessage } = collector();
    await client.subscribe("channel:a", { onMessage });
    const states: string[] = [];
    client.on("state", ({ state }) => states.push(state));
    const [old] = peer.sessions;
    peer.tellAll("drain", { within_ms: 20 });
    await eventually(() => {
      expect(peer.sessions.has(old!)).toBe(false);
      expect(peer.sessions.size).toBe(1);
    });
    expect(states).toEqual(["connected"]);
    await client.publish("channel:a", "m1");
    await eventually(() => expect(got).toEqual(inOrder(1)));
  });

  it("tells of what retention dropped, once, and goes on behind it", async () => {
    const client = make("alice");
    await client.connect();
    for (let i = 1; i <= 6; i++) await client.publish("channel:a", `m${i}`);
    peer.log.truncate("channel:a@acme", 4);
    const truncated: unknown[] = [];
    client.on("truncated", (event) => truncated.push(event));
    const { got, onMessage } = collector();
    await client.subscribe("channel:a", { after: 1, onMessage });
    await eventually(() => expect(got).toEqual(["5:m5", "6:m6"]));
    expect(truncated).toEqual([{ topic: "channel:a@acme", floor: 4 }]);
  });

  it("tells of a log that was restored, and goes on in its numbering", async () => {
    const client = make("alice");
    await client.connect();
    const { got, onMessage } = collector();
    const subscription = await client.subscribe("channel:a", { onMessage });
    for (let i = 1; i <= 5; i++) await client.publish("channel:a", `m${i}`);
    await eventually(() => expect(got).toHaveLength(5));
    const resets: unknown[] = [];
    client.on("reset", (event) => resets.push(event));
    peer.log.restore("channel:a@acme", 2);
    peer.dropAll();
    await eventually(() => expect(resets).toHaveLength(1));
    await client.publish("channel:a", "other");
    await eventually(() => expect(got.at(-1)).toBe("3:other"));
    expect(resets).toEqual([{ topic: "channel:a@acme", head: 2, log_epoch: "epoch-1+" }]);
    expect(subscription).toMatchObject({ cursor: 3, logEpoch: "epoch-1+" });
  });

  it("notices a connection that died without a word", async () => {
    const client = make("alice", { heartbeatMs: 30, connectTimeoutMs: 200 });
    await client.connect();
    await eventually(() => expect(peer.asked("ping").length).toBeGreaterThan(1));
    expect(client.state).toBe("connected");
    let dead = true;
    peer.faults = () => (dead ? "lose" : "none");
    await eventually(() => expect(client.state).toBe("reconnecting"));
    dead = false;
    await eventually(() => expect(client.state).toBe("connected"));
  });

  it("refuses a body that would cost it the connection", async () => {
    const client = make("alice", { maxBodyBytes: 10 });
    await client.connect();
    await expect(client.publish("channel:a", "12345678")).resolves.toMatchObject({ seq: 1 });
    await expect(client.publish("channel:a", "123456789")).rejects.toMatchObject({
      reason: "too_large",
    });
    await expect(client.publish("channel:a", "ééééé")).rejects.toMatchObject({
      reason: "too_large",
    });
    await expect(client.publish("channel:a", undefined)).rejects.toMatchObject({
      reason: "invalid_params",
    });
  });

  it("takes back a cursor from a log that ends before it", async () => {
    const client = make("alice");
    await client.connect();
    await client.publish("channel:a", "m1");
    const { got, onMessage } = collector();
    await client.subscribe("channel:a", { after: 9, logEpoch: "elsewhere", onMessage });
    await client.publish("channel:a", "m2");
    await eventually(() => expect(got).toEqual(["2:m2"]));
  });

  it("passes on what is not stored, from one connection at a time", async () => {
    const client = make("alice");
    await client.connect();
    const seen: unknown[] = [];
    for (const event of ["ephemeral", "receipt", "presence"] as const) {
      client.on(event, (payload) => seen.push(payload));
    }
    const events = [
      ["ephemeral", { topic: "channel:a@acme", from: "bob@acme", kind: "typing", body: 1, at: "" }],
      ["receipt", { topic: "user:bob@acme", seq: 1, by: "bob@acme" }],
      ["presence", { user: "bob@acme", status: "online", at: "" }],
    ] as const;
    for (const [name, payload] of events) peer.tellAll(name, payload);
    await eventually(() => expect(seen).toEqual(events.map(([, payload]) => payload)));
  });
});

describe.each(TRANSPORTS)("close codes over %s", (_name, transport) => {
  it.each([
    [4000, "connected"],
    [4001, "connected"],
    [4004, "connected"],
    [4500, "closed"],
    [4502, "closed"],
    [1009, "closed"],
  ])("%i leaves the client %s", async (code, state) => {
    const peer = await FaultPeer.start();
    const client = clientOf(peer, "alice", transport);
    await client.connect();
    const states: string[] = [];
    client.on("state", (event) => states.push(event.state));
    peer.dropAll(code);
    await eventually(() => expect(states.at(-1)).toBe(state));
    await client.close();
    await peer.stop();
  });

  it("asks for a fresh token when the old one has run out", async () => {
    const peer = await FaultPeer.start();
    let asked = 0;
    const client = clientOf(peer, "alice", {
      ...transport,
      apiKey: undefined,
      getToken: () => (++asked < 3 ? `token-${asked}` : "expired"),
    });
    await client.connect();
    peer.dropAll(4004);
    await eventually(() => expect(asked).toBe(2));
    await eventually(() => expect(client.state).toBe("connected"));
    expect(peer.asked("authenticate").map((p) => p["token"])).toEqual(["token-1", "token-2"]);
    peer.dropAll(4004);
    await eventually(() => expect(client.state).toBe("closed"));
    await peer.stop();
  });
});
