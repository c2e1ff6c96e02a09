import type { LpcValue } from "../mudmode/lpc-value.js";
import { encodeFrame } from "../mudmode/mudmode.codec.js";
import { MudmodeError } from "../mudmode/mudmode.error.js";

const ERROR_PACKET_PLACE = 8;

/**
 * The frame of a packet. An error whose original does not fit into a frame with it
 * goes without (0, as the packet documentation allows), so every sender can be answered.
 * @throws MudmodeError `too-long`, `too-deep` or `unencodable`
 */
export function encodePacket(packet: LpcValue[]): Buffer {
  try {
    return encodeFrame(packet);
  } catch (error) {
    const again = error instanceof MudmodeError && packet[0] === "error";
    if (!again || packet[ERROR_PACKET_PLACE] === 0) throw error;
    return encodeFrame(packet.with(ERROR_PACKET_PLACE, 0));
  }
}
