import type { LpcValue } from "../mudmode/lpc-value.js";
import { newPacket, writePacket } from "../packets/packet.codec.js";
import type { MudDescription } from "../packets/records.js";

/**
 * The first packet on a link (packet documentation, "startup-req-3").
 * @param password what that router gave; 0 for the first time there
 */
export function startupRequest(
  mud: { name: string; description: MudDescription },
  router: string,
  password: number,
  { mudlistId, chanlistId }: { mudlistId: number; chanlistId: number },
): LpcValue[] {
  const body = {
    password,
    oldMudlistId: mudlistId,
    oldChanlistId: chanlistId,
    ...mud.description,
  };
  const from = { mud: mud.name, user: null };
  return writePacket(newPacket("startup-req-3", from, { mud: router, user: null }, body));
}
