import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TellwireError } from "@tellwire/contract";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Connection } from "../../connection/connection.js";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import { addressOf, authenticateParams, credentialsOf, type Credentials } from "../credentials.js";
import type { GatewayOptions } from "../gateway-options.js";
import { Heartbeat } from "../heartbeat.js";
import { textFrame } from "../websocket-frame.js";
import { decodeFrame, encodeError, encodeResult, type RpcCall } from "./ws.codec.js";
import { WsWire } from "./ws.wire.js";

const BINARY = new TellwireError("invalid_request", "Binary frames are not understood: send text");

/** JSON-RPC 2.0 over WebSocket. */
export class WsGateway {
  private readonly server: WebSocketServer;
  private readonly heartbeat: Heartbeat;

  constructor(
    private readonly operations: Operations,
    private readonly connections: Connections,
    private readonly options: GatewayOptions,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: options.maxFrame,
      clientTracking: false,
    });
    this.heartbeat = new Heartbeat(options.pingMs);
  }

  /** Takes over an HTTP upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { behindProxy } = this.options;
    const address = addressOf(request.headers, request.socket.remoteAddress, behindProxy);
    const credentials = credentialsOf(request, "token in query");
    this.server.handleUpgrade(request, socket, head, (client) =>
      this.open(client, socket, address, credentials),
    );
  }

  close(): void {
    this.heartbeat.stop();
    this.server.close();
  }

  // Apart from `upgrade`, so that nothing that lives as long as the connection holds the request.
  private open(
    client: WebSocket,
    socket: Duplex,
    address: string,
    credentials: Credentials | null,
  ): void {
    // The library closes with the code that fits (1002, 1007, 1009) before it reports.
    client.on("error", ignore);
    const wire = new WsWire(client, socket, address);
    const connection = this.connections.accept(wire);
    if (connection.closed) return;
    const conversation = new Conversation(
      this.operations,
      connection,
      this.options.connectionOperations,
      wire,
    );
    const leave = this.heartbeat.add({
      beat: () => wire.ping() || connection.close("ping_timeout"),
    });
    client.on("message", (data, isBinary) => {
      wire.heard();
      if (!connection.closed) receive(conversation, data, isBinary);
    });
    client.on("pong", () => wire.heard());
    client.on("close", () => {
      leave();
      connection.ended();
    });
    if (credentials !== null) authenticate(conversation, credentials);
  }
}

const ignore = (): void => undefined;

const send = (connection: Connection, text: string): void => connection.send(textFrame(text));

function receive(conversation: Conversation, data: RawData, isBinary: boolean): void {
  const { connection } = conversation;
  if (isBinary) {
    send(connection, encodeError(null, BINARY));
    return conversation.fault();
  }
  const { batch, calls } = decodeFrame((data as Buffer).toString("utf8"));
  if (batch) return receiveBatch(conversation, calls);
  for (const call of calls) {
    void answer(conversation, call).then((text) => {
      if (text !== null) send(connection, text);
      if (isFault(call)) conversation.fault();
    });
  }
}

/** Requests of a batch are begun in their order; the array is sent when the last is done. */
function receiveBatch(conversation: Conversation, calls: RpcCall[]): void {
  void Promise.all(calls.map((call) => answer(conversation, call))).then((answers) => {
    const texts = answers.filter((text) => text !== null);
    if (texts.length > 0) send(conversation.connection, `[${texts.join(",")}]`);
    if (calls.some(isFault)) conversation.fault();
  });
}

const isFault = (call: RpcCall): boolean =>
  "error" in call && call.error.reason !== "invalid_params";

/** Never rejects; null for a notification. */
async function answer(conversation: Conversation, call: RpcCall): Promise<string | null> {
  const { id } = call;
  try {
    if ("error" in call) throw call.error;
    const result = await conversation.perform(call.method, call.params);
    return id === undefined ? null : encodeResult(id, result);
  } catch (thrown) {
    return id === undefined ? null : encodeError(id, TellwireError.from(thrown));
  }
}

/** Credentials in the upgrade authenticate without a message; what comes meanwhile waits. */
function authenticate(conversation: Conversation, credentials: Credentials): void {
  const { connection } = conversation;
  conversation.perform("authenticate", authenticateParams(credentials)).catch((thrown: unknown) => {
    const error = TellwireError.from(thrown);
    send(connection, encodeError(null, error));
    connection.close(error.toWire().temporary ? "overloaded" : "not_authenticated");
  });
}
