import type { LpcValue } from "../mudmode/lpc-value.js";
import type { MudmodeError } from "../mudmode/mudmode.error.js";
import { isPacketType } from "../packets/catalogue.js";
import { forNextHop, readEnvelope, type Envelope, type Target } from "../packets/envelope.js";
import {
  errorPacket,
  readPacket,
  writePacket,
  type Packet,
  type PacketOf,
} from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { decideShutdown } from "./absences.js";
import {
  decideAdministration,
  decideFiltered,
  decideMessage,
  isChannelMessage,
} from "./channels.js";
import { deliveryTo, spread } from "./deliveries.js";
import { chanlistPackets } from "./list-deltas.js";
import { decideRegistration } from "./registration.js";
import { mudOf, outcome, type Arrival, type Outcome, type RouterView } from "./router-view.js";

const STARTUP = /^startup-req-[123]$/;
/** Said by routers only: a MUD that sends one would speak in a router's name. */
const ROUTERS_ONLY = /^(startup-reply|mudlist|chanlist-reply|chan-filter-req|chan-ack|irn-.*)$/;

/**
 * What a router does with a packet from a MUD's connection (router design, "packet
 * routing"). Never throws: what is wrong becomes an error packet that carries the packet.
 */
export function decidePacket(view: RouterView, arrival: Arrival, value: LpcValue): Outcome {
  try {
    return decide(view, arrival, value);
  } catch (error) {
    if (error instanceof PacketError) return refusal(view, arrival, value, error);
    throw error;
  }
}

/** What a router answers to bytes that are no packet: `bad-pkt`, without the packet, since there is none. */
export function decideMalformed(
  view: RouterView,
  { sender }: Arrival,
  error: MudmodeError,
): Outcome {
  const to = recipient(sender, error.partial);
  return outcome({
    answers: [writePacket(errorPacket(view.name, to, "bad-pkt", error.message, null))],
    close: error.fatal,
  });
}

function decide(view: RouterView, arrival: Arrival, value: LpcValue): Outcome {
  const { envelope, packet } = readEnvelope(value);
  const { type, from } = envelope;
  if (STARTUP.test(type)) {
    return decideRegistration(view, arrival, readPacket(packet) as PacketOf<"startup-req-3">);
  }
  // Before anything of the packet is read: what a stranger sends costs its envelope.
  if (arrival.sender === null) throw new PacketError("unk-src", "Not registered");
  if (from.mud !== arrival.sender) throw new PacketError("unk-src", `Not ${from.mud}`);
  const known = readFromMud(envelope, packet);
  return (known && forRouter(view, arrival, known, packet)) ?? route(view, envelope, packet);
}

/**
 * What a MUD said, here or at a foreign router; undefined if its type is not known.
 * Reading also what is only passed on keeps malformed packets from MUDs.
 * @throws PacketError `not-allowed` for what only routers say, `bad-pkt`
 */
export function readFromMud({ type }: Envelope, packet: LpcValue[]): Packet | undefined {
  if (ROUTERS_ONLY.test(type)) throw new PacketError("not-allowed", `${type} is for routers`);
  return isPacketType(type) ? readPacket(packet) : undefined;
}

/** Types that a router acts on itself, whatever target they name. */
export const isForRouter = (type: string): boolean =>
  STARTUP.test(type) ||
  /^(shutdown|chanlist-req|chan-filter-reply|channel-(add|remove|admin|listen))$/.test(type);

function forRouter(
  view: RouterView,
  arrival: Arrival,
  packet: Packet,
  values: LpcValue[],
): Outcome | undefined {
  if (isChannelMessage(packet)) return decideMessage(view, packet, values);
  switch (packet.type) {
    case "shutdown":
      return decideShutdown(view, arrival, packet.from.mud, packet.body.restartDelay);
    case "chanlist-req": {
      const { mud } = packet.from;
      const { chanlistId } = view;
      return outcome({
        changes: [{ kind: "sent", mud, chanlistId }],
        answers: chanlistPackets(view, mud, 0),
      });
    }
    case "chan-filter-reply":
      return decideFiltered(view, packet);
    case "channel-add":
    case "channel-remove":
    case "channel-admin":
    case "channel-listen":
      return outcome({ changes: decideAdministration(view, packet) });
    default:
      return undefined;
  }
}

/**
 * By the target alone, so that types nobody here knows are passed on too.
 * @throws PacketError `unk-dst`, `not-imp`, `unk-type` or `bad-proto`
 */
export function route(view: RouterView, envelope: Envelope, packet: LpcValue[]): Outcome {
  const { type, to } = envelope;
  const onward = forNextHop(packet, envelope);
  if (!onward) return outcome();
  if (to.mud === null) return broadcast(view, type, onward);
  if (to.mud === view.name) {
    if (type === "error") return outcome();
    throw isPacketType(type)
      ? new PacketError("not-imp", `This router does not answer ${type}`)
      : new PacketError("unk-type", `Unknown packet type: ${type}`);
  }
  const delivery = deliveryTo(view, to.mud, onward);
  if (delivery) return delivery;
  throw new PacketError(
    "unk-dst",
    `${to.mud} is ${mudOf(view, to.mud) ? "not connected" : "unknown"}`,
  );
}

function broadcast(view: RouterView, type: string, packet: LpcValue[]): Outcome {
  if (type === "error") return outcome();
  if (type === "locate-req") return spread(view, packet, () => true);
  if (type === "ucache-update") {
    return spread(view, packet, (mud) =>
      Boolean(mudOf(view, mud)?.description.services.get("ucache")),
    );
  }
  throw isPacketType(type)
    ? new PacketError("bad-proto", `${type} is for one MUD`)
    : new PacketError("unk-type", `Unknown packet type: ${type}`);
}

/** Never an answer to an error: two routers could go on for ever. */
function refusal(
  view: RouterView,
  { sender }: Arrival,
  value: LpcValue,
  error: PacketError,
): Outcome {
  const packet = Array.isArray(value) ? value : null;
  if (packet?.[0] === "error") return outcome();
  const to = recipient(sender, packet ?? []);
  const answer = writePacket(errorPacket(view.name, to, error.code, error.message, packet));
  const registering = String(packet?.[0]).startsWith("startup-req");
  return outcome({ answers: [answer], close: registering });
}

/** Whose connection it is, and which user of it, as far as the packet tells. */
function recipient(sender: string | null, packet: LpcValue[]): Target {
  const [, , mud, user] = packet;
  return {
    mud: sender ?? (typeof mud === "string" && mud !== "" ? mud : null),
    user: typeof user === "string" && user !== "" ? user : null,
  };
}
