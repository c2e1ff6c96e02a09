import type { EventName, Message } from "@tellwire/contract";
import { encodePacket, type LpcValue } from "@tellwire/intermud";
import type { EventCodec } from "../../connection/wire.js";
import { carriedPacket, packetOf, type Directory } from "./rendering.js";

/** Events that say nothing to a MUD. */
const NOTHING = Buffer.alloc(0);
/** Stands for the packet by which each MUD is told to come back elsewhere. */
export const DRAIN = Buffer.from("drain");

type Params = Parameters<typeof carriedPacket>[1];

/** A request that is passed to a MUD, for whoever has to know which one its reply answers. */
export type OnRequest = (mud: string, id: string, packet: LpcValue[]) => void;

/**
 * Messages of the log, and what members of the federation ask one another, as
 * packets: the same for every MUD that gets them.
 */
export class MudmodeCodec implements EventCodec {
  readonly name = "mudmode";
  /** When what a frame says was committed, in milliseconds since 1970. */
  private readonly times = new WeakMap<Buffer, number>();

  constructor(
    private readonly directory: Directory,
    private readonly onRequest: OnRequest,
  ) {}

  encodeEvent(event: EventName, params: string): Buffer {
    if (event === "drain") return DRAIN;
    if (event === "message") return this.message(JSON.parse(params) as Message);
    if (event === "ephemeral") return this.ephemeral(JSON.parse(params) as Params);
    return NOTHING;
  }

  /** Milliseconds since 1970; undefined for what was never in the log. */
  committedAt(frame: Buffer): number | undefined {
    return this.times.get(frame);
  }

  private message(message: Message): Buffer {
    const frame = frameOf(() => packetOf(this.directory, message));
    if (frame !== NOTHING) this.times.set(frame, Date.parse(message.at));
    return frame;
  }

  private ephemeral(params: Params): Buffer {
    return frameOf(() => {
      const carried = carriedPacket(this.directory, params);
      if (carried?.id) this.onRequest(carried.to, carried.id, carried.packet);
      return carried && carried.packet;
    });
  }
}

/**
 * The frame of a packet. What has no form in the protocol, or grows past a frame, is
 * not sent: whatever a body holds, it must not end the delivery to all others.
 */
export function frameOf(packet: () => LpcValue[] | null): Buffer {
  try {
    const values = packet();
    return values === null ? NOTHING : encodePacket(values);
  } catch {
    return NOTHING;
  }
}
