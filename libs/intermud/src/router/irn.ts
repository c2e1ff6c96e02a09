import type { LpcValue } from "../mudmode/lpc-value.js";
import { forNextHop, readEnvelope, type Envelope } from "../packets/envelope.js";
import {
  errorPacket,
  newPacket,
  readPacket,
  writePacket,
  type Packet,
  type PacketOf,
} from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { decideMessage, isChannelMessage, mayUse, type ChannelMessage } from "./channels.js";
import { toListeners } from "./deliveries.js";
import { channelChanges, irnLists, mudChanges } from "./irn-lists.js";
import { isForRouter, readFromMud, route } from "./routing.js";
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
 * A sign of life, to be sent to every peer each minute. None is answered: the routers
 * in use only note that one came, and two that answered would go on for ever.
 */
export const irnPing = (own: string, peer: string, now: number): LpcValue[] =>
  writePacket(
    newPacket(
      "irn-ping",
      { mud: own, user: null },
      { mud: peer, user: null },
      { sentAt: now, code: 0 },
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
      return outcome({ changes: mudChanges(view, router, packet.body.muds, now) });
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

/** A foreign router is away: its MUDs are down until it tells otherwise, so ask it for its whole lists (id 0) when it is back. */
export function decideRouterGone(view: RouterView, router: string, now: number): Change[] {
  return Array.from(view.muds.values())
    .filter((mud) => mud.router === router && mud.connected)
    .map((mud) => ({
      kind: "mud",
      mud: { ...mud, connected: false, droppedAt: now, state: 0 },
      announce: true,
    }));
}

/**
 * Routers are connected each to each, so what one passed on goes to MUDs here, and no
 * further. It may say no more than a MUD here may; what is for a router is its own router's.
 */
function passedOn(view: RouterView, router: string, value: LpcValue[]): Outcome {
  const here: RouterView = { ...view, routers: new Set() };
  try {
    const { envelope, packet } = readEnvelope(value);
    const sender = envelope.from.mud;
    if (sender === router) return ofRouter(here, router, envelope, packet);
    const mud = mudOf(view, sender);
    if (mud?.name !== sender) return outcome();
    if (mud.router !== router && !isChannelMessage(envelope)) return outcome();
    const known = readFromMud(envelope, packet);
    if (known && isChannelMessage(known)) return onChannel(here, router, known, packet);
    return isForRouter(envelope.type) ? outcome() : route(here, envelope, packet);
  } catch (error) {
    if (error instanceof PacketError) return refusal(view, router, value, error);
    throw error;
  }
}

/** In its own name a router sends MUDs errors, and what they are to filter. */
function ofRouter(
  here: RouterView,
  router: string,
  envelope: Envelope,
  packet: LpcValue[],
): Outcome {
  if (envelope.type !== "error" && envelope.type !== "chan-filter-req") return outcome();
  const known = readPacket(packet);
  const passes = known.type === "error" || isFilterRequest(here, router, known);
  return passes ? route(here, envelope, packet) : outcome();
}

/** What a MUD there said on a filtered channel whose host is here. */
function isFilterRequest(view: RouterView, router: string, packet: Packet): boolean {
  if (packet.type !== "chan-filter-req") return false;
  const channel = channelOf(view, packet.body.channel);
  const message = readPacket(packet.body.packet);
  return (
    channel?.type === 2 &&
    channel.host === packet.to.mud &&
    isChannelMessage(message) &&
    message.body.channel === channel.name &&
    mudOf(view, message.from.mud)?.router === router &&
    mayUse(channel, message.from.mud)
  );
}

/**
 * A message of a MUD there; or, on a filtered channel whose host is there, anybody's: it
 * comes from the host, which alone decides what is said. A channel that is not
 * known here has no listeners here.
 */
function onChannel(
  here: RouterView,
  router: string,
  message: ChannelMessage,
  packet: LpcValue[],
): Outcome {
  const sender = message.from.mud;
  const channel = channelOf(here, message.body.channel);
  if (!channel) return outcome();
  if (channel.type === 2 && mudOf(here, channel.host)?.router === router) {
    const onward = mayUse(channel, sender) ? forNextHop(packet, message) : undefined;
    return onward ? toListeners(here, channel, onward) : outcome();
  }
  return mudOf(here, sender)?.router === router ? decideMessage(here, message, packet) : outcome();
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
