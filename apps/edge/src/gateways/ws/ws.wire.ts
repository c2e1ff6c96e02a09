import type { Duplex } from "node:stream";
import { CLOSE_CODES, type CloseName } from "@tellwire/contract";
import { WebSocket } from "ws";
import type { EventCodec, Wire } from "../../connection/wire.js";

import { wsCodec } from "./ws.codec.js";

/**
 * A WebSocket. Frames come ready-made and go to the socket past the library:
 * it writes whole frames too, so the two cannot mix within a frame.
 */
export class WsWire implements Wire {
  codec: EventCodec = wsCodec;
  private alive = true;

  constructor(
    private readonly client: WebSocket,
    private readonly socket: Duplex,
    readonly address: string,
  ) {}

  write(frames: readonly Buffer[]): void {
    if (this.client.readyState !== WebSocket.OPEN) return;
    this.socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
  }

  buffered(): number {
    return this.socket.writableLength;
  }

  close(reason: CloseName): void {
    const close = CLOSE_CODES[reason];
    this.client.close(close.code, close.reason);
    // Nobody is there to answer the close.
    if (reason === "ping_timeout") this.client.terminate();
  }

  /** Any frame of the client's shows that it lives. */
  heard(): void {
    this.alive = true;
  }

  pause(): boolean {
    this.client.pause();
    return true;
  }

  resume(): void {
    this.client.resume();
  }

  /** @returns whether the client gave a sign of life since the last ping */
  ping(): boolean {
    // Whoever is not listened to cannot be heard.
    const alive = this.alive || this.client.isPaused;
    this.alive = false;
    if (alive && this.client.readyState === WebSocket.OPEN) this.client.ping();
    return alive;
  }
}
