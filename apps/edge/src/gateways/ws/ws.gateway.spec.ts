import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
  eventually,
  KEY,
  MAX_FRAME,
  SESSION,
  startGateways,
  type GatewayFixture,
} from "../gateway-fixture.js";

let edge: GatewayFixture;
const clients: WebSocket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await edge.stop();
});

interface Answer {
  id: unknown;
  method?: string;
  params: { body: string };
  result: object;
  error?: { code: number };
}

interface Client {
  socket: WebSocket;
  received: unknown[];
  closed: Promise<[number, Buffer]>;
  say(text: string): void;
  ask(id: unknown, method: string, params?: unknown): void;
  next<T = Answer>(): Promise<T>;
}

async function open(path = "/ws", headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${edge.port}${path}`, { headers });
  clients.push(socket);
  const received: unknown[] = [];
  let read = 0;
  socket.on("message", (data, isBinary) =>
    received.push(isBinary ? data : JSON.parse(String(data))),
  );
  socket.on("error", () => undefined);
  const closed = once(socket, "close") as Promise<[number, Buffer]>;
  await once(socket, "open");
  return {
    socket,
    received,
    closed,
    say: (text) => socket.send(text),
    ask: (id, method, params) =>
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params })),
    next: <T>() => eventually(() => (received.length > read ? (received[read++] as T) : undefined)),
  };
}

const only = () => [...edge.connections][0]!;

describe("JSON-RPC over WebSocket", () => {
  it.each(["/", "/ws", "/ws?x=1"])("performs operations at %s", async (path) => {
    edge = await startGateways();
    const client = await open(path);
    client.ask("a", "ping");
    expect(await client.next()).toMatchObject({ jsonrpc: "2.0", id: "a", result: { pong: true } });
    client.ask(0, "whoami");
    expect(await client.next()).toMatchObject({ id: 0, error: { code: -32000 } });
  });

  it("performs what comes behind authenticate once that is done", async () => {
    edge = await startGateways();
    let proceed = (): void => undefined;
    edge.before.set("authenticate", () => new Promise((resolve) => (proceed = resolve)));
    const client = await open();
    client.ask(1, "authenticate", { api_key: KEY, user: "alice" });
    for (let id = 2; id < 6; id++) client.ask(id, "publish", { topic: "channel:x", body: id });
    await eventually(() => edge.performed.length === 1);
    proceed();
    const answers = [
      await client.next(),
      await client.next(),
      await client.next(),
      await client.next(),
      await client.next(),
    ];
    expect(answers.map((a) => [a.id, a.error])).toEqual(
      [1, 2, 3, 4, 5].map((id) => [id, undefined]),
    );
    expect(answers[0]?.result).toMatchObject({ user: "alice@acme", session_id: SESSION });
    expect(edge.performed.slice(1).map((p) => p.params)).toMatchObject(
      [2, 3, 4, 5].map((body) => ({ body })),
    );
  });

  it.each([
    ["X-API-Key", "/ws", { "x-api-key": KEY, "x-user": "alice" }],
    ["Authorization", "/", { authorization: "Bearer token-of-alice" }],
    ["?token=", "/ws?token=token-of-alice", {}],
  ])("authenticates by %s of the upgrade", async (_by, path, headers) => {
    edge = await startGateways();
    const client = await open(path, headers);
    client.ask(1, "whoami");
    expect(await client.next()).toMatchObject({ id: 1, result: { user: "alice@acme" } });
  });

  it("tells why the upgrade’s credentials were refused, and to stay away", async () => {
    edge = await startGateways();
    const client = await open("/ws", { "x-api-key": "wrong" });
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32000 } });
    expect((await client.closed)[0]).toBe(4501);
  });

  it("closes who does not authenticate in time, and nobody else", async () => {
    edge = await startGateways({ authenticationMs: 100 });
    const known = await open("/ws", { "x-api-key": KEY });
    const unknown = await open();
    expect((await unknown.closed)[0]).toBe(4500);
    known.ask(1, "ping");
    expect(await known.next()).toMatchObject({ id: 1 });
  });

  it("tells clients to come back later when it is full", async () => {
    edge = await startGateways({ most: 1 });
    await open();
    expect((await (await open()).closed)[0]).toBe(4002);
  });

  it("answers batches in one array, and notifications not at all", async () => {
    edge = await startGateways();
    const client = await open("/ws", { "x-api-key": KEY });
    const call = (rest: object) => ({ jsonrpc: "2.0", ...rest });
    client.say(
      JSON.stringify([
        call({ id: 1, method: "ping" }),
        call({ method: "ping" }),
        call({ method: "nonsense" }),
        7,
        call({ id: 2, method: "rpc.discover" }),
        call({ id: 3, method: "publish", params: { topic: 5 } }),
      ]),
    );
    const batch = await client.next<Answer[]>();
    expect(batch.map((a) => [a.id, a.error?.code ?? "ok"]).sort()).toEqual(
      [
        [1, "ok"],
        [null, -32600],
        [2, -32601],
        [3, -32602],
      ].sort(),
    );
    client.say(JSON.stringify([call({ method: "ping" })]));
    client.ask(null, "ping");
    expect(await client.next()).toMatchObject({ id: null, result: { pong: true } });
  });

  it("says of an unexpected error only that it is internal", async () => {
    edge = await startGateways();
    const client = await open("/ws", { "x-api-key": KEY });
    client.ask(1, "who");
    const answer = await client.next();
    expect(answer).toMatchObject({ id: 1, error: { code: -32603, message: "Internal error" } });
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  it("delivers events of any size, gathered in one turn, in their order", async () => {
    edge = await startGateways();
    const client = await open("/ws", { "x-api-key": KEY });
    const sizes = [1, 200, 70_000, 3, 65_536];
    const { wire } = only();
    for (const size of sizes) {
      only().send(wire.codec.encodeEvent("message", JSON.stringify({ body: "ü".repeat(size) })));
    }
    for (const size of sizes) {
      const { method, params } = await client.next();
      expect([method, params.body.length]).toEqual(["message", size]);
    }
  });

  it("answers every bad frame, and closes after twenty in a row", async () => {
    edge = await startGateways();
    const client = await open();
    for (let i = 0; i < 20; i++) client.say("{nonsense");
    expect((await client.closed)[0]).toBe(4504);
    expect(client.received.length).toBeGreaterThanOrEqual(19);
    expect(client.received[0]).toMatchObject({ id: null, error: { code: -32700 } });
  });

  it("answers deep JSON and binary, and goes on", async () => {
    edge = await startGateways();
    const client = await open();
    client.say(
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    );
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32600 } });
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32600 } });
    client.ask(2, "ping");
    expect(await client.next()).toMatchObject({ id: 2, result: { pong: true } });
  });

  it("closes with 1009 past the frame limit", async () => {
    edge = await startGateways();
    const client = await open();
    client.say("x".repeat(MAX_FRAME + 1));
    expect((await client.closed)[0]).toBe(1009);
  });

  it("closes who gives no sign of life", async () => {
    edge = await startGateways({}, { pingMs: 250 });
    const silent = connect(edge.port, "127.0.0.1");
    silent.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    silent.on("error", () => undefined).resume();
    const living = await open();
    await once(silent, "close");
    living.ask(1, "ping");
    expect(await living.next()).toMatchObject({ id: 1 });
    expect(edge.connections.size).toBe(1);
  });

  it("closes a client that does not take what it is sent, with a code to resume", async () => {
    edge = await startGateways({ budget: 200_000 });
    const client = await open("/ws", { "x-api-key": KEY });
    const slow = only();
    client.socket.pause();
    const frame = slow.wire.codec.encodeEvent(
      "message",
      JSON.stringify({ body: "x".repeat(50_000) }),
    );
    await eventually(() => {
      slow.send(frame);
      return slow.closed;
    });
    client.socket.resume();
    expect((await client.closed)[0]).toBe(4001);
  });

  it("survives random bytes and truncated frames", async () => {
    edge = await startGateways();
    const ends = Array.from({ length: 30 }, async (_, i) => {
      const socket = connect(edge.port, "127.0.0.1")
        .on("error", () => undefined)
        .resume();
      if (i % 3 > 0) {
        socket.write(
          "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
      }
      // Reserved bits set: no frame at all; or a masked frame cut in its middle.
      if (i % 3 === 1)
        socket.write(
          Buffer.from([0xff, ...Array.from({ length: i * 7 }, (__, n) => (n * 31 + i) % 256)]),
        );
      else if (i % 3 === 2) socket.end(Buffer.from([0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5]));
      else socket.write(Buffer.from(Array.from({ length: 50 }, (__, n) => (n * 131 + i) % 256)));
      await once(socket, "close");
    });
    await Promise.all(ends);
    const client = await open();
    client.ask(1, "ping");
    expect(await client.next()).toMatchObject({ id: 1 });
    expect(edge.connections.size).toBe(1);
  });

  it("refuses an upgrade elsewhere", async () => {
    edge = await startGateways();
    const socket = new WebSocket(`ws://127.0.0.1:${edge.port}/elsewhere`);
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toContain("404");
  });
});
