import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { TellwireError } from "@tellwire/contract";
import { Server as Engine, type Socket as EngineSocket } from "engine.io";
import { Server, type Socket } from "socket.io";
import { Encoder } from "socket.io-parser";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import { addressOf, authenticateParams, credentialsOf } from "../credentials.js";
import type { GatewayOptions } from "../gateway-options.js";
import { CALL, PacketDecoder } from "./packet.decoder.js";
import { encodeAck, encodeAuthenticated, type SocketCall } from "./socketio.codec.js";
import { SocketioWire } from "./socketio.wire.js";

/** A connection between its handshake and its end. */
interface Guest {
  wire: SocketioWire;
  conversation: Conversation;
  /** What `authenticate` answered. */
  welcome: unknown;
}

/** Socket.IO 4 over WebSocket and long polling. */
export class SocketioGateway {
  /** For the cluster's own namespaces; clients are in the main one. */
  readonly io: Server;
  private readonly engine: Engine;
  private readonly guests = new WeakMap<EngineSocket, Guest>();

  /** @param edge this edge's name: session ids begin with it, so that a load balancer can route long polling */
  constructor(
    private readonly operations: Operations,
    private readonly connections: Connections,
    edge: string,
    private readonly options: GatewayOptions & { authenticationMs: number },
  ) {
    this.engine = new Engine({
      transports: ["polling", "websocket"],
      pingInterval: options.pingMs,
      maxHttpBufferSize: options.maxFrame,
      perMessageDeflate: false,
      // No cookies are used, so another site's page can do nothing in its visitor's name.
      cors: { origin: "*" },
    });
    this.engine.generateId = () => `${edge}.${randomBytes(15).toString("base64url")}`;
    this.io = new Server({
      serveClient: false,
      connectTimeout: options.authenticationMs,
      parser: { Encoder, Decoder: PacketDecoder },
    });
    this.io.bind(this.engine);
    this.io.use((socket, next) => {
      this.admit(socket).then(
        () => next(),
        (thrown: unknown) => refuse(socket, TellwireError.from(thrown), next),
      );
    });
    this.io.on("connection", (socket) => this.open(socket));
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    this.engine.handleRequest(request as never, response);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const before = new Set(socket.rawListeners("close"));
    this.engine.handleUpgrade(request as never, socket, head);
    // Engine.IO's stand-in for a response would hold the request as long as the socket lives. It is
    // all that listens yet: the WebSocket itself is made after the middleware, in a later turn.
    for (const listener of socket.rawListeners("close")) {
      if (!before.has(listener)) socket.off("close", listener as () => void);
    }
  }

  async close(): Promise<void> {
    await this.io.close();
  }

  /** Authenticates the handshake: by its `auth`, or by what a request's headers and query hold. */
  private async admit(socket: Socket): Promise<void> {
    const engine = engineOf(socket);
    if (this.guests.has(engine)) throw new TellwireError("invalid_request", "Already connecting");
    const { headers, auth } = socket.handshake;
    const wire = new SocketioWire(
      engine,
      addressOf(headers, engine.remoteAddress, this.options.behindProxy),
    );
    const connection = this.connections.accept(wire);
    if (connection.closed) throw new TellwireError("overloaded");
    const conversation = new Conversation(
      this.operations,
      connection,
      this.options.connectionOperations,
      wire,
    );
    const guest: Guest = { wire, conversation, welcome: null };
    this.guests.set(engine, guest);
    engine.once("close", () => connection.ended());
    const proof = credentialsOf(socket.request, "token in query");
    try {
      guest.welcome = await conversation.perform("authenticate", {
        ...(proof !== null && authenticateParams(proof)),
        ...auth,
      });
    } catch (error) {
      connection.ended("not_authenticated");
      throw error;
    }
    if (connection.closed) throw new TellwireError("overloaded");
  }

  private open(socket: Socket): void {
    const guest = this.guests.get(engineOf(socket)) as Guest;
    const { wire, conversation } = guest;
    forgetRequest(socket);
    wire.release(encodeAuthenticated(guest.welcome));
    guest.welcome = null;
    socket.on(CALL, (call: SocketCall) => void answer(conversation, call));
    socket.on("disconnect", () => {
      conversation.connection.ended();
      engineOf(socket).close();
    });
  }
}

const engineOf = (socket: Socket): EngineSocket => socket.conn as unknown as EngineSocket;

/** The client gets `connect_error`; then the connection has no more use. */
function refuse(socket: Socket, error: TellwireError, next: (error: Error) => void): void {
  next(Object.assign(new Error(error.message), { data: error.toWire() }));
  setImmediate(() => engineOf(socket).close());
}

/** The request weighs more than all else that an idle connection keeps. */
function forgetRequest(socket: Socket): void {
  const { handshake } = socket;
  handshake.headers = {};
  handshake.auth = {};
  handshake.query = {};
  (engineOf(socket) as { request: unknown }).request = null;
}

/** Without an ack id an operation is performed all the same, and nobody told. */
async function answer(conversation: Conversation, call: SocketCall): Promise<void> {
  const { connection } = conversation;
  const reply = (outcome: Parameters<typeof encodeAck>[1]): void => {
    if (call.ack !== null) connection.send(encodeAck(call.ack, outcome));
  };
  try {
    if ("error" in call) throw call.error;
    reply({ result: await conversation.perform(call.name, call.params) });
  } catch (thrown) {
    reply({ error: TellwireError.from(thrown) });
    if ("error" in call) conversation.fault();
  }
}
