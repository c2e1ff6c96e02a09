/**
 * What sessions and edges tell one another of the router for Intermud-3 that MUDs
 * connect to. Packets and descriptions are LPC text. Times are Unix seconds, as the
 * ids of lists are.
 */

/** Which connection of which edge process a MUD has. */
export interface IntermudConnection {
  process: string;
  id: string;
}

export interface IntermudMud {
  name: string;
  /** Whose users its players are. */
  tenant: string;
  /** Whether it connects to the router itself; else a member of the federation that does otherwise. */
  native: boolean;
  /** Whether its tenant came into being with it, and ends with it. */
  made: boolean;
  /** Whether it is of a foreign network, for which its tenant stands. */
  foreign: boolean;
  router: string;
  address: string;
  description: string;
  connected: boolean;
  connection: IntermudConnection | null;
  droppedAt: number;
  state: number;
  removed: boolean;
  changedIn: number;
}

export interface IntermudChannel {
  name: string;
  host: string;
  type: 0 | 1 | 2;
  muds: string[];
  listeners: string[];
  removed: boolean;
  changedIn: number;
  alteredIn: number;
}

/** The rows that have changed since a version; with `whole` all there are. */
export interface IntermudDelta {
  version: number;
  whole: boolean;
  mudlistId: number;
  chanlistId: number;
  mudlistFloor: number;
  chanlistFloor: number;
  muds: IntermudMud[];
  channels: IntermudChannel[];
}

/** How the router introduces itself, and the federation whose members are its network. */
export interface IntermudRouter {
  federation: string;
  name: string;
  host: string;
  port: number;
}

/** A packet about which rows have to be asked, or which changes them. */
export interface IntermudPacket {
  /** The version of the rows that the edge has. */
  since: number;
  /** The MUD that has registered by this connection, if one has. */
  sender: string | null;
  connectionId: string;
  address: string;
  packet: string;
}

export interface IntermudDecision {
  delta: IntermudDelta;
  /** To the connection, before anything else. */
  answers: string[];
  /** The connection is this MUD's from now on, which has the lists of these ids, and its session, if it has one. */
  registered: {
    mud: string;
    tenant: string;
    oldMudlistId: number;
    oldChanlistId: number;
    sessionId: string | null;
  } | null;
  /** After the answers. */
  close: boolean;
}

/** What a MUD that speaks the gateway's dialect tells of one of its users. */
export interface SnapshotUser {
  name: string;
  title?: string;
  race?: string;
  guild?: string;
  location?: string;
  status?: string;
  level?: number;
  /** Seconds. */
  idle?: number;
  /** Seconds since 1970, or a text. */
  login_time?: number | string;
}

/** Who is in a MUD, as it said last; JSON at `Keys.presenceSnapshot`. */
export interface PresenceSnapshot {
  users: SnapshotUser[];
}
