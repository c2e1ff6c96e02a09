import type { EventName } from "@tellwire/contract";
import type { EventCodec } from "../connection/wire.js";

/** One event in the form of each protocol that has a receiver, made once for all of them. */
export class EventFrames {
  private readonly frames = new Map<EventCodec, Buffer>();

  constructor(
    private readonly name: EventName,
    private readonly params: string,
  ) {}

  of(codec: EventCodec): Buffer {
    let frame = this.frames.get(codec);
    if (frame === undefined) {
      frame = codec.encodeEvent(this.name, this.params);
      this.frames.set(codec, frame);
    }
    return frame;
  }
}
