import fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { once } from "node:events";
import { FrameReader, TEXT } from "./web-socket-frames.js";
import { FrameSocket } from "./frame-socket.js";

/** A server's frame: final, unmasked. */
function serverFrame(text: string): Buffer {
  const { length } = text;
  const head =
    length < 126
      ? [0x81, length]
      : length < 65_536
        ? [0x81, 126, length >> 8, length & 0xff]
        : [0x81, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from(head), Buffer.from(text, "latin1")]);
}

test("frames are found wherever the reads cut them", () => {
  const text = fc.integer({ min: 0, max: 70_000 }).map((n) => "x".repeat(n));
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 9 }),
      (texts, cuts) => {
        const stream = Buffer.concat(texts.map(serverFrame));
        const reader = new FrameReader();
        const seen: string[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          reader.read(stream.subarray(at, end), (opcode, buffer, from, to) => {
            expect(opcode).toBe(TEXT);
            seen.push(buffer.toString("latin1", from, to));
          });
          at = end;
        }
        expect(seen).toEqual(texts);
      },
    ),
    { numRuns: 30 },
  );
});

test("a general WebSocket server understands the socket, its pong and its close", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.on("connection", (client) => {
    client.on("message", (data) => client.send(data.toString()));
    client.on("pong", (data) => client.send(`pong ${data.toString()}`));
    // Comes in one read with the upgrade's answer, or soon after.
    client.send("hello");
    client.ping("tick");
  });
  const seen: string[] = [];
  const all = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<number>();
  const socket = new FrameSocket(
    new URL(`http://127.0.0.1:${port}`),
    { path: "/" },
    {
      onText: (text) => {
        seen.push(text.length > 100 ? String(text.length) : text);
        if (seen.length === 5) all.resolve();
      },
      onClose: closed.resolve,
    },
  );
  await socket.opened;
  socket.send("a");
  socket.send("b".repeat(60_000));
  socket.send("c".repeat(150_000));
  await all.promise;
  expect(seen.toSorted()).toEqual(["150000", "60000", "a", "hello", "pong tick"]);
  socket.close();
  expect(await closed.promise).toBe(1000);
  server.close();
});
