import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  eventually,
  KEY,
  MAX_FRAME,
  startGateways,
  type GatewayFixture,
} from "../gateway-fixture.js";

let edge: GatewayFixture;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await edge.stop();
});

interface Line {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: object;
  error?: { code: number };
}

/** @param first what is written before anything is read */
function open(first = "") {
  const socket = connect(edge.tcpPort, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  if (first !== "") socket.write(first);
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString("utf8")));
  let read = 0;
  return {
    socket,
    closed: once(socket, "close"),
    say: (line: string) => socket.write(line),
    lines: () =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line),
    next(): Promise<Line> {
      return eventually(() => {
        const line = this.lines()[read];
        if (line !== undefined) read++;
        return line;
      });
    },
  };
}

const request = (id: unknown, method: string, params?: unknown): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;

async function authenticated() {
  const client = open();
  client.say(request(0, "authenticate", { api_key: KEY }));
  await client.next();
  expect(await client.next()).toMatchObject({ id: 0, result: { status: "authenticated" } });
  return client;
}

describe("JSON-RPC over TCP", () => {
  it("greets before anything is said, and performs operations", async () => {
    edge = await startGateways();
    const client = open();
    expect(await client.next()).toEqual({
      jsonrpc: "2.0",
      method: "welcome",
      params: {
        service: "i3-gateway",
        version: "1.0.0",
        protocol: "JSON-RPC 2.0",
        authentication: "required",
      },
    });
    client.say(request("a", "whoami"));
    expect(await client.next()).toMatchObject({ id: "a", error: { code: -32000 } });
    client.say(request(1, "authenticate", { api_key: KEY, user: "alice" }));
    expect(await client.next()).toMatchObject({ id: 1, result: { user: "alice@acme" } });
  });

  it("takes lines in pieces, joined, and blank", async () => {
    edge = await startGateways();
    const client = await authenticated();
    client.say(request(1, "ping").slice(0, 20));
    await eventually(() => edge.connections.size === 1);
    client.say(
      `${request(1, "ping").slice(20)}\r\n\n  \n${request(2, "ping")}${request(3, "ping")}`,
    );
    expect([await client.next(), await client.next(), await client.next()]).toMatchObject([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
  });

  it("answers batches in one line, notifications not at all, and bad lines with their error", async () => {
    edge = await startGateways();
    const client = await authenticated();
    client.say(request(undefined, "ping"));
    client.say("nonsense\n");
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32700 } });
    client.say(`[${request(1, "ping").trim()},${request(undefined, "ping").trim()},7]\n`);
    expect(await client.next()).toMatchObject([{ id: 1 }, { id: null, error: { code: -32600 } }]);
  });

  it("answers a line that is too long, tells that it closes, and closes", async () => {
    edge = await startGateways();
    const client = await authenticated();
    client.say("x".repeat(MAX_FRAME + 1));
    expect(await client.next()).toMatchObject({ id: null, error: { code: -32008 } });
    expect(await client.next()).toMatchObject({ method: "close", params: { code: 1009 } });
    await client.closed;
    expect(edge.connections.size).toBe(0);
  });

  it("keeps the order of what is sent at once, however much it is", async () => {
    edge = await startGateways();
    const client = await authenticated();
    const count = 3000;
    const all = Array.from({ length: count }, (_, id) => request(id, "whoami")).join("");
    client.say(all);
    await eventually(() => client.lines().length === 2 + count);
    const performed = edge.performed.filter(({ name }) => name === "whoami");
    expect(performed).toHaveLength(count);
    expect(
      client
        .lines()
        .slice(2)
        .map(({ id }) => id),
    ).toEqual([...Array(count).keys()]);
  });

  it("reads no more of a client that is ahead of its answers", async () => {
    edge = await startGateways();
    let proceed = (): void => undefined;
    const held = new Promise<void>((resolve) => (proceed = resolve));
    edge.before.set("presence", () => held);
    const client = await authenticated();
    const line = request(1, "presence", { users: Array(20).fill("x".repeat(500)) });
    const sent = 2000;
    for (let i = 0; i < sent; i++) client.say(line);
    const [connection] = [...edge.connections];
    await eventually(() => connection!.operationsWaiting > 0 && client.socket.writableLength > 0);
    expect(connection!.operationsWaiting).toBeLessThan(sent / 2);
    proceed();
    await eventually(() => client.lines().length === 2 + sent, 10_000);
  });

  it("closes a client that does not take what it is sent", async () => {
    edge = await startGateways({ budget: 200_000 });
    const client = await authenticated();
    client.socket.pause();
    const [slow] = [...edge.connections];
    await eventually(() => {
      slow!.event("drain", { within_ms: "x".repeat(50_000) });
      return slow!.closed;
    });
    client.socket.resume();
    await client.closed;
    expect(client.lines().at(-1)).toMatchObject({
      method: "close",
      params: { code: 4001, reconnect: true },
    });
  });

  it("closes who does not authenticate in time, and turns away whom it has no room for", async () => {
    edge = await startGateways({ authenticationMs: 100, most: 1 });
    const first = open();
    await eventually(() => edge.connections.size === 1);
    const second = open();
    await second.closed;
    expect(second.lines()).toMatchObject([{ method: "close", params: { name: "overloaded" } }]);
    await first.closed;
    expect(first.lines().at(-1)).toMatchObject({ params: { name: "authentication_timeout" } });
  });
});

describe("JSON-RPC over TCP, behind a load balancer", () => {
  it("takes the client’s address from the header, and nothing from what the client writes", async () => {
    edge = await startGateways({}, { behindProxy: true });
    const forged = "PROXY TCP4 6.6.6.6 6.6.6.6 1 2\r\n";
    const client = open(
      `PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n${request(1, "authenticate", { api_key: KEY })}${forged}`,
    );
    expect(await client.next()).toMatchObject({ method: "welcome" });
    const answers = [await client.next(), await client.next()];
    expect(answers).toContainEqual(expect.objectContaining({ id: 1, result: expect.anything() }));
    expect(answers).toContainEqual(expect.objectContaining({ id: null, error: expect.anything() }));
    expect(edge.performed[0]?.caller.address).toBe("203.0.113.9");
  });

  it("waits for a header that comes in pieces, and drops who has none", async () => {
    edge = await startGateways({}, { behindProxy: true });
    const client = open("PROXY TCP4 203.0.113.9 10.0");
    const without = open(request(1, "ping"));
    await without.closed;
    expect(without.lines()).toEqual([]);
    client.say(".0.1 1 2\r\n");
    expect(await client.next()).toMatchObject({ method: "welcome" });
  });
});
