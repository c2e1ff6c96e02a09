import { inboxOf, placeOf, tenantOf, type Place } from "@tellwire/contract";
import { errorPacket, writePacket, type ErrorCode, type Packet } from "@tellwire/intermud";
import { userNamed, userOfForeign, type Network } from "./names.js";

/** A message that the network has for the federation. */
export interface Arrived extends Place {
  from: string;
  kind: string;
  body: Record<string, string>;
}

/** What a packet with words for somebody becomes; null: it has none, or they are our own. */
export type Words = { publish: Arrived } | { refuse: Packet } | null;

/**
 * The message that a tell or a channel packet becomes.
 * @param topicOf the topic that a channel of the network is, if it is carried
 */
export function wordsOf(
  network: Network,
  topicOf: (channel: string) => string | undefined,
  packet: Packet,
): Words {
  switch (packet.type) {
    case "tell":
    case "emoteto": {
      const place = inboxNamed(network, packet.to.user);
      if (place === null) {
        return refusal(network, packet, "unk-user", `No such user: ${packet.to.user ?? "none"}`);
      }
      const { visname, message } = packet.body;
      return said(network, packet, place, packet.type, { text: message, visname });
    }
    case "channel-m":
    case "channel-e": {
      const { channel, visname, message } = packet.body;
      const kind = packet.type === "channel-m" ? "channel_message" : "channel_emote";
      return onChannel(network, packet, topicOf(channel), kind, { text: message, visname });
    }
    case "channel-t": {
      const { channel, visname, messageOthers, messageTarget } = packet.body;
      return onChannel(network, packet, topicOf(channel), "channel_targeted", {
        text: messageOthers,
        visname,
        target_mud: packet.body.targetMud,
        target_user: packet.body.targetUser,
        target_text: messageTarget,
        target_visname: packet.body.targetVisname,
      });
    }
    default:
      return null;
  }
}

/** Characters of a message's body: as much as clients may publish, and far more than anybody types. */
const LONGEST = 64 * 1024;

/** Whether a packet is one of ours that a router sent back: some do so with broadcasts. */
export const isOwn = ({ mud }: Pick<Network, "mud">, { from }: Packet): boolean =>
  from.mud.toLowerCase() === mud.toLowerCase();

function onChannel(
  network: Network,
  packet: Packet,
  topic: string | undefined,
  kind: string,
  body: Record<string, string>,
): Words {
  if (topic === undefined || isOwn(network, packet)) return null;
  return said(network, packet, { topic }, kind, body);
}

function said(
  network: Network,
  packet: Packet,
  place: Place,
  kind: string,
  body: Record<string, string>,
): Words {
  const { mud, user } = packet.from;
  const from = user === null ? null : userOfForeign(network, { mud, user });
  if (from === null) return refusal(network, packet, "bad-pkt", "The sender has no usable name");
  if (JSON.stringify(body).length > LONGEST) {
    return refusal(network, packet, "bad-pkt", "The message is too long");
  }
  return { publish: { ...place, from, kind, body } };
}

function inboxNamed(network: Network, name: string | null): Place | null {
  const user = name === null ? null : userNamed(network, name);
  if (user === null) return null;
  return placeOf(inboxOf(user), network.members.get(tenantOf(user))?.sharedInbox === true);
}

/** Nobody is answered for a broadcast: such answers would multiply. */
function refusal(network: Network, packet: Packet, code: ErrorCode, message: string): Words {
  if (packet.to.mud === null) return null;
  return { refuse: errorPacket(network.mud, packet.from, code, message, writePacket(packet)) };
}
