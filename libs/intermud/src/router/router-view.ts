import type { LpcValue } from "../mudmode/lpc-value.js";
import { sameName } from "../packets/envelope.js";
import type { ChannelType, MudDescription, RouterAddress } from "../packets/records.js";

/** Which connection of which router process; never used for another. */
export interface Connection {
  process: string;
  id: string;
}

/** A MUD as the network knows it. Times are Unix seconds, as list ids are. */
export interface MudRow {
  name: string;
  /** Given at its first registration; proves that later ones are the same MUD's. 0: forgotten, so that the next gets a new one. */
  password: number;
  /** The router it is at: this one, or a foreign one that told of it. */
  router: string;
  address: string;
  description: MudDescription;
  connected: boolean;
  /** By which; null while there is none, or if the MUD is at a foreign router. */
  connection: Connection | null;
  /** When the connection was lost; 0 while there is one. */
  droppedAt: number;
  /** What the mudlist says: -1 up, 0 down, else the seconds for which it will be. */
  state: number;
  /** Its name is free again; the row stays, so that MUDs which were away are told. */
  removed: boolean;
  /** Id of the mudlist in which it last changed. */
  changedIn: number;
  /** Ids of the last lists that were sent to it; 0: none. */
  sentMudlistId: number;
  sentChanlistId: number;
}

export interface ChannelRow {
  name: string;
  /** The MUD that administers it. */
  host: string;
  type: ChannelType;
  /** The banned of type 0, the admitted of types 1 and 2. */
  muds: string[];
  removed: boolean;
  /** Id of the chanlist in which it last changed for MUDs: its host, its type, or its end. */
  changedIn: number;
  /** The same for routers, which also tell one another which MUDs it names. */
  alteredIn: number;
}

/** All that a router's decisions depend on. Several processes that share these rows act as one router. */
export interface RouterView {
  name: string;
  /** Told to every MUD that registers: this router first, where it should come back to. */
  addresses: RouterAddress[];
  mudlistId: number;
  chanlistId: number;
  /** Ids below which it is no longer known what was removed. */
  mudlistFloor: number;
  chanlistFloor: number;
  muds: ReadonlyMap<string, MudRow>;
  channels: ReadonlyMap<string, ChannelRow>;
  /** Channel → the MUDs that listen. Kept while a MUD is away: the protocol does not ask it to tune in again. */
  listeners: ReadonlyMap<string, ReadonlySet<string>>;
  /** Foreign routers that are connected. */
  routers: ReadonlySet<string>;
}

/** Where and when a packet came in. */
export interface Arrival {
  /** The MUD whose connection it is; null before it has registered. */
  sender: string | null;
  connection: Connection;
  address: string;
  /** Unix seconds. */
  now: number;
  /** Random, above 0: for a MUD that has none yet. */
  newPassword: number;
}

/** A row as it shall be; `announce`: MUDs have to be told, so it gets a new list id. */
export type Change =
  | { kind: "mud"; mud: MudRow; announce: boolean }
  | { kind: "channel"; channel: ChannelRow; announce: boolean }
  | { kind: "listen"; channel: string; mud: string; on: boolean }
  /** Lists up to these ids are about to be sent to a MUD. */
  | { kind: "sent"; mud: string; mudlistId?: number; chanlistId?: number }
  /** The row is deleted, and the list's floor rises to its last change. */
  | { kind: "forget"; of: "mud" | "channel"; name: string };

/** What follows from a packet. Changes are to be stored before anything is sent. */
export interface Outcome {
  changes: Change[];
  /** To the connection the packet came from. */
  answers: LpcValue[][];
  deliveries: { muds: string[]; packet: LpcValue[] }[];
  /** To foreign routers. */
  relays: { routers: string[]; packet: LpcValue[] }[];
  /** The connection is this MUD's from now on; it has the lists of these ids. */
  registered?: { mud: string; oldMudlistId: number; oldChanlistId: number };
  /** After the answers. */
  close: boolean;
}

export const outcome = (parts: Partial<Outcome> = {}): Outcome => ({
  changes: [],
  answers: [],
  deliveries: [],
  relays: [],
  close: false,
  ...parts,
});

export const emptyView = (name: string, addresses: RouterAddress[]): RouterView => ({
  name,
  addresses,
  mudlistId: 0,
  chanlistId: 0,
  mudlistFloor: 0,
  chanlistFloor: 0,
  muds: new Map(),
  channels: new Map(),
  listeners: new Map(),
  routers: new Set(),
});

/**
 * The id of a list after a change: unique within a second and never going back, so
 * that it tells which of two lists is newer (router design, "tokens").
 */
export const nextListId = (current: number, now: number): number => Math.max(current + 1, now);

/** The view after changes, all announced ones of a list under one new id; so are all of channels, for routers. */
export function applyChanges(view: RouterView, changes: Change[], now: number): RouterView {
  const ofMuds = changes.some((change) => change.kind === "mud" && change.announce);
  const ofChannels = changes.some(({ kind }) => kind === "channel");
  const mudlistId = ofMuds ? nextListId(view.mudlistId, now) : view.mudlistId;
  const chanlistId = ofChannels ? nextListId(view.chanlistId, now) : view.chanlistId;
  let { mudlistFloor, chanlistFloor } = view;
  const muds = new Map(view.muds);
  const channels = new Map(view.channels);
  const listeners = new Map(view.listeners);
  for (const change of changes) {
    if (change.kind === "mud") {
      const changedIn = change.announce ? mudlistId : change.mud.changedIn;
      muds.set(change.mud.name, { ...change.mud, changedIn });
    } else if (change.kind === "channel") {
      const changedIn = change.announce ? chanlistId : change.channel.changedIn;
      channels.set(change.channel.name, { ...change.channel, changedIn, alteredIn: chanlistId });
    } else if (change.kind === "sent") {
      const mud = muds.get(change.mud);
      const { mudlistId: sentMudlistId, chanlistId: sentChanlistId } = change;
      if (mud) {
        muds.set(mud.name, {
          ...mud,
          sentMudlistId: sentMudlistId ?? mud.sentMudlistId,
          sentChanlistId: sentChanlistId ?? mud.sentChanlistId,
        });
      }
    } else if (change.kind === "forget" && change.of === "mud") {
      mudlistFloor = Math.max(mudlistFloor, muds.get(change.name)?.changedIn ?? 0);
      muds.delete(change.name);
    } else if (change.kind === "forget") {
      chanlistFloor = Math.max(chanlistFloor, channels.get(change.name)?.alteredIn ?? 0);
      channels.delete(change.name);
    } else {
      const tuned = new Set(listeners.get(change.channel));
      if (change.on) tuned.add(change.mud);
      else tuned.delete(change.mud);
      listeners.set(change.channel, tuned);
    }
  }
  return {
    ...view,
    mudlistId,
    chanlistId,
    mudlistFloor,
    chanlistFloor,
    muds,
    channels,
    listeners,
  };
}

/** The MUD of that name in any case, if there is one: no two differ in case only. */
export function mudOf(view: RouterView, name: string): MudRow | undefined {
  const mud = view.muds.get(name);
  if (mud && !mud.removed) return mud;
  for (const other of view.muds.values()) {
    if (!other.removed && sameName(other.name, name)) return other;
  }
  return undefined;
}

export const isConnection = (a: Connection | null, b: Connection): boolean =>
  a !== null && a.process === b.process && a.id === b.id;

/** The channel of that name, if there is one. */
export function channelOf(view: RouterView, name: string): ChannelRow | undefined {
  const channel = view.channels.get(name);
  return channel?.removed ? undefined : channel;
}
