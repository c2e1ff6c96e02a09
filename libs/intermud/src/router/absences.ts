import { removeChannel } from "./channels.js";
import {
  isConnection,
  mudOf,
  outcome,
  type Arrival,
  type Change,
  type Connection,
  type MudRow,
  type Outcome,
  type RouterView,
} from "./router-view.js";

/** Seconds between the loss of a connection and the news that the MUD is down (packet documentation, "shutdown"). */
const DOWN_AFTER = 5 * 60;
/** Seconds until a MUD that stays away is removed. */
const REMOVED_AFTER = 7 * 24 * 60 * 60;
/** Seconds for which it is known what was removed, for MUDs whose lists are as old. */
const FORGOTTEN_AFTER = 30 * 24 * 60 * 60;

/**
 * A connection was lost: others are told only when the MUD has been away for five
 * minutes. Nothing happens if the MUD has another connection by now.
 */
export function decideDrop(
  view: RouterView,
  name: string,
  connection: Connection,
  now: number,
): Change[] {
  const mud = mudOf(view, name);
  return mud && isConnection(mud.connection, connection) ? [dropped(mud, now)] : [];
}

/** A process of this router has ended without a word: so have its connections. */
export function decideProcessGone(view: RouterView, process: string, now: number): Change[] {
  return Array.from(view.muds.values())
    .filter(({ connection }) => connection?.process === process)
    .map((mud) => dropped(mud, now));
}

const away = (mud: MudRow, now: number): MudRow => ({
  ...mud,
  connected: false,
  connection: null,
  droppedAt: now,
});

const dropped = (mud: MudRow, now: number): Change => ({
  kind: "mud",
  mud: away(mud, now),
  announce: false,
});

/**
 * A MUD says that it goes, and for how long (packet documentation, "shutdown"): below
 * five minutes nobody is told, and for more than seven days it is removed.
 */
export function decideShutdown(
  view: RouterView,
  { connection, now }: Arrival,
  name: string,
  delay: number,
): Outcome {
  const mud = mudOf(view, name);
  if (!mud || !isConnection(mud.connection, connection)) return outcome({ close: true });
  if (delay > 0 && delay <= DOWN_AFTER) {
    return outcome({ changes: [dropped(mud, now)], close: true });
  }
  const gone = away(mud, now);
  const changes: Change[] =
    delay > REMOVED_AFTER
      ? removal(view, gone)
      : [{ kind: "mud", mud: { ...gone, state: Math.max(0, delay) }, announce: true }];
  return outcome({ changes, close: true });
}

/**
 * What has become of MUDs by the passing of time: down, no longer expected back, removed;
 * and what was removed so long ago that it is forgotten. Whether a foreign MUD is down
 * its router tells; it is removed here too, since that router may never return.
 */
export function decideAbsences(view: RouterView, now: number): Change[] {
  return Array.from(view.muds.values())
    .flatMap((mud): Change[] => {
      if (mud.connected || mud.removed) return [];
      if (isExpired(mud.droppedAt, now)) return removal(view, mud);
      if (mud.router !== view.name) return [];
      const gone = now - mud.droppedAt;
      const missing = mud.state === -1 ? gone >= DOWN_AFTER : mud.state > 0 && gone >= mud.state;
      return missing ? [{ kind: "mud", mud: { ...mud, state: 0 }, announce: true }] : [];
    })
    .concat(forgotten(view, now));
}

/** Ids are times, or a little later, so the id of a removal says when it was. */
function forgotten(view: RouterView, now: number): Change[] {
  const old = ({ removed, changedIn }: { removed: boolean; changedIn: number }): boolean =>
    removed && now - changedIn >= FORGOTTEN_AFTER;
  const forget = (of: "mud" | "channel", rows: Iterable<{ name: string }>): Change[] =>
    Array.from(rows, ({ name }) => ({ kind: "forget", of, name }));
  return [
    ...forget("mud", Array.from(view.muds.values()).filter(old)),
    ...forget("channel", Array.from(view.channels.values()).filter(old)),
  ];
}

/** Whether a MUD that was lost then has been away for too long to be kept. */
export const isExpired = (droppedAt: number, now: number): boolean =>
  now - droppedAt >= REMOVED_AFTER;

/** Whether the name of a MUD of one router may be taken at another: one that only changes its link keeps it. */
export const isFree = ({ connected, droppedAt }: MudRow, now: number): boolean =>
  !connected && now - droppedAt >= DOWN_AFTER;

/** A MUD is no more, nor are the channels it administered. */
export function removal(view: RouterView, mud: MudRow): Change[] {
  const removed = { ...mud, connected: false, connection: null, state: 0, removed: true };
  const hosted = Array.from(view.channels.values())
    .filter((channel) => channel.host === mud.name && !channel.removed)
    .flatMap((channel) => removeChannel(view, channel));
  const tunedOut = Array.from(view.listeners).flatMap(([channel, muds]): Change[] =>
    muds.has(mud.name) ? [{ kind: "listen", channel, mud: mud.name, on: false }] : [],
  );
  return [{ kind: "mud", mud: removed, announce: true }, ...hosted, ...tunedOut];
}
