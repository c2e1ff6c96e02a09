import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { readProxyHeader } from "./proxy-header.js";

/** A dead peer is noticed by the system's probes, which begin after so long without traffic. */
const KEEP_ALIVE_MS = 60_000;
/** What a load balancer takes to say whose connection it is, in milliseconds. */
const HEADER_MS = 5000;
const BACKLOG = 4096;

/** A port for a protocol over TCP: whose connection it is, is known before the protocol begins. */
export class TcpEntrance {
  private readonly server: Server;
  /** Connections whose load balancer has not said whose they are. */
  private readonly unnamed = new Set<Socket>();

  /**
   * @param behindProxy whether a load balancer names the client in a PROXY header
   * @param open takes a connection, with what has been read already
   */
  constructor(
    private readonly behindProxy: boolean,
    private readonly open: (socket: Socket, address: string, begun: Buffer | null) => void,
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
    if (!this.behindProxy) return this.open(socket, peer, null);
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
}

const ignore = (): void => undefined;
