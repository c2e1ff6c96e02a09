import type { ServerResponse } from "node:http";
import type { CloseName } from "@tellwire/contract";
import type { Wire } from "../../connection/wire.js";
import {
  closeFrame,
  encodeCursors,
  moveTo,
  openingFrame,
  PING,
  place,
  sseCodec,
  type Cursors,
} from "./sse.codec.js";

/** A stream of Server-Sent Events. Until {@link SseWire.begin}, the request may still be answered with an error. */
export class SseWire implements Wire {
  readonly codec = sseCodec;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private cursors: Cursors | null = null;

  constructor(
    private readonly response: ServerResponse,
    readonly address: string,
  ) {}

  /**
   * Starts the answer and lets go what was held. The first id must not be past a
   * message that is still to be written, or a client cut off between would miss it.
   */
  begin(cursors: Cursors, subscribed: unknown): void {
    for (const { topic, seq, epoch } of this.held.flatMap((frame) => place(frame) ?? [])) {
      if (epoch !== null) continue;
      cursors.seqs.set(topic, Math.min(cursors.seqs.get(topic) ?? seq, seq - 1));
    }
    this.cursors = cursors;
    this.response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "access-control-allow-origin": "*",
      // nginx would gather events otherwise.
      "x-accel-buffering": "no",
    });
    this.response.write(openingFrame(cursors, subscribed));
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    if (held.length > 0) this.write(held);
  }

  write(frames: readonly Buffer[]): void {
    const { cursors } = this;
    if (cursors === null) {
      this.held.push(...frames);
      for (const frame of frames) this.heldBytes += frame.length;
      return;
    }
    if (this.response.writable)
      this.response.write(Buffer.concat(frames.flatMap((f) => withId(f, cursors))));
  }

  buffered(): number {
    return this.heldBytes + this.response.writableLength;
  }

  ping(): void {
    if (this.cursors !== null && this.response.writable) this.response.write(PING);
  }

  /** A stream that has not begun is answered with an error by who opened it. */
  close(reason: CloseName): void {
    if (this.cursors === null) return;
    // What a slow client does not take would keep the end waiting for ever.
    if (reason === "slow_client") this.response.destroy();
    else this.response.end(closeFrame(reason));
  }
}

function withId(frame: Buffer, cursors: Cursors): Buffer[] {
  const to = place(frame);
  if (to === null) return [frame];
  moveTo(cursors, to);
  return [Buffer.from(`id: ${encodeCursors(cursors)}\n`), to.event];
}
