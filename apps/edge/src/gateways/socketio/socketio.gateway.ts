import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { TellwireError } from "@tellwire/contract";
import type { Server as Engine, Socket as EngineSocket } from "engine.io";
import type { Server, Socket } from "socket.io";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import { addressOf, authenticateParams, credentialsOf } from "../credentials.js";
import type { GatewayOptions } from "../gateway-options.js";
import { CALL } from "./packet.decoder.js";
import { encodeAck, encodeAuthenticated, operationOf, type SocketCall } from "./socketio.codec.js";
import { createServer, engineOf, forgetRequest, upgrade } from "./socketio.server.js";
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
  private readonly guests = new WeakMap<EngineSocket, Guest>();

  constructor(
    private readonly operations: Operations,
    private readonly connections: Connections,
    private readonly engine: Engine,
    private readonly options: GatewayOptions & { authenticationMs: number },
  ) {
    this.io = createServer(engine, options);
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
    upgrade(this.engine, request, socket, head);
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

/** The client gets `connect_error`; then the connection has no more use. */
function refuse(socket: Socket, error: TellwireError, next: (error: Error) => void): void {
  next(Object.assign(new Error(error.message), { data: error.toWire() }));
  setImmediate(() => engineOf(socket).close());
}

/** Without an ack id an operation is performed all the same, and nobody told. */
async function answer(conversation: Conversation, call: SocketCall): Promise<void> {
  const { connection } = conversation;
  const reply = (outcome: Parameters<typeof encodeAck>[1]): void => {
    if (call.ack !== null) connection.send(encodeAck(call.ack, outcome));
  };
  let operation: ReturnType<typeof operationOf>;
  try {
    operation = operationOf(call);
  } catch (thrown) {
    reply({ error: TellwireError.from(thrown) });
    return conversation.fault();
  }
  try {
    reply({ result: await conversation.perform(operation.name, operation.params) });
  } catch (thrown) {
    reply({ error: TellwireError.from(thrown) });
  }
}
