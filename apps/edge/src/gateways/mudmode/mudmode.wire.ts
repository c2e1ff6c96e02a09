import type { Socket } from "node:net";
import type { CloseName } from "@tellwire/contract";
import type { Wire } from "../../connection/wire.js";
import { DRAIN, type MudmodeCodec } from "./mudmode.codec.js";

/** How long a MUD may take to read what was sent before the end, in milliseconds. */
const PARTING_MS = 5000;

/** Mudmode packets over TCP. */
export class MudmodeWire implements Wire {
  /** Called for the frame that stands for "come back elsewhere". */
  onDrain: () => void = () => undefined;

  constructor(
    private readonly socket: Socket,
    readonly address: string,
    readonly codec: MudmodeCodec,
    /** Whether what was committed then (milliseconds since 1970) is too old to be told. */
    private readonly isTooOld: (at: number) => boolean,
  ) {}

  write(frames: readonly Buffer[]): void {
    const due = frames.filter((frame) => this.isDue(frame));
    if (frames.includes(DRAIN)) this.onDrain();
    if (due.length === 0 || !this.socket.writable) return;
    this.socket.write(due.length === 1 ? due[0]! : Buffer.concat(due));
  }

  buffered(): number {
    return this.socket.writableLength;
  }

  /** The protocol has no word for why. */
  close(_reason: CloseName): void {
    const { socket } = this;
    if (!socket.writable) return;
    socket.end();
    // What is still sent is read and forgotten: unread, it would turn the end into a reset.
    socket.removeAllListeners("data").resume();
    const parting = setTimeout(() => socket.destroy(), PARTING_MS).unref();
    socket.once("close", () => clearTimeout(parting));
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  private isDue(frame: Buffer): boolean {
    if (frame.length === 0 || frame === DRAIN) return false;
    const at = this.codec.committedAt(frame);
    return at === undefined || !this.isTooOld(at);
  }
}
