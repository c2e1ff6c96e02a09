import type { Socket } from "node:net";
import { TellwireError } from "@tellwire/contract";
import type { Connections } from "../../connection/connections.js";
import type { Operations } from "../../operations/operations.js";
import { Conversation } from "../conversation.js";
import type { GatewayOptions } from "../gateway-options.js";
import { Dialogue } from "../json-rpc/dialogue.js";
import { TcpEntrance } from "../tcp-entrance.js";
import { LineDecoder } from "./line.decoder.js";
import { lineFrame, WELCOME } from "./tcp.codec.js";
import { TcpWire } from "./tcp.wire.js";

/** JSON-RPC 2.0 over TCP, one text a line. */
export class TcpGateway {
  private readonly entrance: TcpEntrance;

  constructor(
    private readonly operations: Pick<Operations, "perform">,
    private readonly connections: Connections,
    private readonly options: GatewayOptions,
  ) {
    this.entrance = new TcpEntrance(options.behindProxy, (socket, address, begun) =>
      this.open(socket, address, begun),
    );
  }

  /** @returns the port */
  listen(port: number, host: string): Promise<number> {
    return this.entrance.listen(port, host);
  }

  /** Takes no more connections; those that are here stay. */
  close(): void {
    this.entrance.close();
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
