import type { LpcValue } from "../mudmode/lpc-value.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import type { Field } from "../packets/fields.js";
import { newPacket, writePacket } from "../packets/packet.codec.js";
import { chanlist, mudlist, type ChannelEntry, type MudEntry } from "../packets/records.js";
import type { ChannelRow, MudRow, RouterView } from "./router-view.js";

/** Of one packet: far below what MUDs take, and what they read without a pause. */
const ENTRIES = 100;
const BYTES = 64 * 1024;

/** One packet of a list: `id` is what its receiver has then. */
export interface Part<E> {
  id: number;
  entries: Map<string, E | null>;
}

interface Row {
  name: string;
  removed: boolean;
}

/** How rows become entries of a list, and which id tells when they last changed there. */
interface ListOf<T, E> {
  field: Field<Map<string, E | null>>;
  entryOf(row: T): E;
  changeOf(row: T): number;
}

/** What the mudlist says of a MUD. */
export const mudEntry = ({ state, address, description }: MudRow): MudEntry => ({
  state,
  address,
  ...description,
});

const muds: ListOf<MudRow, MudEntry> = {
  field: mudlist,
  entryOf: mudEntry,
  changeOf: ({ changedIn }) => changedIn,
};
const channels: ListOf<ChannelRow, ChannelEntry> = {
  field: chanlist,
  entryOf: ({ host, type }) => ({ host, type }),
  changeOf: ({ changedIn }) => changedIn,
};

/** Id of the newest list, and the oldest from which on all that was removed is still known. */
export const mudlistOf = (view: RouterView): { id: number; floor: number } => ({
  id: view.mudlistId,
  floor: view.mudlistFloor,
});
export const chanlistOf = (view: RouterView): { id: number; floor: number } => ({
  id: view.chanlistId,
  floor: view.chanlistFloor,
});

/**
 * The mudlist packets that bring a MUD from the list `since` to the present one;
 * none if it has that. The whole list if `since` is none of this router's
 * (packet documentation, "mudlist").
 */
export function mudlistPackets(view: RouterView, mud: string, since: number): LpcValue[][] {
  return partsSince(view.muds.values(), since, mudlistOf(view), muds).map(({ id, entries }) =>
    toMud(view, mud, "mudlist", { mudlistId: id, muds: entries }),
  );
}

/** The same of channels (packet documentation, "chanlist-reply"). */
export function chanlistPackets(view: RouterView, mud: string, since: number): LpcValue[][] {
  return partsSince(view.channels.values(), since, chanlistOf(view), channels).map(
    ({ id, entries }) => toMud(view, mud, "chanlist-reply", { chanlistId: id, channels: entries }),
  );
}

/** Whether a mudlist would show it. */
export const looksDifferent = (a: MudRow, b: MudRow): boolean => shown(a) !== shown(b);

const shown = (mud: MudRow): string => encodeText(mudlist.write(new Map([["", mudEntry(mud)]])));

function toMud<T extends "mudlist" | "chanlist-reply">(
  view: RouterView,
  mud: string,
  type: T,
  body: Parameters<typeof newPacket<T>>[3],
): LpcValue[] {
  const packet = newPacket(type, { mud: view.name, user: null }, { mud, user: null }, body);
  return writePacket(packet as Parameters<typeof writePacket>[0]);
}

/**
 * What changed since a list, oldest first, cut into packets by entries and by bytes.
 * Each but the last carries an id below the first change that it lacks: whoever loses the link
 * between two of them asks for the rest. What was removed is of no interest to those
 * who get the whole list; they do if theirs is older than what is still known.
 */
export function partsSince<T extends Row, E>(
  rows: Iterable<T>,
  since: number,
  { id, floor }: { id: number; floor: number },
  { field, entryOf, changeOf }: ListOf<T, E>,
): Part<E>[] {
  const whole = since <= 0 || since > id || since < floor;
  const changed = Array.from(rows)
    .filter((row) => (whole ? !row.removed : changeOf(row) > since))
    .sort((a, b) => changeOf(a) - changeOf(b));
  const parts: Part<E>[] = [];
  let entries: Part<E>["entries"] = new Map();
  let bytes = 0;
  for (const row of changed) {
    const entry = row.removed ? null : entryOf(row);
    const size = Buffer.byteLength(encodeText(field.write(new Map([[row.name, entry]]))));
    if (entries.size === ENTRIES || (entries.size > 0 && bytes + size > BYTES)) {
      parts.push({ id: changeOf(row) - 1, entries });
      entries = new Map();
      bytes = 0;
    }
    entries.set(row.name, entry);
    bytes += size;
  }
  return entries.size > 0 ? [...parts, { id, entries }] : parts;
}
