import { connect, type Socket } from "node:net";
import type { FrameConnection, FrameHandler } from "./frame-socket.js";
import { LineReader } from "./line-reader.js";
import { ProtocolError } from "./web-socket-frames.js";

const NO_CODE = 1006;
const PROTOCOL_ERROR = 1002;

/** All sockets read into the same memory: each read is consumed before the next begins. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** A TCP client for which each frame is a line. */
export class LineSocket implements FrameConnection {
  readonly opened: Promise<void>;
  private readonly reader = new LineReader();
  private readonly socket: Socket;
  private closeCode = NO_CODE;

  constructor(
    url: URL,
    private readonly handler: FrameHandler,
  ) {
    const opening = Promise.withResolvers<void>();
    this.opened = opening.promise;
    this.socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number, buffer: Uint8Array) => {
          this.take((buffer as Buffer).subarray(0, length));
          return true;
        },
      },
    });
    this.socket.on("connect", opening.resolve);
    this.socket.on("error", opening.reject);
    this.socket.on("close", () => {
      opening.reject(new Error("Connection closed before it was open"));
      handler.onClose(this.closeCode);
    });
  }

  /** What is sent is ASCII. */
  send(text: string | readonly string[]): void {
    const lines = typeof text === "string" ? text : text.join("\n");
    this.socket.write(`${lines}\n`, "latin1");
  }

  close(): void {
    this.socket.end();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** One server's nonsense must not end the worker, and with it the clients of all others. */
  private take(bytes: Buffer): void {
    if (this.closeCode === PROTOCOL_ERROR) return;
    try {
      this.reader.read(bytes, (line) => this.handler.onText(line));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.closeCode = PROTOCOL_ERROR;
      this.socket.destroy();
    }
  }
}
