import { CLOSE_CODES, type CloseName } from "@tellwire/contract";
import type { Socket as EngineSocket } from "engine.io";
import type { WebSocket } from "ws";
import type { Wire } from "../../connection/wire.js";
import { textFrame } from "../websocket-frame.js";
import { encodeClose, messageOf, socketioCodec } from "./socketio.codec.js";

/** What Engine.IO has but does not declare. */
interface Transport {
  name: string;
  socket?: WebSocket;
}
interface Internals {
  transport: Transport;
  writeBuffer: readonly unknown[];
  /** Runs from a ping to its answer, and then closes. */
  pingTimeoutTimer: NodeJS.Timeout | null;
  server: { opts: { pingInterval: number; pingTimeout: number } };
  sendPacket(type: "ping"): void;
}

const DISCONNECT = textFrame("41");

/**
 * A Socket.IO connection, by WebSocket or long polling. Frames go through
 * Engine.IO, which keeps them in order while a client changes its transport.
 */
export class SocketioWire implements Wire {
  readonly codec = socketioCodec;
  /** Frames from before the client was told that it is connected. */
  private held: Buffer[] | null = [];
  private heldBytes = 0;
  /** Bytes given to Engine.IO since its buffer was last seen empty. */
  private queued = 0;
  /** Runs while the client is left unread. */
  private deaf: NodeJS.Timeout | null = null;

  constructor(
    private readonly engine: EngineSocket,
    readonly address: string,
  ) {}

  write(frames: readonly Buffer[]): void {
    if (this.held !== null) {
      this.held.push(...frames);
      for (const frame of frames) this.heldBytes += frame.length;
      return;
    }
    this.buffered();
    if (this.transport.name === "websocket") {
      // Several frames at once pass for one: it is copied to the socket as it is.
      const frame = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
      this.queued += frame.length;
      this.engine.write("", { wsPreEncodedFrame: [frame] } as never);
    } else {
      for (const frame of frames) {
        this.queued += frame.length;
        this.engine.write(messageOf(frame));
      }
    }
  }

  /** The client is connected: lets go what was held. */
  release(first: Buffer): void {
    const held = this.held ?? [];
    this.held = null;
    this.heldBytes = 0;
    this.write([first, ...held]);
  }

  buffered(): number {
    if (this.internals.writeBuffer.length === 0) this.queued = 0;
    return this.heldBytes + this.queued + (this.transport.socket?.bufferedAmount ?? 0);
  }

  /** A WebSocket can be left unread; long polling brings at most one request's body more. */
  pause(): boolean {
    const { socket } = this.transport;
    if (socket === undefined) return false;
    socket.pause();
    const { pingInterval, pingTimeout } = this.internals.server.opts;
    this.deaf ??= setInterval(
      () => this.keepAlive(),
      Math.min(pingInterval, pingTimeout) / 2,
    ).unref();
    return true;
  }

  resume(): void {
    this.listen();
    this.transport.socket?.resume();
  }

  /**
   * Clients come back by themselves when the transport closes, and stay away
   * when they were disconnected first; the event `close` says why, as no close
   * code gets through long polling.
   */
  close(reason: CloseName): void {
    const { code, reason: text, reconnect } = CLOSE_CODES[reason];
    if (this.held === null) {
      const told = encodeClose(reason);
      this.write(reconnect ? [told] : [told, DISCONNECT]);
    }
    this.held = null;
    const { transport } = this;
    if (transport.name === "websocket") transport.socket?.close(code, text);
    // A slow client would keep a polite close waiting behind what it does not take.
    else this.engine.close(reason === "slow_client");
  }

  /**
   * Whoever is not listened to cannot be heard: its time to answer begins anew. And it
   * is asked, as Engine.IO asks again only after an answer, and its client counts on that.
   */
  private keepAlive(): void {
    if (this.engine.readyState !== "open") return this.listen();
    this.internals.pingTimeoutTimer?.refresh();
    this.internals.sendPacket("ping");
  }

  private listen(): void {
    if (this.deaf === null) return;
    clearInterval(this.deaf);
    this.deaf = null;
  }

  private get transport(): Transport {
    return this.internals.transport;
  }

  private get internals(): Internals {
    return this.engine as unknown as Internals;
  }
}
