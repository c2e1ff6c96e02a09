import type { FederationRecord, Message, Result } from "@tellwire/contract";
import type { DialectSession } from "./dialect-session.js";
import type { MethodParams } from "./methods.js";
import type { RosterView } from "./mud-roster.js";
import { nameIn, type Names } from "./names.js";
import { renderMessage } from "./render.js";

/** Members as a mudlist shows them. A member that is no MUD is always there: its users come and go. */
export function mudlist(
  record: FederationRecord,
  roster: RosterView,
  filter: MethodParams<"mudlist">["filter"] = {},
): object[] {
  const { status, driver, has_service } = filter;
  const own = record.members.map(({ tenant, name, sharedInbox }) => ({
    name,
    host: "",
    port: 0,
    tcp_port: 0,
    udp_port: 0,
    driver: "Tellwire",
    mudlib: "Tellwire",
    mud_type: sharedInbox ? "MUD" : "Tellwire",
    status: !sharedInbox || roster.muds.has(tenant) ? "up" : "down",
    services: SERVICES,
    open_status: "",
    admin_email: "",
  }));
  return [...own, ...record.foreign.map(foreignMud)]
    .filter((mud) => (status === undefined || mud.status === status) && hasDriver(mud, driver))
    .filter(({ services }) => has_service === undefined || has_service in services);
}

const foreignMud = ({ name, entry }: FederationRecord["foreign"][number]) => ({
  name,
  host: entry.address,
  port: entry.playerPort,
  tcp_port: entry.tcpPort,
  udp_port: entry.udpPort,
  driver: entry.driver,
  mudlib: entry.mudlib,
  mud_type: entry.mudType,
  status: entry.state === -1 ? "up" : "down",
  services: entry.services,
  open_status: entry.openStatus,
  admin_email: entry.adminEmail,
});

const SERVICES: Record<string, number> = {
  tell: 1,
  emoteto: 1,
  who: 1,
  finger: 1,
  locate: 1,
  channel: 1,
};

const hasDriver = (mud: { driver: string }, driver: string | undefined): boolean =>
  driver === undefined || mud.driver.toLowerCase().includes(driver.toLowerCase());

type Channels = Result<"channel.list">["channels"];

/** Channels of a federation, as the dialect lists them. Types are those of Intermud: 0 open, 1 for the admitted. */
export function channelList(
  channels: Channels,
  record: FederationRecord,
  roster: RosterView,
): object[] {
  const listeners = new Map<string, number>();
  for (const listening of roster.muds.values()) {
    for (const channel of Object.keys(listening)) {
      listeners.set(channel, (listeners.get(channel) ?? 0) + 1);
    }
  }
  return channels.map(({ channel, policy }) => ({
    name: nameIn(channel),
    owner: record.federation,
    type: policy.visibility === "public" ? 0 : 1,
    member_count: listeners.get(nameIn(channel)) ?? 0,
  }));
}

interface ListedChannel {
  name: string;
  owner: string;
  type: number;
  member_count: number;
}

export function filterChannels(
  channels: object[],
  session: DialectSession,
  { type, owner, min_members = 0 }: NonNullable<MethodParams<"channel_list">["filter"]> = {},
): object[] {
  return (channels as ListedChannel[])
    .filter((channel) => type === undefined || channel.type === Number(type))
    .filter((channel) => owner === undefined || channel.owner.toLowerCase() === owner.toLowerCase())
    .filter((channel) => channel.member_count >= min_members)
    .map((channel) => ({ ...channel, subscribed: session.joined.has(channel.name) }));
}

/** Who says to listen to a channel, MUD by MUD. */
export function channelMembers(
  channel: string,
  record: FederationRecord,
  roster: RosterView,
): { mud: string; users: string[] }[] {
  return record.members.flatMap(({ tenant, name }) => {
    const users = roster.muds.get(tenant)?.[channel];
    return users === undefined ? [] : [{ mud: name, users }];
  });
}

/** A place in a channel's history that is no seq: a time, in milliseconds since 1970. */
function timeOf(place: string | number | undefined): number | undefined {
  if (place === undefined || isSeq(place)) return undefined;
  // Seconds, unless that would be before 1973.
  if (typeof place === "number") return place < 1e11 ? place * 1000 : place;
  const time = Date.parse(place);
  return Number.isNaN(time) ? undefined : time;
}

/** Numbers that are too small to be a time of our days are seqs. */
export const isSeq = (place: string | number | undefined): place is number =>
  typeof place === "number" && Number.isSafeInteger(place) && place < 1e9;

/** Messages of a channel as its history shows them. */
export function historyMessages(
  messages: Message[],
  names: Names,
  { before, after }: Pick<MethodParams<"channel_history">, "before" | "after">,
): object[] {
  const [least, most] = [timeOf(after) ?? -Infinity, timeOf(before) ?? Infinity];
  return messages
    .filter(({ at }) => Date.parse(at) > least && Date.parse(at) < most)
    .flatMap((message) => {
      const rendered = renderMessage(message, names);
      if (rendered === null) return [];
      const [event, params] = rendered;
      return [{ ...params, type: event === "channel_emote" ? "emote" : "message" }];
    });
}
