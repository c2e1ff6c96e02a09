import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Link } from "./link.js";
import jsonRpc from "./protocols/json-rpc.protocol.js";

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
