import type { LpcValue } from "../mudmode/lpc-value.js";
import { newPacket, writePacket, type Packet, type PacketOf } from "../packets/packet.codec.js";
import type { IrnMud } from "../packets/records.js";
import { changedSince, looksDifferent } from "./list-deltas.js";
import { channelOf, mudOf, type Change, type MudRow, type RouterView } from "./router-view.js";

/** The deltas of this router's own MUDs and channels which a peer lacks that has the lists of these ids. */
export function irnLists(
  view: RouterView,
  router: string,
  since: { mudlistId: number; chanlistId: number },
): LpcValue[][] {
  const from = { mud: view.name, user: null };
  const to = { mud: router, user: null };
  const muds = changedSince(view.muds.values(), since.mudlistId, view.mudlistId)
    .filter((mud) => mud.router === view.name)
    .map((mud) => [mud.name, mud.removed ? null : irnMudOf(mud)] as const);
  const channels = changedSince(view.channels.values(), since.chanlistId, view.chanlistId)
    .filter(({ host }) => view.muds.get(host)?.router === view.name)
    .map(({ name, removed, type, host, muds: named }) => {
      return [name, removed ? null : { type, owner: host, muds: named }] as const;
    });
  const packets: Packet[] = [];
  if (muds.length > 0) {
    const body = { listId: view.mudlistId, muds: new Map(muds) };
    packets.push(newPacket("irn-mudlist-delta", from, to, body));
  }
  if (channels.length > 0) {
    const lists = { channels: new Map(channels), listening: new Map() };
    packets.push(newPacket("irn-chanlist-delta", from, to, { listId: view.chanlistId, lists }));
  }
  return packets.map(writePacket);
}

/**
 * A name in use here or at another router stays that MUD's: two of one name are the
 * operators' to sort out. Peers repeat whole lists; what says nothing new is not told to MUDs again.
 */
export function mudChanges(
  view: RouterView,
  router: string,
  muds: Map<string, IrnMud | null>,
): Change[] {
  return Array.from(muds).flatMap(([name, told]): Change[] => {
    const known = mudOf(view, name);
    if (known && known.router !== router && (known.connected || told === null)) return [];
    if (told === null) {
      const gone = known && { ...known, connected: false, removed: true };
      return gone ? [{ kind: "mud", mud: gone, announce: true }] : [];
    }
    if (told.router !== "" && told.router !== router) return [];
    const mud = mudRow(name, told, router, known);
    const announce = known === undefined || looksDifferent(known, mud);
    return announce || known?.router !== router ? [{ kind: "mud", mud, announce }] : [];
  });
}

function mudRow(name: string, told: IrnMud, router: string, known: MudRow | undefined): MudRow {
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
    droppedAt: up ? 0 : told.disconnect_time,
    state: up ? -1 : 0,
    removed: false,
    changedIn: known?.changedIn ?? 0,
  };
}

function irnMudOf({ name, address, router, connected, droppedAt, description }: MudRow): IrnMud {
  return {
    name,
    ip: address,
    router,
    restart_delay: connected ? -1 : 0,
    disconnect_time: droppedAt,
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
  const isPeers = (host: string): boolean => mudOf(view, host)?.router === router;
  return Array.from(channels).flatMap(([name, told]): Change[] => {
    const known = channelOf(view, name);
    if (known && !isPeers(known.host)) return [];
    if (told === null) {
      return known
        ? [{ kind: "channel", channel: { ...known, removed: true }, announce: true }]
        : [];
    }
    if (!isPeers(told.owner)) return [];
    const { type, owner: host, muds } = told;
    const channel = { name, host, type, muds, removed: false, changedIn: known?.changedIn ?? 0 };
    const announce = known?.host !== host || known?.type !== type;
    return [{ kind: "channel", channel, announce }];
  });
}
