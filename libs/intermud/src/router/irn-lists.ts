import type { LpcValue } from "../mudmode/lpc-value.js";
import { newPacket, writePacket, type PacketOf } from "../packets/packet.codec.js";
import { irnChannels, irnMudlist, type IrnChannel, type IrnMud } from "../packets/records.js";
import { isExpired, isFree, removal } from "./absences.js";
import { isChannelName, isListable, isMudName, MOST_NAMED } from "./bounds.js";
import { mayUse, removeChannel, tuneOut } from "./channels.js";
import { chanlistOf, looksDifferent, mudEntry, mudlistOf, partsSince } from "./list-deltas.js";
import {
  channelOf,
  mudOf,
  type Change,
  type ChannelRow,
  type MudRow,
  type RouterView,
} from "./router-view.js";

/** The deltas of this router's own MUDs and channels which a peer lacks that has the lists of these ids. */
export function irnLists(
  view: RouterView,
  router: string,
  since: { mudlistId: number; chanlistId: number },
): LpcValue[][] {
  const from = { mud: view.name, user: null };
  const to = { mud: router, user: null };
  const ownMuds = Array.from(view.muds.values()).filter((mud) => mud.router === view.name);
  const ownChannels = Array.from(view.channels.values()).filter(
    ({ host }) => view.muds.get(host)?.router === view.name,
  );
  const muds = partsSince(ownMuds, since.mudlistId, mudlistOf(view), {
    field: irnMudlist,
    entryOf: irnMudOf,
    changeOf: ({ changedIn }) => changedIn,
  });
  const channels = partsSince(ownChannels, since.chanlistId, chanlistOf(view), {
    field: irnChannels,
    entryOf: ({ type, host, muds: named }: ChannelRow): IrnChannel => ({
      type,
      owner: host,
      muds: named,
    }),
    changeOf: ({ alteredIn }) => alteredIn,
  });
  return [
    ...muds.map(({ id, entries }) =>
      writePacket(newPacket("irn-mudlist-delta", from, to, { listId: id, muds: entries })),
    ),
    ...channels.map(({ id, entries }) => {
      const lists = { channels: entries, listening: new Map() };
      return writePacket(newPacket("irn-chanlist-delta", from, to, { listId: id, lists }));
    }),
  ];
}

/**
 * A name in use here or at another router stays that MUD's, here until it is removed:
 * two of one name are the operators' to sort out. Peers repeat whole lists; what says nothing
 * new is not told to MUDs again, nor is a MUD that has been away for so long that it was removed.
 */
export function mudChanges(
  view: RouterView,
  router: string,
  muds: Map<string, IrnMud | null>,
  now: number,
): Change[] {
  return Array.from(muds).flatMap(([name, told]): Change[] => {
    const known = mudOf(view, name);
    if (!isMudName(name) || (known && known.name !== name)) return [];
    if (known?.router === view.name) return [];
    if (told !== null && told.router !== "" && told.router !== router) return [];
    const own = known?.router === router ? known : undefined;
    const mud = told && mudRow(name, told, router, known, now);
    if (mud === null || (!mud.connected && isExpired(mud.droppedAt, now))) {
      return own ? removal(view, own) : [];
    }
    if ((known && !own && !isFree(known, now)) || !isListable(mudEntry(mud))) return [];
    const announce = known === undefined || looksDifferent(known, mud);
    return announce || !own ? [{ kind: "mud", mud, announce }] : [];
  });
}

function mudRow(
  name: string,
  told: IrnMud,
  router: string,
  known: MudRow | undefined,
  now: number,
): MudRow {
  const up = told.restart_delay === -1 || told.disconnect_time <= 0;
  return {
    name,
    password: 0,
    router,
    address: told.ip,
    description: {
      playerPort: told.player_port,
      tcpPort: told.imud_tcp_port,
      udpPort: told.imud_udp_port,
      mudlib: told.mudlib,
      baseMudlib: told.base_mudlib,
      driver: told.driver,
      mudType: told.mud_type,
      openStatus: told.open_status,
      adminEmail: told.admin_email,
      services: told.services,
      otherData: told.other_data,
    },
    connected: up,
    connection: null,
    droppedAt: up ? 0 : Math.min(told.disconnect_time, now),
    state: up ? -1 : Math.max(0, told.restart_delay),
    removed: false,
    changedIn: known?.changedIn ?? 0,
    sentMudlistId: 0,
    sentChanlistId: 0,
  };
}

/** As the mudlist shows it: within its five minutes a MUD is up, and if it comes back, nobody will be told. */
function irnMudOf({ name, address, router, state, droppedAt, description }: MudRow): IrnMud {
  return {
    name,
    ip: address,
    router,
    restart_delay: state,
    disconnect_time: state === -1 ? 0 : droppedAt,
    player_port: description.playerPort,
    imud_tcp_port: description.tcpPort,
    imud_udp_port: description.udpPort,
    mudlib: description.mudlib,
    base_mudlib: description.baseMudlib,
    driver: description.driver,
    mud_type: description.mudType,
    open_status: description.openStatus,
    admin_email: description.adminEmail,
    services: description.services,
    other_data: description.otherData,
  };
}

/** A channel belongs to the router whose MUD is its host; a peer cannot take one over. */
export function channelChanges(
  view: RouterView,
  router: string,
  { channels }: PacketOf<"irn-chanlist-delta">["body"]["lists"],
): Change[] {
  const isPeers = (host: string): boolean => {
    const mud = view.muds.get(host);
    return mud?.router === router && !mud.removed;
  };
  return Array.from(channels).flatMap(([name, told]): Change[] => {
    const known = channelOf(view, name);
    if (!isChannelName(name) || (known && !isPeers(known.host))) return [];
    if (told === null) return known ? removeChannel(view, known) : [];
    if (!isPeers(told.owner) || told.muds.length > MOST_NAMED) return [];
    const { changedIn, alteredIn } = view.channels.get(name) ?? { changedIn: 0, alteredIn: 0 };
    const muds = told.muds.filter(isMudName);
    const { type, owner: host } = told;
    const channel = { name, host, type, muds, removed: false, changedIn, alteredIn };
    const announce = known?.host !== host || known?.type !== type;
    if (known && !announce && sameNames(known.muds, muds)) return [];
    const excluded = known ? tuneOut(view, known, (mud) => !mayUse(channel, mud)) : [];
    return [{ kind: "channel", channel, announce }, ...excluded];
  });
}

const sameNames = (a: string[], b: string[]): boolean =>
  a.length === b.length && a.every((name, place) => name === b[place]);
