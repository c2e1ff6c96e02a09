import { tenantOf } from "@tellwire/contract";
import {
  newPacket,
  PacketError,
  readCarried,
  readPacket,
  type Packet,
  type Pending,
} from "@tellwire/intermud";
import { originOf } from "./outgoing.js";
import type { Network } from "./names.js";

/** Who of the federation waits for an answer, and how the answer finds its way back. */
export interface Asker {
  /** The tenant at whose inbox it is awaited. */
  tenant: string;
  /** Given back as it came. */
  id: string | null;
  /** Whom the answer is for, by the names within the federation. */
  mud: string;
  user: string | null;
}

/** A packet that waits for what comes of it. */
export type Waiting = Pending & { asker: Asker };

/** A request of the federation on its way to the network. */
export interface Asked {
  send: Packet;
  /** For the router itself: it has no target yet. */
  toRouter?: boolean;
  /** What its answer is to be told by; none for what has no answer. */
  waiting?: Waiting;
}

/**
 * What somebody wants of the network. Members ask by ephemeral messages that
 * carry packets to the inbox of its tenant; anybody who may publish there can write one, so who asks
 * is not read from it. What changes channels for everybody is for the tenant
 * itself. Undefined: it makes no sense, or is not for this sender.
 */
export function readAsked(
  network: Network,
  { from, kind, body }: { from: string; kind: string; body: unknown },
): Asked | undefined {
  const tenant = tenantOf(from);
  const mud = network.members.get(tenant)?.name ?? tenant;
  const carried = readCarried(kind, body, mud);
  const packet = carried && readable(carried.packet);
  if (packet === undefined) return undefined;
  // Who acts for a tenant may speak for any of its users; a user only for herself.
  const user = from.startsWith("@") ? packet.from.user : decodeURIComponent(from.split("@")[0]!);
  const asker: Asker = { tenant, id: carried?.id ?? null, mud, user };
  const sender = user === null ? from : `${encodeURIComponent(user)}@${tenant}`;
  return ask(network, asker, sender, packet) ?? administer(network, from, packet);
}

function readable(values: Parameters<typeof readPacket>[0]): Packet | undefined {
  try {
    return readPacket(values);
  } catch (error) {
    if (error instanceof PacketError) return undefined;
    throw error;
  }
}

const TO_ALL = { mud: null, user: null };

function ask(network: Network, asker: Asker, sender: string, packet: Packet): Asked | undefined {
  const origin = originOf(network, sender);
  // Alone a MUD asks for these, and not one of its users.
  const own = { mud: network.mud, user: null };
  const to = { mud: packet.to.mud, user: null };
  if (to.mud === null && packet.type !== "locate-req" && packet.type !== "ucache-update") {
    return undefined;
  }
  const asked = (send: Packet, about: Pick<Pending, "name" | "channel"> = {}): Asked => {
    const type = send.type as Pending["type"];
    const { mud } = send.to;
    return { send, waiting: { type, mud, user: send.from.user, ...about, asker } };
  };
  switch (packet.type) {
    case "who-req":
      return asked(newPacket("who-req", origin, to, {}));
    case "finger-req": {
      const name = packet.body.user;
      return asked(newPacket("finger-req", origin, to, { user: name }), { name });
    }
    case "locate-req": {
      const name = packet.body.user;
      return asked(newPacket("locate-req", origin, TO_ALL, { user: name }), { name });
    }
    case "chan-who-req": {
      const { channel } = packet.body;
      return asked(newPacket("chan-who-req", origin, to, { channel }), { channel });
    }
    case "chan-user-req": {
      const name = packet.body.user;
      return asked(newPacket("chan-user-req", own, to, { user: name }), { name });
    }
    case "auth-mud-req":
      return asked(newPacket("auth-mud-req", own, to, {}));
    case "ucache-update": {
      const { visname, gender } = packet.body;
      const user = originOf(
        network,
        `${encodeURIComponent(packet.body.user)}@${asker.tenant}`,
      ).user;
      return { send: newPacket("ucache-update", own, TO_ALL, { user: user!, visname, gender }) };
    }
    default:
      return undefined;
  }
}

function administer(network: Network, from: string, packet: Packet): Asked | undefined {
  if (from !== `@${network.tenant}`) return undefined;
  const own = { mud: network.mud, user: null };
  switch (packet.type) {
    case "channel-add":
    case "channel-remove":
    case "channel-admin":
    case "channel-listen":
      return { send: { ...packet, from: own, to: TO_ALL }, toRouter: true };
    default:
      return undefined;
  }
}
