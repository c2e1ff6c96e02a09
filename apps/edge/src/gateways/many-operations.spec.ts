import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { eventually, KEY, startGateways, type GatewayFixture } from "./gateway-fixture.js";

const MOST = 16;
const SENT = 5000;
/** Together more than what is read at once, and than what a kernel takes. */
const NAME = `channel:${"x".repeat(500)}`;

let edge: GatewayFixture;
let disconnect: () => void;
afterEach(async () => {
  disconnect();
  await edge.stop();
});

/** Asks for the history of a topic `SENT` times without waiting; calls `answered` with each answer. */
const CLIENTS = {
  async ws(answered: (ok: boolean) => void) {
    const socket = new WebSocket(`ws://127.0.0.1:${edge.port}/ws`, {
      headers: { "x-api-key": KEY },
    });
    disconnect = () => socket.close();
    await once(socket, "open");
    socket.on("message", (data) => {
      const { id, result } = JSON.parse(String(data));
      if (id !== undefined) answered(result !== undefined);
    });
    for (let id = 0; id < SENT; id++) {
      const params = { topic: NAME };
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "history", params }));
    }
  },
  async "Socket.IO"(answered: (ok: boolean) => void) {
    const socket = io(`http://127.0.0.1:${edge.port}`, {
      transports: ["websocket"],
      auth: { api_key: KEY },
      forceNew: true,
    });
    disconnect = () => socket.disconnect();
    await once(socket as never, "connect");
    for (let i = 0; i < SENT; i++) {
      socket.emit("history", { topic: NAME }, ({ result }: { result?: unknown }) =>
        answered(result !== undefined),
      );
    }
  },
};

describe.each(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[])("over %s", (protocol) => {
  it("a client that asks for much at once is read no faster than it is answered, and gets all", async () => {
    edge = await startGateways();
    const held: (() => void)[] = [];
    edge.before.set("history", () => new Promise((resolve) => held.push(resolve)));
    const answers: boolean[] = [];
    await CLIENTS[protocol]((ok) => answers.push(ok));
    const asked = (): number => edge.performed.filter(({ name }) => name === "history").length;
    await eventually(() => edge.connections.operationsWaiting > 0);
    const [connection] = edge.connections;
    let most = 0;
    while (answers.length < SENT) {
      await eventually(() => held.length > 0 || answers.length === SENT);
      expect(asked() - answers.length).toBeLessThanOrEqual(2 * MOST);
      most = Math.max(most, connection?.operationsWaiting ?? 0);
      expect(held.length).toBeLessThanOrEqual(MOST);
      for (const release of held.splice(0)) release();
    }
    expect(answers.every(Boolean)).toBe(true);
    expect(most).toBeLessThan(SENT / 4);
    expect(edge.connections.operationsWaiting).toBe(0);
  });

  it("a client that is not listened to is not taken for dead", async () => {
    edge = await startGateways({ budget: 64 << 20 }, { pingMs: 500, pongMs: 1000 });
    let proceed = (): void => undefined;
    const held = new Promise<void>((resolve) => (proceed = resolve));
    edge.before.set("history", () => held);
    let answers = 0;
    await CLIENTS[protocol](() => answers++);
    await eventually(() => edge.connections.operationsWaiting > 0);
    const since = performance.now();
    // Longer than a sign of life may take.
    await eventually(() => performance.now() - since > 2000);
    expect(edge.connections.size).toBe(1);
    proceed();
    await eventually(() => answers === SENT, 10_000);
  });
});
