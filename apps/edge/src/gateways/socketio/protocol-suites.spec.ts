import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Server as Engine } from "engine.io";
import type { Socket } from "socket.io";
import { describe } from "vitest";
import { createEntrance } from "../entrance.js";
import { KEY, startGateways } from "../gateway-fixture.js";
import { textFrame } from "../websocket-frame.js";
import { CALL } from "./packet.decoder.js";
import { protocolSuite, type LeftOut, type Target } from "./protocol-suites.fixture.js";
import { ackFrame, eventFrame, PACKET, type SocketCall } from "./socketio.codec.js";
import { createEngine, createServer, engineOf, forgetRequest, upgrade } from "./socketio.server.js";
import { SocketioWire } from "./socketio.wire.js";

// What the suites say that a server must be configured to.
const ENGINE = { pingMs: 300, pongMs: 200, maxFrame: 1_000_000 };
const AUTHENTICATION_MS = 1000;

/** The path of an edge's requests to its engine, with nothing of the edge behind that. */
async function listen(engine: Engine, close: () => Promise<void> | void): Promise<Target> {
  const nothing = { request: () => undefined, upgrade: () => undefined };
  const server: Server = createEntrance({
    http: nothing,
    ws: nothing,
    socketio: {
      request: (request, response) => engine.handleRequest(request as never, response),
      upgrade: (request, socket, head) => upgrade(engine, request, socket, head),
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      await close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends back whatever comes: text in the way of our frames, past Engine.IO's encoder. */
function startEcho(): Promise<Target> {
  const engine = createEngine("edge-7", ENGINE);
  engine.on("connection", (socket) => {
    const wire = new SocketioWire(socket, "test");
    let write = (frame: Buffer): void => {
      wire.release(frame);
      write = (next) => wire.write([next]);
    };
    socket.on("data", (data: string | Buffer) => {
      if (typeof data === "string") write(textFrame(`4${data}`));
      else socket.send(data);
    });
  });
  return listen(engine, () => void engine.close());
}

/** The server of the suite's README, of our decoder and, on the main namespace, our frames. */
function startPrescribed(): Promise<Target> {
  const engine = createEngine("edge-7", ENGINE);
  const io = createServer(engine, { ...ENGINE, authenticationMs: AUTHENTICATION_MS });
  io.on("connection", (socket) => {
    const wire = new SocketioWire(engineOf(socket), "test");
    wire.release(eventFrame("auth", JSON.stringify(socket.handshake.auth)));
    forgetRequest(socket);
    socket.on(CALL, (call: SocketCall) => respond(socket, wire, call));
  });
  io.of("/custom").on("connection", (socket) => socket.emit("auth", socket.handshake.auth));
  return listen(engine, () => io.close());
}

function respond(socket: Socket, wire: SocketioWire, call: SocketCall): void {
  if ("error" in call) throw call.error;
  const { ack, binary } = call;
  const [name, ...args] = call.event;
  const texts = args.map((arg) => JSON.stringify(arg)).join(",");
  if (name === "message") {
    if (binary) socket.emit("message-back", ...args);
    else wire.write([eventFrame("message-back", texts)]);
  } else if (name === "message-with-ack") {
    if (binary) {
      const packet = { type: PACKET.ACK as number, id: ack as number, data: args };
      (socket as unknown as { packet: (of: typeof packet) => void }).packet(packet);
    } else wire.write([ackFrame(ack as number, texts)]);
  }
}

/** The gateways of an edge; the clients prove themselves by the headers of their requests. */
async function startEdge(): Promise<Target> {
  const edge = await startGateways({ authenticationMs: AUTHENTICATION_MS }, ENGINE);
  return { ...edge, headers: { "x-api-key": KEY, "x-user": "alice" } };
}

const ECHO = "answers operations, and not by an echo";
const OWN_AUTH = "answers a handshake with the event `authenticated`, and not with the auth";
const ONE_NAMESPACE = "has one namespace for clients";

const NOT_OF_AN_EDGE: LeftOut = {
  "Socket.IO protocol > connect > should allow connection to the main namespace": OWN_AUTH,
  "Socket.IO protocol > connect > should allow connection to the main namespace with a payload":
    OWN_AUTH,
  "Socket.IO protocol > connect > should allow connection to a custom namespace": ONE_NAMESPACE,
  "Socket.IO protocol > connect > should allow connection to a custom namespace with a payload":
    ONE_NAMESPACE,
  "Socket.IO protocol > disconnect > should disconnect from the main namespace":
    "closes the connection, which without its one namespace has no use",
  "Socket.IO protocol > disconnect > should connect then disconnect from a custom namespace":
    ONE_NAMESPACE,
  "Socket.IO protocol > message > should send a plain-text packet": ECHO,
  "Socket.IO protocol > message > should send a packet with binary attachments": ECHO,
  "Socket.IO protocol > message > should send a plain-text packet with an ack": ECHO,
  "Socket.IO protocol > message > should send a packet with binary attachments and an ack": ECHO,
};

describe.concurrent("Engine.IO’s protocol test suite on our parts of it", async () => {
  await protocolSuite("engine.io-v4.js", startEcho);
});

describe.concurrent("Socket.IO’s protocol test suite on our parts of it", async () => {
  await protocolSuite("socket.io-v5.js", startPrescribed);
});

describe.concurrent("Socket.IO’s protocol test suite on an edge’s gateways", async () => {
  await protocolSuite("socket.io-v5.js", startEdge, NOT_OF_AN_EDGE);
});
