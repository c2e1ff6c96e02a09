import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TellwireError } from "@tellwire/contract";
import { WebSocketServer, type WebSocket } from "ws";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import { addressOf, credentialsOf, type Credentials } from "../credentials.js";
import type { GatewayOptions } from "../gateway-options.js";
import { Heartbeat } from "../heartbeat.js";
import { Dialogue } from "../json-rpc/dialogue.js";
import { textFrame } from "../websocket-frame.js";
import { boundedPieces } from "../websocket-pieces.js";
import { WsWire } from "./ws.wire.js";

const BINARY = new TellwireError("invalid_request", "Binary frames are not understood: send text");

/** JSON-RPC 2.0 over WebSocket. */
export class WsGateway {
  private readonly server: WebSocketServer;
  private readonly heartbeat: Heartbeat;

  constructor(
    private readonly operations: Pick<Operations, "perform">,
    private readonly connections: Connections,
    private readonly options: GatewayOptions,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: options.maxFrame,
      ...boundedPieces(options.maxFrame),
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
    const dialogue = new Dialogue(conversation, textFrame);
    client.on("message", (data, isBinary) => {
      wire.heard();
      if (connection.closed) return;
      if (isBinary) dialogue.refuse(BINARY);
      else dialogue.receive((data as Buffer).toString("utf8"));
    });
    client.on("pong", () => wire.heard());
    client.on("close", () => {
      leave();
      connection.ended();
    });
    if (credentials !== null) dialogue.authenticate(credentials);
  }
}

const ignore = (): void => undefined;
