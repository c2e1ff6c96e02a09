import { tenantOf, TOMBSTONE, type StoredMessage } from "@tellwire/contract";
import { newPacket, saidIn, type Origin, type Packet } from "@tellwire/intermud";
import { foreignOf, isForeign, nameOnNetwork, type ForeignUser, type Network } from "./names.js";

/** What becomes of a message that this tenant's consumer has been given. */
export type Outgoing =
  | { send: Packet; /** Whose tell it is, and to whom. */ told?: Told }
  /** Told to somebody who cannot be reached there. */
  | { unknown: Told }
  /** None of the network's business. */
  | null;

export interface Told {
  sender: string;
  /** How the network calls the sender. */
  from: string | null;
  to: ForeignUser;
  type: "tell" | "emoteto";
}

/** How the network calls things. */
export interface Directory {
  /** A MUD's name as the network spells it, or null if it has none of that name. */
  mud(name: string): string | null;
  /** The network's name of the channel that is this topic, if it is carried. */
  channel(topic: string): string | undefined;
}

/**
 * The packet that a message becomes. What came from a foreign network is not
 * carried into one: two links to one network would pass it round for ever.
 */
export function outgoingOf(
  network: Network,
  directory: Directory,
  message: StoredMessage,
): Outgoing {
  const { topic, from: sender, kind } = message;
  if (kind === TOMBSTONE || isForeign(sender)) return null;
  const remote = directory.channel(topic);
  if (remote !== undefined) return { send: onChannel(network, directory, message, remote) };
  if (topic !== `inbox@${network.tenant}` || !message.to) return null;
  const type = kind === "emoteto" ? "emoteto" : "tell";
  const to = foreignOf(message.to.slice("user:".length));
  const origin = originOf(network, sender);
  const told = { sender, from: origin.user, type } as const;
  if (to === null) return { unknown: { ...told, to: { mud: "", user: message.to } } };
  const mud = directory.mud(to.mud);
  if (mud === null) return { unknown: { ...told, to } };
  const { text, visname } = saidIn(bodyOf(message));
  const body = { visname: visname ?? origin.user ?? "", message: text };
  const target = { mud, user: to.user };
  return {
    send: newPacket(type, origin, target, body),
    told: { ...told, to: target },
  };
}

/** The sender as the network knows her: a user of this cluster's MUD. */
export const originOf = (network: Network, sender: string): Origin => ({
  mud: network.mud,
  user: nameOnNetwork(network, sender),
});

const bodyOf = ({ body }: StoredMessage): unknown => JSON.parse(body.toString("utf8"));

const TO_ALL = { mud: null, user: null };

function onChannel(
  network: Network,
  directory: Directory,
  message: StoredMessage,
  channel: string,
): Packet {
  const said = saidIn(bodyOf(message));
  const origin = originOf(network, message.from);
  const visname = said.visname ?? origin.user ?? "";
  if (message.kind === "channel_targeted" && said.target_user !== undefined) {
    const target = targetOf(network, directory, message.from, said.target_mud, said.target_user);
    return newPacket("channel-t", origin, TO_ALL, {
      channel,
      targetMud: target.mud,
      targetUser: target.user,
      messageOthers: said.text,
      messageTarget: said.target_text ?? said.text,
      visname,
      targetVisname: said.target_visname ?? said.target_user,
    });
  }
  const type = message.kind === "channel_emote" ? "channel-e" : "channel-m";
  return newPacket(type, origin, TO_ALL, { channel, visname, message: said.text });
}

/** Somebody of a MUD of the network, or else of the federation, who is there a user of this cluster's MUD. */
function targetOf(
  network: Network,
  directory: Directory,
  sender: string,
  mud: string | undefined,
  user: string,
): ForeignUser {
  const there = mud === undefined ? null : directory.mud(mud);
  if (there !== null) return { mud: there, user: user.toLowerCase() };
  const member = [...network.members.values()].find(
    ({ name }) => name.toLowerCase() === mud?.toLowerCase(),
  );
  const known = `${encodeURIComponent(user)}@${member?.tenant ?? tenantOf(sender)}`;
  return { mud: network.mud, user: nameOnNetwork(network, known) };
}
