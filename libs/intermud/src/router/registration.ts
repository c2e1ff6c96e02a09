import { newPacket, writePacket, type PacketOf } from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { looksDifferent } from "./list-deltas.js";
import {
  mudOf,
  outcome,
  type Change,
  type MudRow,
  type Outcome,
  type RouterView,
} from "./router-view.js";

/** Seconds between the loss of a connection and the news that the MUD is down (packet documentation, "shutdown"). */
const DOWN_AFTER = 5 * 60;
/** Seconds until a MUD that stays away is forgotten. */
const REMOVED_AFTER = 7 * 24 * 60 * 60;

const LONGEST_NAME = 128;

/** Where and when a packet came in. */
export interface Arrival {
  /** The MUD whose connection it is; null before it has registered. */
  sender: string | null;
  address: string;
  /** Unix seconds. */
  now: number;
  /** Random, above 0: for a MUD that has none yet. */
  newPassword: number;
}

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
  if (known && !mayRegister(view, arrival, known, password)) {
    throw new PacketError("unk-src", `${name} is registered with another password`);
  }
  const own = known?.router === view.name ? known.password : arrival.newPassword;
  const mud: MudRow = {
    name,
    password: own,
    router: view.name,
    address: arrival.address,
    description,
    connected: true,
    droppedAt: 0,
    state: -1,
    removed: false,
    changedIn: known?.changedIn ?? 0,
  };
  const reply = newPacket(
    "startup-reply",
    { mud: view.name, user: null },
    { mud: name, user: null },
    {
      routers: view.addresses,
      password: own,
    },
  );
  return outcome({
    changes: [{ kind: "mud", mud, announce: known === undefined || looksDifferent(known, mud) }],
    answers: [writePacket(reply)],
    registered: { mud: name, oldMudlistId, oldChanlistId },
  });
}

/** A MUD of a foreign router may come here once it is no longer there. */
function mayRegister(view: RouterView, arrival: Arrival, known: MudRow, password: number): boolean {
  if (known.router !== view.name) return !known.connected;
  return arrival.sender === known.name || known.password === password;
}

/** Names with an asterisk are routers'. */
const isMudName = (name: string): boolean =>
  name.length <= LONGEST_NAME && !name.startsWith("*") && !/\p{Cc}/u.test(name);

/**
 * A MUD's connection was lost, and no other has taken its place: others are told
 * only when it has been away for five minutes.
 */
export function decideDrop(view: RouterView, name: string, now: number): Change[] {
  const mud = mudOf(view, name);
  if (!mud?.connected) return [];
  return [{ kind: "mud", mud: { ...mud, connected: false, droppedAt: now }, announce: false }];
}

/**
 * A MUD says that it goes, and for how long (packet documentation, "shutdown"): below
 * five minutes nobody is told, and for more than seven days it is removed.
 */
export function decideShutdown(
  view: RouterView,
  name: string,
  delay: number,
  now: number,
): Outcome {
  const mud = mudOf(view, name);
  if (!mud) return outcome({ close: true });
  const gone = { ...mud, connected: false, droppedAt: now };
  if (delay > 0 && delay <= DOWN_AFTER) {
    return outcome({ changes: [{ kind: "mud", mud: gone, announce: false }], close: true });
  }
  const changes: Change[] =
    delay > REMOVED_AFTER
      ? removal(view, gone)
      : [{ kind: "mud", mud: { ...gone, state: Math.max(0, delay) }, announce: true }];
  return outcome({ changes, close: true });
}

/** What has become of MUDs by the passing of time: down, no longer expected back, or removed. */
export function decideAbsences(view: RouterView, now: number): Change[] {
  return Array.from(view.muds.values()).flatMap((mud) => {
    if (mud.connected || mud.removed) return [];
    const away = now - mud.droppedAt;
    if (away >= REMOVED_AFTER) return removal(view, mud);
    const missing = mud.state === -1 ? away >= DOWN_AFTER : mud.state > 0 && away >= mud.state;
    return missing ? [{ kind: "mud", mud: { ...mud, state: 0 }, announce: true } as const] : [];
  });
}

function removal(view: RouterView, mud: MudRow): Change[] {
  const tunedOut = Array.from(view.listeners).flatMap(([channel, muds]): Change[] =>
    muds.has(mud.name) ? [{ kind: "listen", channel, mud: mud.name, on: false }] : [],
  );
  const removed = { ...mud, connected: false, state: 0, removed: true };
  return [{ kind: "mud", mud: removed, announce: true }, ...tunedOut];
}
