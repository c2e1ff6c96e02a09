import type { LpcValue } from "../mudmode/lpc-value.js";
import { forNextHop } from "../packets/envelope.js";
import { newPacket, readPacket, writePacket, type PacketOf } from "../packets/packet.codec.js";
import { PacketError } from "../packets/packet.error.js";
import { isChannelName, isMudName, MOST_HOSTED, MOST_NAMED } from "./bounds.js";
import { deliveryTo, toListeners } from "./deliveries.js";
import {
  channelOf,
  mudOf,
  outcome,
  type Change,
  type ChannelRow,
  type Outcome,
  type RouterView,
} from "./router-view.js";

type Administration = PacketOf<
  "channel-add" | "channel-remove" | "channel-admin" | "channel-listen"
>;
export type ChannelMessage = PacketOf<"channel-m" | "channel-e" | "channel-t">;

/** Whether a MUD may speak and listen there: its host always (packet documentation, "channel"). */
export function mayUse(channel: ChannelRow, mud: string): boolean {
  if (mud === channel.host) return true;
  const named = channel.muds.includes(mud);
  return channel.type === 0 ? !named : named;
}

/**
 * Requests to the router about a channel.
 * @throws PacketError `unk-channel`, or `not-allowed` to others than its host, and to those it excludes
 */
export function decideAdministration(view: RouterView, packet: Administration): Change[] {
  const sender = packet.from.mud;
  switch (packet.type) {
    case "channel-add":
      return add(view, sender, packet as PacketOf<"channel-add">);
    case "channel-remove": {
      return removeChannel(view, owned(view, sender, packet.body.channel));
    }
    case "channel-admin": {
      const { body } = packet as PacketOf<"channel-admin">;
      const channel = owned(view, sender, body.channel);
      const changed = { ...channel, muds: namedAfter(view, channel, body) };
      return [
        { kind: "channel", channel: changed, announce: false },
        ...tuneOut(view, channel, (mud) => !mayUse(changed, mud)),
      ];
    }
    case "channel-listen": {
      const { channel: name, on } = (packet as PacketOf<"channel-listen">).body;
      const channel = existing(view, name);
      if (on && !mayUse(channel, sender)) throw new PacketError("not-allowed", `Not on ${name}`);
      return [{ kind: "listen", channel: name, mud: sender, on }];
    }
  }
}

/** The MUDs a channel names after its host added and removed some, as they write themselves if they are known. */
function namedAfter(
  view: RouterView,
  channel: ChannelRow,
  { add: added, remove }: PacketOf<"channel-admin">["body"],
): string[] {
  const tooMany = (muds: { length: number }): boolean => muds.length > MOST_NAMED;
  // First of all, since the work grows with both.
  if (tooMany(added) || tooMany(remove)) {
    throw new PacketError("not-allowed", "Too many MUDs are named");
  }
  if (!added.every(isMudName)) throw new PacketError("not-allowed", "A name cannot be a MUD's");
  const spelt = (mud: string): string => mudOf(view, mud)?.name ?? mud;
  const muds = new Set([...channel.muds, ...added.map(spelt)]);
  for (const mud of remove) {
    muds.delete(mud);
    muds.delete(spelt(mud));
  }
  if (tooMany([...muds])) throw new PacketError("not-allowed", "Too many MUDs are named");
  return [...muds];
}

/** Nobody listens to what is no more. */
export const removeChannel = (view: RouterView, channel: ChannelRow): Change[] => [
  { kind: "channel", channel: { ...channel, muds: [], removed: true }, announce: true },
  ...tuneOut(view, channel, () => true),
];

/** Its host may give a channel another type; a MUD it then excludes no longer listens. */
function add(view: RouterView, sender: string, { body }: PacketOf<"channel-add">): Change[] {
  const { channel: name, channelType: type } = body;
  if (!isChannelName(name)) {
    throw new PacketError("not-allowed", "That name cannot be a channel's");
  }
  const known = channelOf(view, name);
  if (known && known.host !== sender) {
    throw new PacketError("not-allowed", `${name} is ${known.host}'s`);
  }
  if (known?.type === type) return [];
  const row = view.channels.get(name);
  if (row?.host !== sender && hosted(view, sender) >= MOST_HOSTED) {
    throw new PacketError("not-allowed", `${MOST_HOSTED} channels at most`);
  }
  const { changedIn, alteredIn } = row ?? { changedIn: 0, alteredIn: 0 };
  // One kind of list is not the other's: the banned of yesterday are not admitted today.
  const channel = { name, host: sender, type, muds: [], removed: false, changedIn, alteredIn };
  const excluded = known ? tuneOut(view, known, (mud) => !mayUse(channel, mud)) : [];
  return [{ kind: "channel", channel, announce: true }, ...excluded];
}

const hosted = (view: RouterView, mud: string): number =>
  Array.from(view.channels.values()).filter(({ host }) => host === mud).length;

export function tuneOut(
  view: RouterView,
  { name }: ChannelRow,
  which: (mud: string) => boolean,
): Change[] {
  return Array.from(view.listeners.get(name) ?? [])
    .filter(which)
    .map((mud) => ({ kind: "listen", channel: name, mud, on: false }));
}

function existing(view: RouterView, name: string): ChannelRow {
  const channel = channelOf(view, name);
  if (!channel) throw new PacketError("unk-channel", `Unknown channel: ${name}`);
  return channel;
}

function owned(view: RouterView, sender: string, name: string): ChannelRow {
  const channel = existing(view, name);
  if (channel.host !== sender) throw new PacketError("not-allowed", `${name} is ${channel.host}'s`);
  return channel;
}

/**
 * A message goes to every MUD that listens, also back to its sender; on a filtered
 * channel to the host first, unless it is the host's.
 * @throws PacketError `unk-channel`, `not-allowed`, or `unk-dst` while nobody can filter
 */
export function decideMessage(
  view: RouterView,
  message: ChannelMessage,
  packet: LpcValue[],
): Outcome {
  const channel = existing(view, message.body.channel);
  const sender = message.from.mud;
  if (!mayUse(channel, sender)) throw new PacketError("not-allowed", `Not on ${channel.name}`);
  const onward = forNextHop(packet, message);
  if (!onward) return outcome();
  if (channel.type !== 2 || sender === channel.host) return toListeners(view, channel, onward);
  const request = newPacket(
    "chan-filter-req",
    { mud: view.name, user: null },
    { mud: channel.host, user: null },
    { channel: channel.name, packet: onward },
  );
  const delivery = deliveryTo(view, channel.host, writePacket(request));
  if (!delivery) throw new PacketError("unk-dst", `${channel.host} is not here to filter`);
  return delivery;
}

/**
 * What the host made of a message (packet documentation, "chan-filter-reply") goes to
 * the listeners, in the name of whoever sent it. Nobody else's messages pass through a
 * host, so it speaks for those only who may use a channel that is filtered.
 * @throws PacketError `unk-channel`; `not-allowed` to others than the host, and for those who may not; `bad-pkt`
 */
export function decideFiltered(view: RouterView, reply: PacketOf<"chan-filter-reply">): Outcome {
  const channel = owned(view, reply.from.mud, reply.body.channel);
  if (channel.type !== 2) throw new PacketError("not-allowed", `${channel.name} is not filtered`);
  const message = readPacket(reply.body.packet);
  if (!isChannelMessage(message) || message.body.channel !== channel.name) {
    throw new PacketError("bad-pkt", `No message of ${channel.name}`);
  }
  const { mud } = message.from;
  if (mudOf(view, mud)?.name !== mud || !mayUse(channel, mud)) {
    throw new PacketError("not-allowed", `${mud} is not on ${channel.name}`);
  }
  const onward = forNextHop(reply.body.packet, message);
  return onward ? toListeners(view, channel, onward) : outcome();
}

export const isChannelMessage = (packet: { type: string }): packet is ChannelMessage =>
  ["channel-m", "channel-e", "channel-t"].includes(packet.type);
