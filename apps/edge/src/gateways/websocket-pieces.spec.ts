import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startGateways, type GatewayFixture } from "./gateway-fixture.js";

/** Bytes, many times what it takes where each comes by itself. */
const MOST = 3000;

let edge: GatewayFixture;
beforeEach(async () => {
  edge = await startGateways();
});
afterEach(() => edge.stop());

/** A connection after its upgrade; what else comes is dropped, but for what a close says. */
async function open(path: string): Promise<{ socket: Socket; closed: () => number | null }> {
  const socket = connect({ port: edge.port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: edge\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${"A".repeat(22)}==\r\n\r\n`,
  );
  let read = Buffer.alloc(0);
  await once(socket, "data");
  socket.on("data", (data: Buffer) => (read = Buffer.concat([read, data])));
  const closed = (): number | null => {
    const frame = read.indexOf(Buffer.from([0x88]));
    return frame < 0 || read.length < frame + 4 ? null : read.readUInt16BE(frame + 2);
  };
  return { socket, closed };
}

it.each(["/ws", "/socket.io/?EIO=4&transport=websocket"])(
  "closes a client of %s that cuts its frames to dust, as each piece weighs more than its bytes",
  async (path) => {
    const { socket, closed } = await open(path);
    // Final, text, masked with zeros, 60,000 bytes.
    socket.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]));
    for (let sent = 0; sent < MOST && closed() === null; sent++) {
      socket.write("x");
      await setImmediate();
    }
    expect(closed()).toBe(1008);
    socket.destroy();
  },
);
