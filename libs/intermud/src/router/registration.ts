import { newPacket, writePacket, type PacketOf } from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { isFree } from "./absences.js";
import { isListable, isMudName } from "./bounds.js";
import { looksDifferent, mudEntry } from "./list-deltas.js";
import {
  isConnection,
  mudOf,
  outcome,
  type Arrival,
  type MudRow,
  type Outcome,
  type RouterView,
} from "./router-view.js";

/**
 * A MUD registers (packet documentation, "startup-req-3"): a free name is its own from
 * now on, a known one needs the password given with it. A connection
 * that it still seems to have is a lost one, and is to be closed.
 * @throws PacketError to be followed by closing the connection
 */
export function decideRegistration(
  view: RouterView,
  arrival: Arrival,
  request: PacketOf<"startup-req-3">,
): Outcome {
  const { mud: name } = request.from;
  const { password, oldMudlistId, oldChanlistId, ...description } = request.body;
  if (arrival.sender !== null && arrival.sender !== name) {
    throw new PacketError("bad-proto", `This connection is ${arrival.sender}'s`);
  }
  if (!isMudName(name) || name === view.name) {
    throw new PacketError("not-allowed", "That name cannot be a MUD's");
  }
  const known = mudOf(view, name);
  if (known && known.name !== name) {
    throw new PacketError("not-allowed", `There is a MUD of that name: ${known.name}`);
  }
  if (known && !mayRegister(view, arrival, known, password)) {
    throw new PacketError("unk-src", `${name} is registered with another password`);
  }
  const own = known?.router === view.name ? known : undefined;
  const mud: MudRow = {
    name,
    // 0: forgotten, at its administrator's wish.
    password: own?.password || arrival.newPassword,
    router: view.name,
    address: arrival.address,
    description,
    connected: true,
    connection: arrival.connection,
    droppedAt: 0,
    state: -1,
    removed: false,
    changedIn: known?.changedIn ?? 0,
    sentMudlistId: own?.sentMudlistId ?? 0,
    sentChanlistId: own?.sentChanlistId ?? 0,
  };
  if (!isListable(mudEntry(mud))) {
    throw new PacketError("not-allowed", "The description of the MUD is too long or too deep");
  }
  const reply = newPacket(
    "startup-reply",
    { mud: view.name, user: null },
    { mud: name, user: null },
    { routers: view.addresses, password: mud.password },
  );
  return outcome({
    changes: [{ kind: "mud", mud, announce: known === undefined || looksDifferent(known, mud) }],
    answers: [writePacket(reply)],
    registered: {
      mud: name,
      oldMudlistId: ifSent(oldMudlistId, mud.sentMudlistId),
      oldChanlistId: ifSent(oldChanlistId, mud.sentChanlistId),
    },
  });
}

/**
 * A MUD may say the id of another router's list, which would look like one of this
 * router's, and the MUD would never get what changed before. So only ids up to
 * the last that was sent to it are believed; with 0 it gets the whole list.
 */
const ifSent = (id: number, sent: number): number => (id <= sent ? id : 0);

/**
 * A MUD of a foreign router may come here once it has been away from there for five minutes.
 * What comes again by the connection that has registered is the same request, asked twice.
 */
function mayRegister(view: RouterView, arrival: Arrival, known: MudRow, password: number): boolean {
  if (known.router !== view.name) return isFree(known, arrival.now);
  if (arrival.sender === known.name || isConnection(known.connection, arrival.connection)) {
    return true;
  }
  return known.password === 0 || known.password === password;
}
