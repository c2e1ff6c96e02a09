import type { Socket } from "node:net";
import type { CloseName } from "@tellwire/contract";
import type { EventCodec, Wire } from "../../connection/wire.js";
import { closeParams } from "../close-event.js";
import { encodeNotification } from "../json-rpc/json-rpc.codec.js";
import { lineFrame, tcpCodec } from "./tcp.codec.js";

/** How long a client may take to read why it was closed, in milliseconds. */
const PARTING_MS = 5000;

/** Lines over TCP. */
export class TcpWire implements Wire {
  codec: EventCodec = tcpCodec;

  constructor(
    private readonly socket: Socket,
    readonly address: string,
  ) {}

  write(frames: readonly Buffer[]): void {
    if (this.socket.writable)
      this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  buffered(): number {
    return this.socket.writableLength;
  }

  /** There are no close codes here: the last line tells why, and whether to come back. */
  close(reason: CloseName): void {
    const { socket } = this;
    if (!socket.writable) return;
    socket.end(lineFrame(encodeNotification("close", closeParams(reason))));
    // What is still sent is read and forgotten: unread, it would turn the end into a reset.
    socket.removeAllListeners("data").resume();
    const parting = setTimeout(() => socket.destroy(), PARTING_MS).unref();
    socket.once("close", () => clearTimeout(parting));
  }

  pause(): boolean {
    this.socket.pause();
    return true;
  }

  resume(): void {
    this.socket.resume();
  }
}
