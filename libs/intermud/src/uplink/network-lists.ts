import type { Body } from "../packets/catalogue.js";
import { sameName } from "../packets/envelope.js";
import type { ChannelEntry, MudEntry } from "../packets/records.js";

/** What a router has told of its network; the ids tell it at the next registration what is missing here. */
export interface NetworkLists {
  /** Whose they are: another router would take the ids for its own, and not tell what it has. */
  router: string;
  mudlistId: number;
  chanlistId: number;
  muds: ReadonlyMap<string, MudEntry>;
  channels: ReadonlyMap<string, ChannelEntry>;
}

/** What is known of a router's network: nothing, if the lists are another's. */
export const listsOf = (lists: NetworkLists | undefined, router: string): NetworkLists =>
  lists && sameName(lists.router, router)
    ? lists
    : { router, mudlistId: 0, chanlistId: 0, muds: new Map(), channels: new Map() };

export interface MudlistMerge {
  lists: NetworkLists;
  /** MUDs that are up and were not; that were up and are not, or are no more. */
  online: string[];
  offline: string[];
}

const isUp = (mud: MudEntry | null | undefined): boolean => mud?.state === -1;

/**
 * Every mudlist is a delta (packet documentation, "mudlist"), also the first one and
 * the copies some routers send. The id is the router's to choose: one that lost
 * its own begins below.
 */
export function mergeMudlist(lists: NetworkLists, told: Body<"mudlist">): MudlistMerge {
  const changes = Array.from(told.muds);
  const wasUp = (name: string): boolean => isUp(lists.muds.get(name));
  return {
    lists: { ...lists, mudlistId: told.mudlistId, muds: merged(lists.muds, told.muds) },
    online: changes.filter(([name, mud]) => isUp(mud) && !wasUp(name)).map(([name]) => name),
    offline: changes.filter(([name, mud]) => !isUp(mud) && wasUp(name)).map(([name]) => name),
  };
}

/** The same of channels (packet documentation, "chanlist-reply"). */
export function mergeChanlist(lists: NetworkLists, told: Body<"chanlist-reply">): NetworkLists {
  return { ...lists, chanlistId: told.chanlistId, channels: merged(lists.channels, told.channels) };
}

function merged<T>(known: ReadonlyMap<string, T>, told: Map<string, T | null>): Map<string, T> {
  const entries = new Map(known);
  for (const [name, entry] of told) {
    if (entry === null) entries.delete(name);
    else entries.set(name, entry);
  }
  return entries;
}
