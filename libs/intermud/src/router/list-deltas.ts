import type { LpcValue } from "../mudmode/lpc-value.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import { newPacket, writePacket } from "../packets/packet.codec.js";
import { mudlist, type ChannelEntry, type MudEntry } from "../packets/records.js";
import type { MudRow, RouterView } from "./router-view.js";

/** Entries of one packet: some 50 KiB, far below what MUDs take. */
const ENTRIES = 100;

interface Part<T> {
  id: number;
  entries: Map<string, T | null>;
}

/**
 * The mudlist packets that bring a MUD from the list `since` to the present one;
 * none if it has that. The whole list if `since` is none of this router's
 * (packet documentation, "mudlist").
 */
export function mudlistPackets(view: RouterView, mud: string, since: number): LpcValue[][] {
  const rows = changedSince(view.muds.values(), since, view.mudlistId);
  return inParts(rows, view.mudlistId, mudEntry).map(({ id, entries }) =>
    toMud(view, mud, "mudlist", { mudlistId: id, muds: entries }),
  );
}

/** The same of channels (packet documentation, "chanlist-reply"). */
export function chanlistPackets(view: RouterView, mud: string, since: number): LpcValue[][] {
  const rows = changedSince(view.channels.values(), since, view.chanlistId);
  const entry = ({ host, type }: ChannelEntry): ChannelEntry => ({ host, type });
  return inParts(rows, view.chanlistId, entry).map(({ id, entries }) =>
    toMud(view, mud, "chanlist-reply", { chanlistId: id, channels: entries }),
  );
}

/** Whether a mudlist would show it. */
export const looksDifferent = (a: MudRow, b: MudRow): boolean => shown(a) !== shown(b);

const shown = (mud: MudRow): string => encodeText(mudlist.write(new Map([["", mudEntry(mud)]])));

const mudEntry = ({ state, address, description }: MudRow): MudEntry => ({
  state,
  address,
  ...description,
});

function toMud<T extends "mudlist" | "chanlist-reply">(
  view: RouterView,
  mud: string,
  type: T,
  body: Parameters<typeof newPacket<T>>[3],
): LpcValue[] {
  const packet = newPacket(type, { mud: view.name, user: null }, { mud, user: null }, body);
  return writePacket(packet as Parameters<typeof writePacket>[0]);
}

interface Row {
  name: string;
  removed: boolean;
  changedIn: number;
}

/** Oldest change first. What was removed is of no interest to those who get the whole list. */
export function changedSince<T extends Row>(
  rows: Iterable<T>,
  since: number,
  current: number,
): T[] {
  const whole = since <= 0 || since > current;
  return Array.from(rows)
    .filter((row) => (whole ? !row.removed : row.changedIn > since))
    .sort((a, b) => a.changedIn - b.changedIn);
}

/**
 * Cuts a delta into packets. Each but the last carries an id below the first change
 * that it lacks: a MUD that loses its link between two of them asks for the rest.
 */
function inParts<T extends Row, E>(rows: T[], id: number, entryOf: (row: T) => E): Part<E>[] {
  const parts: Part<E>[] = [];
  for (let start = 0; start < rows.length; start += ENTRIES) {
    const next = rows[start + ENTRIES];
    const part = rows.slice(start, start + ENTRIES);
    parts.push({
      id: next === undefined ? id : next.changedIn - 1,
      entries: new Map(part.map((row) => [row.name, row.removed ? null : entryOf(row)])),
    });
  }
  return parts;
}
