import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Server as Engine, type Socket as EngineSocket } from "engine.io";
import { Server, type Socket } from "socket.io";
import { Encoder } from "socket.io-parser";
import { boundedPieces } from "../websocket-pieces.js";
import { packetDecoder } from "./packet.decoder.js";

// Socket.IO's and Engine.IO's servers as an edge runs them, apart from what it does with
// them, so that the projects' own protocol test suites can be run against just this.

export interface EngineOptions {
  /** Bytes of a client's packet or request body. */
  maxFrame: number;
  /** Milliseconds between signs of life asked of a client. */
  pingMs: number;
  /** Milliseconds in which a sign of life must come; Engine.IO's 20 s if absent. */
  pongMs?: number;
}

/** @param edge the edge's name: session ids begin with it, so that a load balancer can route long polling */
export function createEngine(edge: string, { maxFrame, pingMs, pongMs }: EngineOptions): Engine {
  const engine = new Engine({
    transports: ["polling", "websocket"],
    pingInterval: pingMs,
    ...(pongMs !== undefined && { pingTimeout: pongMs }),
    maxHttpBufferSize: maxFrame,
    perMessageDeflate: false,
    // No cookies are used, so another site's page can do nothing in its visitor's name.
    cors: { origin: "*" },
  });
  // No option of Engine.IO’s own leads there.
  const { ws } = engine as unknown as { ws: { options: object } };
  Object.assign(ws.options, boundedPieces(maxFrame));
  engine.generateId = () => `${edge}.${randomBytes(15).toString("base64url")}`;
  return engine;
}

export interface ServerOptions {
  /** Bytes of a packet's attachments together. */
  maxFrame: number;
  /** Milliseconds in which a client must have asked for a namespace. */
  authenticationMs: number;
}

export function createServer(engine: Engine, options: ServerOptions): Server {
  const io = new Server({
    serveClient: false,
    connectTimeout: options.authenticationMs,
    parser: { Encoder, Decoder: packetDecoder(options.maxFrame) },
  });
  io.bind(engine);
  return io;
}

/** Hands an HTTP upgrade request over. */
export function upgrade(
  engine: Engine,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const before = new Set(socket.rawListeners("close"));
  engine.handleUpgrade(request as never, socket, head);
  // Engine.IO's stand-in for a response would hold the request as long as the socket lives. It is
  // all that listens yet: the WebSocket itself is made after the middleware, in a later turn.
  for (const listener of socket.rawListeners("close")) {
    if (!before.has(listener)) socket.off("close", listener as () => void);
  }
}

export const engineOf = (socket: Socket): EngineSocket => socket.conn as unknown as EngineSocket;

/** The request weighs more than all else that an idle connection keeps. */
export function forgetRequest(socket: Socket): void {
  const { handshake } = socket;
  handshake.headers = {};
  handshake.auth = {};
  handshake.query = {};
  (engineOf(socket) as { request: unknown }).request = null;
}
