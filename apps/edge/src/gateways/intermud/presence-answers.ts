import type { PresentUser as PacketUser } from "@tellwire/intermud";
import type { MethodParams, PresentUser } from "./methods.js";

/** A user, as answers of the dialect show them: with the names of both its generations. */
export interface ShownUser {
  name: string;
  level: number;
  race: string;
  guild: string;
  /** Seconds. */
  idle_time: number;
  idle: number;
  title: string;
  location: string;
  status: string;
  extra: string;
}

export function shownUser(user: PresentUser): ShownUser {
  return {
    name: user.name,
    level: user.level ?? 0,
    race: user.race ?? "",
    guild: user.guild ?? "",
    idle_time: user.idle ?? 0,
    idle: user.idle ?? 0,
    title: user.title ?? "",
    location: user.location ?? "",
    status: user.status || "online",
    extra: user.title ?? "",
  };
}

type Filters = NonNullable<MethodParams<"who">["filters"]>;

const same = (wanted: string | undefined, value: string): boolean =>
  wanted === undefined || wanted.toLowerCase() === value.toLowerCase();

export function filterUsers(users: ShownUser[], filters: Filters = {}): ShownUser[] {
  const { min_level = -Infinity, max_level = Infinity, race, guild } = filters;
  return users.filter(
    (user) =>
      user.level >= min_level &&
      user.level <= max_level &&
      same(race, user.race) &&
      same(guild, user.guild),
  );
}

/** What a finger shows. */
export interface UserInfo {
  name: string;
  title: string | null;
  real_name: string | null;
  email: string | null;
  login_time: string | number | null;
  idle_time: number;
  ip_address: string | null;
  level: string | number | null;
  extra: string | null;
  status: string;
}

export function userInfo(user: PresentUser): UserInfo {
  return {
    name: user.name,
    title: user.title ?? null,
    real_name: null,
    email: null,
    login_time: user.login_time ?? null,
    idle_time: user.idle ?? 0,
    ip_address: null,
    level: user.level ?? null,
    extra: [user.race, user.guild, user.location].filter(Boolean).join(", ") || null,
    status: user.status || "online",
  };
}

/** A user as a packet of Intermud tells of one. */
export function packetUser(user: PresentUser): PacketUser {
  const info = userInfo(user);
  return {
    name: user.name.toLowerCase(),
    visname: user.name,
    title: info.title,
    realName: null,
    email: null,
    loginOutTime: info.login_time === null ? null : String(info.login_time),
    idle: info.idle_time,
    ipName: null,
    level: info.level === null ? null : String(info.level),
    extra: info.extra ?? user.title ?? null,
    status: user.location || info.status,
    gender: 2,
  };
}
