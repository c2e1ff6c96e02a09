import { connect, type Socket } from "node:net";
import {
  encodePacket,
  MudmodeDecoder,
  writePacket,
  type LpcValue,
  type Packet,
  type Received,
} from "@tellwire/intermud";

/** A router that has not answered by then is as good as none. Milliseconds, like the others. */
const CONNECT_MS = 10_000;
/** TCP asks a silent router for a sign of life after this, and gives it up ten seconds later. */
const KEEP_ALIVE_MS = 30_000;
/** A router that takes no bytes for so long has stopped reading. */
const WRITE_MS = 30_000;

/** The connection is gone. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}

/** A connection to a router: packets in and out, nothing of what they mean. */
export class Link {
  private readonly decoder = new MudmodeDecoder();

  private constructor(private readonly socket: Socket) {
    // Whoever reads or writes learns of it.
    socket.on("error", () => {});
  }

  /**
   * @param address an IP address
   * @throws LinkError
   */
  static async open(address: string, port: number, signal: AbortSignal): Promise<Link> {
    const socket = connect({ host: address, port, noDelay: true });
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
    const link = new Link(socket);
    const giveUp = (): void => void socket.destroy(new LinkError("no answer"));
    limit.addEventListener("abort", giveUp, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
        if (limit.aborted) giveUp();
      });
      return link;
    } catch (error) {
      socket.destroy();
      throw new LinkError((error as Error).message);
    } finally {
      limit.removeEventListener("abort", giveUp);
    }
  }

  /**
   * What arrives, as it arrives; not read faster than it is taken. Ends when the router
   * closes, throws LinkError when the connection breaks.
   */
  async *received(): AsyncGenerator<Received[]> {
    try {
      for await (const chunk of this.socket) {
        const received = this.decoder.push(chunk as Buffer);
        if (received.length > 0) yield received;
      }
    } catch (error) {
      throw new LinkError((error as Error).message);
    }
  }

  /**
   * Resolves when the system has taken all bytes.
   * @throws LinkError if the connection is gone: how much arrived is not known
   */
  async send(frames: readonly Buffer[]): Promise<void> {
    const slow = setTimeout(
      () => this.socket.destroy(new LinkError("takes nothing any more")),
      WRITE_MS,
    );
    try {
      await new Promise<void>((resolve, reject) => {
        const taken = (error?: Error | null): void =>
          error ? reject(new LinkError(error.message)) : resolve();
        this.socket.write(Buffer.concat(frames), taken);
      });
    } finally {
      clearTimeout(slow);
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

/**
 * The frame of a packet.
 * @throws MudmodeError if no frame can hold it
 */
export const encoded = (packet: Packet | LpcValue[]): Buffer =>
  encodePacket(Array.isArray(packet) ? packet : writePacket(packet));
