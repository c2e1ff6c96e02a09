import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { io, type Socket } from "socket.io-client";
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
const clients: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await edge.stop();
});

const ALICE = { api_key: KEY, user: "alice" };

function open(transports: string[], auth: object = ALICE, more: object = {}): Socket {
  const client = io(`http://127.0.0.1:${edge.port}`, { transports, auth, forceNew: true, ...more });
  clients.push(client);
  return client;
}

const connected = async (client: Socket): Promise<Socket> => {
  if (!client.connected) await once(client as never, "connect");
  return client;
};

const only = () => [...edge.connections][0]!;

/** A raw Engine.IO connection by WebSocket. */
async function raw(): Promise<{ socket: WebSocket; received: string[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${edge.port}/socket.io/?EIO=4&transport=websocket`);
  const received: string[] = [];
  socket.on("message", (data) => received.push(String(data)));
  await once(socket, "open");
  return { socket, received };
}

describe.each([[["websocket"]], [["polling"]], [["polling", "websocket"]]])(
  "Socket.IO by %s",
  (transports) => {
    it("authenticates the handshake, says so first, and performs operations", async () => {
      edge = await startGateways();
      const seen: unknown[] = [];
      // The inbox may be ready before the client is told that it is connected.
      edge.before.set("authenticate", ({ connection }) => {
        connection?.send(connection.wire.codec.encodeEvent("message", '{"seq":1}'));
      });
      const client = open(transports).onAny((name, params) => seen.push([name, params]));
      await connected(client);
      await eventually(() => seen.length === 2);
      expect(seen).toEqual([
        [
          "authenticated",
          {
            status: "authenticated",
            tenant: "acme",
            user: "alice@acme",
            session_id: SESSION,
            resumed: false,
          },
        ],
        ["message", { seq: 1 }],
      ]);
      expect(await client.emitWithAck("whoami", {})).toMatchObject({
        result: { user: "alice@acme" },
      });
      expect(await client.emitWithAck("whoami")).toMatchObject({ result: { session_id: SESSION } });
      expect(await client.emitWithAck("publish", { topic: 7 })).toMatchObject({
        error: { code: -32602, name: "invalid_params", temporary: false },
      });
      expect(await client.emitWithAck("nonsense", {})).toMatchObject({ error: { code: -32601 } });
      expect(await client.emitWithAck("block", { user: "bob" })).toMatchObject({
        error: { code: -32001, temporary: true, retry_after: 1.5 },
      });
      client.emit("publish", { topic: "channel:a", body: "without an ack" });
      await eventually(() => edge.performed.some((p) => p.name === "publish"));
    });

    it("delivers in order, also while the transport changes", async () => {
      edge = await startGateways();
      const seqs: number[] = [];
      const client = open(transports);
      client.on("message", ({ seq }) => seqs.push(seq));
      await connected(client);
      const { wire } = only();
      let seq = 0;
      await eventually(() => {
        for (let i = 0; i < 5; i++) {
          only().send(wire.codec.encodeEvent("message", JSON.stringify({ seq: ++seq, body: "ü" })));
        }
        return seq >= 300 && client.io.engine.transport.name === transports.at(-1);
      });
      await eventually(() => seqs.length === seq);
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      expect(wire.buffered()).toBe(0);
    });

    it("refuses wrong credentials with the error, and keeps nothing", async () => {
      edge = await startGateways();
      const client = open(transports, { api_key: "wrong" }, { reconnection: false });
      const [error] = (await once(client as never, "connect_error")) as [Error & { data: unknown }];
      expect(error.data).toMatchObject({
        code: -32000,
        name: "not_authenticated",
        temporary: false,
      });
      expect(edge.connections.size).toBe(0);
      await eventually(() => edge.socketio.io.engine.clientsCount === 0);
    });

    it("tells why it closes, and whether to come back", async () => {
      edge = await startGateways();
      for (const [reason, code, comesBack] of [
        ["drain", 4000, true],
        ["revoked", 4502, false],
      ] as const) {
        const client = open(transports, ALICE, { reconnectionDelay: 10 });
        await connected(client);
        await eventually(() => edge.connections.size === 1);
        const told = once(client as never, "close");
        const ended = once(client as never, "disconnect");
        only().close(reason);
        expect(await told).toMatchObject([{ code, name: reason, reconnect: comesBack }]);
        await ended;
        expect(client.active).toBe(comesBack);
        if (comesBack) await connected(client);
        client.disconnect();
        await eventually(() => edge.connections.size === 0);
      }
    });

    it("refuses binary with an answer, and goes on", async () => {
      edge = await startGateways();
      const client = await connected(open(transports));
      expect(
        await client.emitWithAck("publish", { topic: "channel:a", body: Buffer.from("x") }),
      ).toMatchObject({
        error: { code: -32602 },
      });
      expect(await client.emitWithAck("ping", {})).toMatchObject({ result: { pong: true } });
    });

    it("counts what a client does not take", async () => {
      edge = await startGateways({ budget: 300_000 });
      const client = await connected(open(transports));
      await eventually(() => client.io.engine.transport.name === transports.at(-1));
      const slow = only();
      // More in a turn than a kernel takes for a client that does not read meanwhile.
      const frame = slow.wire.codec.encodeEvent(
        "message",
        JSON.stringify({ body: "x".repeat(90_000) }),
      );
      for (let i = 0; i < 300; i++) slow.send(frame);
      expect(slow.closeReason).toBe("slow_client");
      await eventually(() => edge.connections.size <= 1 && only() !== slow);
    });
  },
);

describe("Socket.IO", () => {
  it("begins session ids with the edge’s name", async () => {
    edge = await startGateways();
    const answer = await fetch(`http://127.0.0.1:${edge.port}/socket.io/?EIO=4&transport=polling`);
    expect(await answer.text()).toMatch(/"sid":"edge-7\.[\w-]{20}"/);
  });

  it("takes credentials from headers and query too", async () => {
    edge = await startGateways();
    const byHeader = await connected(
      open(["websocket"], {}, { extraHeaders: { "x-api-key": KEY } }),
    );
    expect(await byHeader.emitWithAck("whoami")).toMatchObject({ result: { user: null } });
    const byQuery = await connected(
      open(["websocket"], {}, { query: { token: "token-of-alice" } }),
    );
    expect(await byQuery.emitWithAck("whoami")).toMatchObject({ result: { user: "alice@acme" } });
  });

  it("closes who never asks to connect", async () => {
    edge = await startGateways({ authenticationMs: 100 });
    const { socket } = await raw();
    await once(socket, "close");
    await eventually(() => edge.socketio.io.engine.clientsCount === 0);
    expect(edge.performed).toEqual([]);
  });

  it.each([
    "4nonsense",
    '42["ping"]',
    "45",
    "4",
    "\u0000",
    "9",
    '40"text"',
    `40${"[".repeat(5000)}`,
    Buffer.from("x"),
  ])("closes on what is no packet (%#)", async (data) => {
    edge = await startGateways();
    const { socket } = await raw();
    socket.send(data);
    await once(socket, "close");
    expect(edge.connections.size).toBe(0);
  });

  it("connects an Engine.IO connection once", async () => {
    edge = await startGateways();
    const { socket, received } = await raw();
    for (let i = 0; i < 5; i++) socket.send(`40${JSON.stringify(ALICE)}`);
    await once(socket, "close");
    expect(received.filter((r) => r.startsWith("40")).length).toBeLessThanOrEqual(1);
    await eventually(() => edge.connections.size === 0);
    expect(edge.performed.filter((p) => p.name === "authenticate")).toHaveLength(1);
  });

  it("closes past the size limit", async () => {
    edge = await startGateways();
    const { socket } = await raw();
    socket.send(`42["ping",${JSON.stringify("x".repeat(MAX_FRAME))}]`);
    const [code] = (await once(socket, "close")) as [number];
    expect(code).toBe(1009);
  });
});
