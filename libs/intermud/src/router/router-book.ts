import { decodeText } from "../mudmode/lpc.decoder.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import { tuple } from "../packets/fields.js";
import { description, type ChannelType, type MudDescription } from "../packets/records.js";
import { emptyView, type Change, type Connection, type RouterView } from "./router-view.js";

/** A MUD as it is stored and told between processes; its description is LPC text. */
export interface StoredMud {
  name: string;
  /** Whose users its players are. */
  tenant: string;
  /** Whether it comes to this router itself; else it is a member of the network in another way, and always there. */
  native: boolean;
  /** Whether its tenant came into being with it, and ends with it. */
  made: boolean;
  /** Whether it is of a foreign network, for which its tenant stands. */
  foreign: boolean;
  router: string;
  address: string;
  description: string;
  connected: boolean;
  connection: Connection | null;
  droppedAt: number;
  state: number;
  removed: boolean;
  changedIn: number;
}

export interface StoredChannel {
  name: string;
  host: string;
  type: ChannelType;
  muds: string[];
  listeners: string[];
  removed: boolean;
  changedIn: number;
  alteredIn: number;
}

/** What changed in a router's rows since a version. */
export interface BookDelta<M extends StoredMud = StoredMud> {
  /** Rises with every change. */
  version: number;
  /** These are all rows, and others that were known are no more. */
  whole: boolean;
  mudlistId: number;
  chanlistId: number;
  mudlistFloor: number;
  chanlistFloor: number;
  muds: M[];
  channels: StoredChannel[];
}

/** The tenant that a MUD is, and how it is connected. */
export type Member = Pick<StoredMud, "tenant" | "native" | "made" | "foreign">;

/** A router's rows as one process knows them. */
export interface RouterBook {
  version: number;
  view: RouterView;
  /** By the MUD's name. */
  members: ReadonlyMap<string, Member>;
}

export const emptyBook = (...router: Parameters<typeof emptyView>): RouterBook => ({
  version: 0,
  view: emptyView(...router),
  members: new Map(),
});

/**
 * What is known after a delta. Passwords and what was sent are known only where
 * registrations are decided: elsewhere they are 0.
 */
export function bookAfter<M extends StoredMud & { password?: number }>(
  book: RouterBook,
  delta: BookDelta<M>,
): RouterBook {
  if (delta.version <= book.version && !delta.whole) return book;
  const before = delta.whole ? emptyBook(book.view.name, book.view.addresses) : book;
  const muds = new Map(before.view.muds);
  const members = new Map(before.members);
  const channels = new Map(before.view.channels);
  const listeners = new Map(before.view.listeners);
  for (const {
    tenant,
    native,
    made,
    foreign,
    description: text,
    password = 0,
    ...mud
  } of delta.muds) {
    const row = { ...mud, password, description: readDescription(text) };
    muds.set(mud.name, { ...row, sentMudlistId: 0, sentChanlistId: 0 });
    members.set(mud.name, { tenant, native, made, foreign });
  }
  for (const { listeners: tuned, ...channel } of delta.channels) {
    channels.set(channel.name, channel);
    listeners.set(channel.name, new Set(tuned));
  }
  const { version, mudlistId, chanlistId, mudlistFloor, chanlistFloor } = delta;
  const lists = { mudlistId, chanlistId, mudlistFloor, chanlistFloor };
  return { version, members, view: { ...before.view, ...lists, muds, channels, listeners } };
}

/** Which rows changes touch, to be stored as they are in the view after them. */
export function touchedBy(changes: Change[]): {
  muds: Set<string>;
  channels: Set<string>;
  sent: Set<string>;
  forgotten: { of: "mud" | "channel"; name: string }[];
} {
  const touched = { muds: new Set<string>(), channels: new Set<string>(), sent: new Set<string>() };
  const forgotten: { of: "mud" | "channel"; name: string }[] = [];
  for (const change of changes) {
    if (change.kind === "mud") touched.muds.add(change.mud.name);
    else if (change.kind === "channel") touched.channels.add(change.channel.name);
    else if (change.kind === "listen") touched.channels.add(change.channel);
    else if (change.kind === "sent") touched.sent.add(change.mud);
    else forgotten.push({ of: change.of, name: change.name });
  }
  return { ...touched, forgotten };
}

const descriptionField = tuple(description);

export const writeDescription = (told: MudDescription): string =>
  encodeText(descriptionField.write(told));

/** Reads what {@link writeDescription} wrote; what is missing or cannot be read is empty. */
export function readDescription(text: string): MudDescription {
  const [value] = decodeText(Buffer.from(text)).values;
  return descriptionField.read(value ?? []) ?? (descriptionField.read([]) as MudDescription);
}
