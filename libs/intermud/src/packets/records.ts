import {
  byName,
  int,
  intsByName,
  keyed,
  listOf,
  mapping,
  name,
  otherwise,
  privateText,
  text,
  tuple,
  type Field,
  type Fields,
} from "./fields.js";

/** What a MUD tells of itself when it registers, and routers tell to others (packet documentation, "startup-req-3"). */
export const description = {
  playerPort: otherwise(int, 0),
  tcpPort: otherwise(int, 0),
  udpPort: otherwise(int, 0),
  mudlib: otherwise(text, ""),
  baseMudlib: otherwise(text, ""),
  driver: otherwise(text, ""),
  mudType: otherwise(text, ""),
  openStatus: otherwise(text, ""),
  adminEmail: otherwise(text, ""),
  /** Service → 1, or the port at which it answers. */
  services: intsByName,
  otherData: mapping,
} as const;
export type MudDescription = Fields<typeof description>;

/** `state`: -1 up, 0 down, else the seconds for which it will be down (packet documentation, "mudlist"). */
const mudEntry = { state: int, address: otherwise(text, ""), ...description } as const;
export type MudEntry = Fields<typeof mudEntry>;
export const mudlist = byName(tuple(mudEntry));

/** 0 all but the banned, 1 only the admitted, 2 admitted and filtered by the host (packet documentation, "channel"). */
export type ChannelType = 0 | 1 | 2;

/** Dead Souls writes an empty array for type 0. */
export const channelType: Field<ChannelType> = {
  read: (value) => {
    if (Array.isArray(value) && value.length === 0) return 0;
    const type = int.read(value);
    return type === 0 || type === 1 || type === 2 ? type : undefined;
  },
  write: (value) => value,
};

const channelEntry = { host: name, type: channelType } as const;
export type ChannelEntry = Fields<typeof channelEntry>;
export const chanlist = byName(tuple(channelEntry));

const whoEntry = {
  visname: text,
  /** Seconds. */
  idle: otherwise(int, 0),
  extra: otherwise(text, ""),
} as const;
export type WhoEntry = Fields<typeof whoEntry>;
export const whoList = listOf(tuple(whoEntry));

export interface RouterAddress {
  name: string;
  host: string;
  port: number;
}

/** A host name has 253 characters at most. */
const LONGEST_ADDRESS = 300;

/** `({ "*name", "ip port" })`. */
const routerAddress: Field<RouterAddress> = {
  read: (value) => {
    if (!Array.isArray(value)) return undefined;
    const [router, address] = value;
    if (typeof router !== "string" || typeof address !== "string") return undefined;
    if (address.length > LONGEST_ADDRESS) return undefined;
    // No character fits two parts in turn: strangers send these, and backtracking would cost its square.
    const [, host, digits] = /^([^\s:]+)[ :]+(\d{1,5})$/.exec(address) ?? [];
    const port = Number(digits);
    if (host === undefined || port < 1 || port > 65_535) return undefined;
    return { name: router, host, port };
  },
  write: ({ name: router, host, port }) => [router, `${host} ${port}`],
};
export const routerList = listOf(routerAddress);

/** 0 male, 1 female, 2 neuter. */
export const gender: Field<0 | 1 | 2> = {
  read: (value) => {
    const number = int.read(value);
    return number === 0 || number === 1 ? number : 2;
  },
  write: (value) => value,
};

/** `extra` and the like: see the packet documentation, "finger". Null: not told. */
export const finger = {
  visname: otherwise(privateText, null),
  title: otherwise(privateText, null),
  realName: otherwise(privateText, null),
  email: otherwise(privateText, null),
  loginOutTime: otherwise(privateText, null),
  /** Seconds; -1: not logged in. */
  idle: otherwise(int, 0),
  ipName: otherwise(privateText, null),
  level: otherwise(privateText, null),
  extra: otherwise(privateText, null),
} as const;
export type Finger = Fields<typeof finger>;

/**
 * A MUD as routers tell it to one another (de facto, by Dead Souls and CoffeeMud).
 * `restart_delay` -1 says "up"; where it says nothing, `disconnect_time` 0 does.
 */
const irnMud = {
  name: otherwise(text, ""),
  ip: otherwise(text, ""),
  router: otherwise(text, ""),
  restart_delay: otherwise(int, 0),
  disconnect_time: otherwise(int, 0),
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
} as const;
export type IrnMud = Fields<typeof irnMud>;
export const irnMudlist = byName(keyed(irnMud));

const irnChannel = { type: channelType, owner: name, muds: otherwise(listOf(name), []) } as const;
export type IrnChannel = Fields<typeof irnChannel>;
export const irnChannels = byName(tuple(irnChannel));
export const irnChanlist = keyed({
  channels: otherwise(irnChannels, new Map()),
  listening: otherwise(byName(listOf(name)), new Map()),
});

export const irnPasswords = keyed({ client_password: int, server_password: int });
