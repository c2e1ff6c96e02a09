import type { LpcValue } from "../mudmode/lpc-value.js";
import { newPacket, writePacket } from "../packets/packet.codec.js";
import type { MudDescription } from "../packets/records.js";
import { listsOf, type NetworkLists } from "./network-lists.js";

/**
 * The first packet on a link (packet documentation, "startup-req-3").
 * @param password what that router gave; 0 for the first time there
 * @param lists what is kept, whosever it is: only the router that told it is told its ids
 */
export function startupRequest(
  mud: { name: string; description: MudDescription },
  router: string,
  password: number,
  lists: NetworkLists | undefined,
): LpcValue[] {
  const { mudlistId, chanlistId } = listsOf(lists, router);
  const body = {
    password,
    oldMudlistId: mudlistId,
    oldChanlistId: chanlistId,
    ...mud.description,
  };
  const from = { mud: mud.name, user: null };
  return writePacket(newPacket("startup-req-3", from, { mud: router, user: null }, body));
}
