import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Protocol } from "./protocols/protocol.js";
import {
  CLOSE,
  encodeFrame,
  FrameReader,
  PING,
  PONG,
  ProtocolError,
  TEXT,
} from "./web-socket-frames.js";

export interface FrameHandler {
  onText(text: string): void;
  /** Once; `code` is the WebSocket close code, 1006 if there was none, 1002 if the server did not keep to its protocol. */
  onClose(code: number): void;
}

export interface FrameConnection {
  /** Rejects if the server cannot be reached or refuses the client. */
  readonly opened: Promise<void>;
  /** Several frames leave in one write. */
  send(text: string | readonly string[]): void;
  close(): void;
  /** Stops reading: what the server sends waits on its side. */
  pause?(): void;
  resume?(): void;
}

const PROTOCOL_ERROR = 1002;

/** All sockets read into the same memory: each read is consumed before the next begins. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/**
 * A WebSocket client without an object or a buffer for each frame: the generator
 * shares its cores with the servers, and socket.io-client would take twice the
 * CPU. All targets are driven by this one, so none is charged for its client library.
 */
export class FrameSocket implements FrameConnection {
  readonly opened: Promise<void>;
  private readonly reader = new FrameReader();
  private readonly socket: Socket;
  private readonly opening = Promise.withResolvers<void>();
  /** The HTTP answer as far as it has come; null once the upgrade is done. */
  private head: string | null = "";
  private closeCode = 1006;

  /** Frames may come together with the upgrade's answer, before `opened` is seen to resolve. */
  constructor(
    url: URL,
    { path, subprotocol }: Pick<Protocol, "path" | "subprotocol">,
    private readonly handler: FrameHandler,
  ) {
    this.opened = this.opening.promise;
    this.socket = connect({
      host: url.hostname,
      port: Number(url.port || 80),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number, buffer: Uint8Array) => {
          const bytes = (buffer as Buffer).subarray(0, length);
          this.take(bytes);
          return true;
        },
      },
    });
    this.socket.on("error", this.opening.reject);
    this.socket.on("close", () => {
      if (this.head === null) handler.onClose(this.closeCode);
      else this.opening.reject(new Error("Connection closed before the upgrade"));
    });
    const wanted = subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `${wanted}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
  }

  send(text: string | readonly string[]): void {
    if (typeof text === "string") this.socket.write(encodeFrame(TEXT, text));
    else this.socket.write(Buffer.concat(text.map((each) => encodeFrame(TEXT, each))));
  }

  close(): void {
    // Who has not even answered the upgrade may never end his side.
    if (this.head !== null) this.socket.destroy();
    else this.socket.end(encodeFrame(CLOSE, Buffer.from([0x03, 0xe8])));
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
      if (this.head === null) this.read(bytes);
      else this.readHead(this.head + bytes.toString("latin1"));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.closeCode = PROTOCOL_ERROR;
      this.socket.end(encodeFrame(CLOSE, Buffer.from([0x03, 0xea])), () => this.socket.destroy());
    }
  }

  private readHead(head: string): void {
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) {
      this.head = head;
      return;
    }
    if (!head.startsWith("HTTP/1.1 101 ")) {
      this.opening.reject(new Error(`Upgrade refused: ${head.slice(0, head.indexOf("\r\n"))}`));
      this.socket.destroy();
      return;
    }
    this.head = null;
    this.opening.resolve();
    this.read(Buffer.from(head.slice(end + 4), "latin1"));
  }

  private read(bytes: Buffer): void {
    this.reader.read(bytes, (opcode, buffer, from, to) => {
      if (opcode === TEXT) this.handler.onText(buffer.toString("latin1", from, to));
      else if (opcode === PING) {
        this.socket.write(encodeFrame(PONG, Buffer.from(buffer.subarray(from, to))));
      } else if (opcode === CLOSE) {
        if (to - from >= 2) this.closeCode = buffer.readUInt16BE(from);
        this.socket.end();
      }
    });
  }
}
