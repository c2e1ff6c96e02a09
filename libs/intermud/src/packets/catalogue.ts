import {
  anything,
  embedded,
  flag,
  int,
  listOf,
  name,
  nullable,
  otherwise,
  text,
  user,
  type Fields,
} from "./fields.js";
import {
  channelType,
  chanlist,
  description,
  finger,
  gender,
  irnChanlist,
  irnMudlist,
  irnPasswords,
  mudlist,
  routerList,
  whoList,
} from "./records.js";

const message = { visname: text, message: text };
const onChannel = { channel: name, ...message };
const filtered = { channel: name, packet: embedded };
const irnMuds = { listId: otherwise(int, 0), muds: irnMudlist };
const irnChannels = { listId: otherwise(int, 0), lists: irnChanlist };

/**
 * Every packet type that is understood, with what follows its envelope, in order
 * (intermud.org packet documentation; `irn-*`, `chan-ack`, `beep` and `chanlist-req`
 * are not in it, but routers and MUDs in use send them). Other types are only passed on.
 */
export const catalogue = {
  "startup-req-3": {
    password: int,
    oldMudlistId: int,
    oldChanlistId: int,
    ...description,
  },
  "startup-reply": { routers: routerList, password: int },
  /** Seconds: 0 unknown, 1 at once. */
  shutdown: { restartDelay: otherwise(int, 0) },
  mudlist: { mudlistId: int, muds: mudlist },
  "chanlist-reply": { chanlistId: int, channels: chanlist },
  "chanlist-req": {},
  tell: message,
  /** `$N` in the message stands for the sender. */
  emoteto: message,
  beep: { visname: otherwise(text, "") },
  "who-req": {},
  "who-reply": { users: whoList },
  "finger-req": { user },
  "finger-reply": finger,
  "locate-req": { user },
  "locate-reply": {
    mud: name,
    visname: text,
    idle: otherwise(int, 0),
    status: otherwise(text, ""),
  },
  "channel-m": onChannel,
  "channel-e": onChannel,
  /** `$N` stands for the sender, `$O` for the target. */
  "channel-t": {
    channel: name,
    targetMud: name,
    targetUser: user,
    messageOthers: text,
    messageTarget: text,
    visname: text,
    targetVisname: text,
  },
  "channel-add": { channel: name, channelType },
  "channel-remove": { channel: name },
  "channel-admin": { channel: name, add: listOf(name), remove: listOf(name) },
  "channel-listen": { channel: name, on: flag },
  "chan-who-req": { channel: name },
  "chan-who-reply": { channel: name, visnames: listOf(text) },
  "chan-user-req": { user },
  "chan-user-reply": { user, visname: text, gender },
  "chan-filter-req": filtered,
  "chan-filter-reply": filtered,
  "chan-ack": { message: otherwise(text, "") },
  "ucache-update": { user, visname: text, gender },
  "auth-mud-req": {},
  "auth-mud-reply": { sessionKey: int },
  "oob-req": {},
  error: {
    code: text,
    message: otherwise(text, ""),
    packet: otherwise(nullable(embedded), null),
  },
  "irn-startup-req": { passwords: irnPasswords },
  "irn-mudlist-req": { listId: otherwise(int, 0) },
  "irn-mudlist-delta": irnMuds,
  "irn-mudlist-altered": irnMuds,
  "irn-chanlist-req": { listId: otherwise(int, 0) },
  "irn-chanlist-delta": irnChannels,
  "irn-chanlist-altered": irnChannels,
  "irn-data": { packet: embedded },
  "irn-ping": { sentAt: otherwise(int, 0), code: otherwise(anything, 0) },
  "irn-shutdown": { restartDelay: otherwise(int, 0) },
} as const;

type Catalogue = typeof catalogue;
export type PacketType = keyof Catalogue;
export type Body<T extends PacketType> = Fields<Catalogue[T]>;

export const isPacketType = (type: string): type is PacketType => Object.hasOwn(catalogue, type);
