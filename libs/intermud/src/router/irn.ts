import type { LpcValue } from "../mudmode/lpc-value.js";
import { readEnvelope } from "../packets/envelope.js";
import {
  errorPacket,
  newPacket,
  readPacket,
  writePacket,
  type Packet,
  type PacketOf,
} from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { isChannelMessage } from "./channels.js";
import { toListeners } from "./deliveries.js";
import { channelChanges, irnLists, mudChanges } from "./irn-lists.js";
import { route } from "./routing.js";
import {
  channelOf,
  mudOf,
  outcome,
  type Change,
  type Outcome,
  type RouterView,
} from "./router-view.js";

/** A router, and the password by which it proves itself to others. */
export interface RouterIdentity {
  name: string;
  password: number;
}

/** What one router begins a connection to another with (de facto: Dead Souls, CoffeeMud). */
export const irnStartup = (own: RouterIdentity, peer: RouterIdentity): LpcValue[] =>
  writePacket(
    newPacket(
      "irn-startup-req",
      { mud: own.name, user: null },
      { mud: peer.name, user: null },
      {
        passwords: { client_password: own.password, server_password: peer.password },
      },
    ),
  );

/**
 * The peer that a startup request proves to be. Both passwords are asked for, so that
 * neither side talks with a stranger under a known name.
 * @throws PacketError `not-allowed`: close the connection
 */
export function decideIrnStartup(
  own: RouterIdentity,
  peers: RouterIdentity[],
  { from, to, body }: PacketOf<"irn-startup-req">,
): RouterIdentity {
  const peer = peers.find(({ name }) => name === from.mud);
  const { client_password: client, server_password: server } = body.passwords;
  if (!peer || to.mud !== own.name || client !== peer.password || server !== own.password) {
    throw new PacketError("not-allowed", "Unknown router, or wrong passwords");
  }
  return peer;
}

/**
 * What follows from a packet of a connected foreign router. It speaks for its own MUDs
 * only: what it says of others is ignored, and so is what nobody knows.
 */
export function decideFromRouter(
  view: RouterView,
  router: string,
  value: LpcValue,
  now: number,
): Outcome {
  let packet: Packet;
  try {
    packet = readPacket(value);
  } catch (error) {
    if (error instanceof PacketError) return outcome();
    throw error;
  }
  if (packet.from.mud !== router) return outcome();
  switch (packet.type) {
    case "irn-data":
      return passedOn(view, router, packet.body.packet);
    case "irn-mudlist-delta":
    case "irn-mudlist-altered":
      return outcome({ changes: mudChanges(view, router, packet.body.muds) });
    case "irn-chanlist-delta":
    case "irn-chanlist-altered":
      return outcome({ changes: channelChanges(view, router, packet.body.lists) });
    case "irn-mudlist-req":
      return outcome({
        answers: irnLists(view, router, {
          mudlistId: packet.body.listId,
          chanlistId: view.chanlistId,
        }),
      });
    case "irn-chanlist-req":
      return outcome({
        answers: irnLists(view, router, {
          mudlistId: view.mudlistId,
          chanlistId: packet.body.listId,
        }),
      });
    case "irn-shutdown":
      return outcome({ changes: decideRouterGone(view, router, now), close: true });
    default:
      return outcome();
  }
}

/** A foreign router is away: its MUDs are down until it tells otherwise. */
export function decideRouterGone(view: RouterView, router: string, now: number): Change[] {
  return Array.from(view.muds.values())
    .filter((mud) => mud.router === router && mud.connected)
    .map((mud) => ({
      kind: "mud",
      mud: { ...mud, connected: false, droppedAt: now, state: 0 },
      announce: true,
    }));
}

/** Routers are connected each to each, so what one passed on goes to MUDs here, and no further. */
function passedOn(view: RouterView, router: string, value: LpcValue[]): Outcome {
  const here: RouterView = { ...view, routers: new Set() };
  try {
    const { envelope, packet } = readEnvelope(value);
    const { mud: sender } = envelope.from;
    const speaks = sender === router && envelope.type === "error";
    if (!speaks && mudOf(view, sender)?.router !== router) return outcome();
    const message = isChannelMessage(envelope) ? readPacket(packet) : undefined;
    if (!message || !isChannelMessage(message)) return route(here, envelope, packet);
    const channel = channelOf(view, message.body.channel);
    return channel ? toListeners(here, channel, packet) : outcome();
  } catch (error) {
    if (error instanceof PacketError) return refusal(view, router, value, error);
    throw error;
  }
}

function refusal(
  view: RouterView,
  router: string,
  packet: LpcValue[],
  error: PacketError,
): Outcome {
  const [type, , mud, user] = packet;
  if (type === "error" || typeof mud !== "string" || mud === "") return outcome();
  const to = { mud, user: typeof user === "string" ? user : null };
  const answer = writePacket(errorPacket(view.name, to, error.code, error.message, packet));
  const envelope = newPacket(
    "irn-data",
    { mud: view.name, user: null },
    { mud: router, user: null },
    { packet: answer },
  );
  return outcome({ answers: [writePacket(envelope)] });
}
