import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Link } from "./link.js";
import jsonRpc from "./protocols/json-rpc.protocol.js";
import tcp from "./protocols/tcp.protocol.js";

let server: Server;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

/** A client of a server that says `answer` to the upgrade, and nothing else. */
async function linkTo(answer: string | null, answerTimeoutMs?: number) {
  server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    if (answer !== null) socket.once("data", () => socket.write(answer, "latin1"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const events: string[] = [];
  const closed = Promise.withResolvers<number>();
  const handler = {
    onFrame: () => false,
    onEvent: (name: string) => events.push(name),
    onClose: closed.resolve,
  };
  const credentials = { api_key: "k", user: "u" };
  const link = new Link(url, jsonRpc, credentials, handler, answerTimeoutMs);
  return { link, events };
}

test("a server that takes the connection and says nothing is given up", async () => {
  const { link } = await linkTo(null, 100);
  await expect(link.open()).rejects.toThrow("No answer to the handshake");
});

test.each([
  ["a fragmented frame", "\x01\x01a"],
  ["text that is no JSON", "\x81\x03<p>"],
])("%s ends the connection with 1002, and not the generator", async (_, frame) => {
  const { link } = await linkTo(UPGRADED + frame);
  await expect(link.open()).rejects.toThrow("Closed with 1002");
});

/** Of a TCP server that greets, and answers each line as `answerTo` says; null ends the connection. */
async function tcpLinkTo(greeting: object, answerTo: (line: string) => object | string | null) {
  server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    const say = (frame: object | string | null): void => {
      if (frame === null) socket.end();
      else socket.write(`${typeof frame === "string" ? frame : JSON.stringify(frame)}\n`);
    };
    socket.on("data", (data) => data.toString().trim().split("\n").map(answerTo).forEach(say));
    say(greeting);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const closed = Promise.withResolvers<number>();
  const handler = {
    onFrame: () => false,
    onEvent: () => {},
    onClose: closed.resolve,
  };
  const link = new Link(url, tcp, { api_key: "k", user: "u" }, handler, 2_000);
  return { link, closed: closed.promise };
}

const WELCOME = { method: "welcome", params: {} };

test("over TCP a client authenticates once it is greeted, and asks line by line", async () => {
  const said: { id: number; method: string }[] = [];
  const { link } = await tcpLinkTo(WELCOME, (line) => {
    const request = JSON.parse(line) as { id: number; method: string };
    said.push(request);
    return { id: request.id, result: { seq: 7 } };
  });
  await link.open();
  await link.subscribe("channel:a");
  const reply = await new Promise((resolve) => link.publish("channel:a", "hi", "id", resolve));
  expect(reply).toMatchObject({ seq: 7 });
  expect(said.map(({ method }) => method)).toEqual(["authenticate", "subscribe", "publish"]);
  link.close();
});

test("over TCP a connection ends with the code that the server named", async () => {
  const { link, closed } = await tcpLinkTo(WELCOME, (line) =>
    line.includes("authenticate") ? { id: 0, result: {} } : null,
  );
  await link.open();
  for (const socket of sockets) {
    socket.end(`${JSON.stringify({ method: "close", params: { code: 4_001 } })}\n`);
  }
  expect(await closed).toBe(4_001);
});

test("over TCP nonsense ends the connection with 1002, and who is turned away hears why", async () => {
  const nonsense = await tcpLinkTo(WELCOME, () => "<p>");
  await expect(nonsense.link.open()).rejects.toThrow("Closed with 1002");
  server.close();
  const full = await tcpLinkTo({ method: "close", params: { code: 4_002 } }, () => null);
  server.on("connection", (socket: Socket) => socket.end());
  await expect(full.link.open()).rejects.toThrow("Closed with 4002");
});
