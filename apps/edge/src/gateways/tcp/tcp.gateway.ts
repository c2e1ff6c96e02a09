import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { TellwireError } from "@tellwire/contract";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import type { GatewayOptions } from "../gateway-options.js";
import { Dialogue } from "../json-rpc/dialogue.js";
import { readProxyHeader } from "../proxy-header.js";
import { LineDecoder } from "./line.decoder.js";
import { lineFrame, WELCOME } from "./tcp.codec.js";
import { TcpWire } from "./tcp.wire.js";

/** A dead peer is noticed by the system's probes, which begin after so long without traffic. */
const KEEP_ALIVE_MS = 60_000;
/** What a load balancer takes to say whose connection it is, in milliseconds. */
const HEADER_MS = 5000;
const BACKLOG = 4096;

/** JSON-RPC 2.0 over TCP, one text a line. */
export class TcpGateway {
  private readonly server: Server;
  /** Connections whose load balancer has not said whose they are. */
  private readonly unnamed = new Set<Socket>();

  constructor(
    private readonly operations: Operations,
    private readonly connections: Connections,
    private readonly options: GatewayOptions,
  ) {
    const tuned = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.server = createServer(tuned, (socket) => this.take(socket));
    // Such as having no descriptor left for a new connection, which is for that one to notice.
    this.server.on("error", ignore);
  }

  /** @returns the port */
  async listen(port: number, host: string): Promise<number> {
    this.server.listen(port, host, BACKLOG);
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes no more connections; those that are here stay. */
  close(): void {
    this.server.close();
    for (const socket of this.unnamed) socket.destroy();
  }

  private take(socket: Socket): void {
    // Every error is followed by the end.
    socket.on("error", ignore);
    const peer = socket.remoteAddress ?? "unknown";
    if (!this.options.behindProxy) return this.open(socket, peer, null);
    let header = Buffer.alloc(0);
    this.unnamed.add(socket);
    socket.setTimeout(HEADER_MS, () => socket.destroy());
    socket.once("close", () => this.unnamed.delete(socket));
    const read = (chunk: Buffer): void => {
      header = Buffer.concat([header, chunk]);
      const found = readProxyHeader(header);
      if (found === "more") return;
      if (found === "invalid") return void socket.destroy();
      socket.off("data", read);
      socket.setTimeout(0).removeAllListeners("timeout");
      this.unnamed.delete(socket);
      this.open(socket, found.address ?? peer, header.subarray(found.length));
    };
    socket.on("data", read);
  }

  /** @param begun what has been read already */
  private open(socket: Socket, address: string, begun: Buffer | null): void {
    const wire = new TcpWire(socket, address);
    const connection = this.connections.accept(wire);
    if (connection.closed) return;
    socket.on("close", () => connection.ended());
    connection.send(WELCOME);
    const conversation = new Conversation(
      this.operations,
      connection,
      this.options.connectionOperations,
      wire,
    );
    const dialogue = new Dialogue(conversation, lineFrame);
    const lines = new LineDecoder(this.options.maxFrame);
    const read = (chunk: Buffer): void => {
      for (const line of lines.push(chunk)) {
        if (connection.closed) return;
        if (line !== null) dialogue.receive(line);
        else {
          dialogue.refuse(
            new TellwireError("too_large", `At most ${this.options.maxFrame} bytes a line`),
          );
          connection.close("frame_too_large");
        }
      }
    };
    socket.on("data", read);
    if (begun !== null && begun.length > 0) read(begun);
  }
}

const ignore = (): void => undefined;
