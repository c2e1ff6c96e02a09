import type { NetworkMud, NetworkMudDescription } from "@tellwire/contract";
import {
  isChannelName,
  isListable,
  isMudName,
  type Body,
  type MudDescription,
  type MudEntry,
  type NetworkLists,
} from "@tellwire/intermud";
import type { NetworkChannel, NetworkState } from "@tellwire/persistence";

/** MUDs, and channels, of a network; past it new ones are not kept. The largest known has some hundred. */
const MOST = 5000;

/** Postgres keeps no NUL in a text. */
const kept = (text: string): string => text.replaceAll("\0", "");

function storedMud({ otherData: _, ...entry }: MudEntry): NetworkMud {
  return {
    ...entry,
    address: kept(entry.address),
    mudlib: kept(entry.mudlib),
    baseMudlib: kept(entry.baseMudlib),
    driver: kept(entry.driver),
    mudType: kept(entry.mudType),
    openStatus: kept(entry.openStatus),
    adminEmail: kept(entry.adminEmail),
    services: Object.fromEntries([...entry.services].map(([name, port]) => [kept(name), port])),
  };
}

/** What was kept, in the form in which it is merged and told to routers. */
export function listsOfState(state: NetworkState): NetworkLists | undefined {
  if (state.listsRouter === null) return undefined;
  return {
    router: state.listsRouter,
    mudlistId: state.mudlistId,
    chanlistId: state.chanlistId,
    muds: new Map([...state.muds].map(([name, mud]) => [name, mudEntry(mud)])),
    channels: state.channels,
  };
}

export const mudDescription = (told: NetworkMudDescription): MudDescription => ({
  ...told,
  services: new Map(Object.entries(told.services)),
  otherData: new Map(),
});

const mudEntry = (mud: NetworkMud): MudEntry => ({ ...mud, ...mudDescription(mud) });

/** What of a mudlist is kept: a stranger's list is not to fill the database. */
export function keptMuds(lists: NetworkLists, told: Body<"mudlist">["muds"]): typeof told {
  let room = MOST - lists.muds.size;
  return new Map(
    [...told].flatMap(([name, entry]): [string, MudEntry | null][] => {
      if (entry === null) return [[name, null]];
      if (!isMudName(name)) return [];
      const bare = { ...entry, otherData: new Map() };
      if (!isListable(bare) || (!lists.muds.has(name) && room-- <= 0)) return [];
      return [[name, bare]];
    }),
  );
}

export function keptChannels(
  lists: NetworkLists,
  told: Body<"chanlist-reply">["channels"],
): typeof told {
  let room = MOST - lists.channels.size;
  return new Map(
    [...told].filter(([name, entry]) => {
      if (entry === null) return true;
      const known = lists.channels.has(name);
      return isChannelName(name) && isMudName(entry.host) && (known || room-- > 0);
    }),
  );
}

export const storedMuds = (
  told: ReadonlyMap<string, MudEntry | null>,
): Map<string, NetworkMud | null> =>
  new Map([...told].map(([name, entry]) => [name, entry === null ? null : storedMud(entry)]));

export const storedChannels = (
  told: Body<"chanlist-reply">["channels"],
): Map<string, NetworkChannel | null> => new Map(told);
