import { connect, type Socket } from "node:net";

/** How a server took what was said to it. */
export interface Ending {
  received: Buffer;
  /** Milliseconds from the connection to its end. */
  ms: number;
}

/** A TCP connection that can say anything, whole or in part, and understands nothing. */
export class RawSocket {
  private readonly chunks: Buffer[] = [];
  private readonly openedAt = performance.now();
  /** Resolves when the other side has ended the connection, however it did. */
  readonly ended: Promise<Ending>;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => this.chunks.push(chunk));
    // A reset is an end like any other.
    socket.on("error", () => undefined);
    this.ended = new Promise((resolve) =>
      socket.once("close", () =>
        resolve({ received: this.received, ms: performance.now() - this.openedAt }),
      ),
    );
  }

  static open(port: number): Promise<RawSocket> {
    const socket = connect({ port, host: "127.0.0.1" });
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(new RawSocket(socket)));
      socket.once("error", reject);
    });
  }

  /** After a WebSocket handshake, of Socket.IO's kind if the path says so. */
  static async webSocket(port: number, path = "/ws"): Promise<RawSocket> {
    const raw = await RawSocket.open(port);
    // A close is answered by an end, as the server waits for one.
    raw.socket.on("data", () => framesOf(raw.received).closeCode !== null && raw.end());
    raw.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    return raw;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Says no more, but still listens. */
  end(): void {
    this.socket.end();
  }

  /** Takes nothing more of what is sent, as a client does whose network is stuck. */
  stopReading(): void {
    this.socket.pause();
  }

  readAgain(): void {
    this.socket.resume();
  }

  drop(): void {
    this.socket.destroy();
  }
}

/** Says something and waits for the end. With `halfClose` it also says that nothing follows. */
export async function say(
  port: number,
  bytes: Buffer | string,
  halfClose = false,
): Promise<Ending> {
  const raw = await RawSocket.open(port);
  raw.write(bytes);
  if (halfClose) raw.end();
  return raw.ended;
}

/** What RFC 6455, section 7.1.5, calls a close without a code. */
export const NO_CODE = 1005;

/** What a server sent on a WebSocket after the handshake: texts, and the code it closed with. */
export function framesOf(received: Buffer): { texts: string[]; closeCode: number | null } {
  const texts: string[] = [];
  let closeCode: number | null = null;
  let at = received.indexOf("\r\n\r\n") + 4;
  while (at + 2 <= received.length) {
    const opcode = (received[at] as number) & 0x0f;
    const short = (received[at + 1] as number) & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + header > received.length) break;
    const length =
      short < 126
        ? short
        : short === 126
          ? received.readUInt16BE(at + 2)
          : Number(received.readBigUInt64BE(at + 2));
    const payload = received.subarray(at + header, at + header + length);
    if (opcode === 1) texts.push(payload.toString());
    if (opcode === 8) closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : NO_CODE;
    at += header + length;
  }
  return { texts, closeCode };
}

/** A client's frame by hand (RFC 6455, section 5.2); `length` may lie. */
export function frame(
  first: number,
  payload: Buffer | string = "",
  { masked = true, length }: { masked?: boolean; length?: bigint } = {},
): Buffer {
  const body = Buffer.from(payload);
  const mask = Buffer.from([1, 2, 3, 4]);
  const flag = masked ? 0x80 : 0;
  const said = length ?? BigInt(body.length);
  const head =
    said < 126n
      ? Buffer.from([first, flag | Number(said)])
      : Buffer.concat([Buffer.from([first, flag | 127]), bigEndian(said)]);
  if (!masked) return Buffer.concat([head, body]);
  return Buffer.concat([head, mask, body.map((byte, i) => byte ^ (mask[i % 4] as number))]);
}

function bigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
