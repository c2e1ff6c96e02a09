import { errorPacket, newPacket, writePacket, type Packet } from "../packets/packet.codec.js";
import type { ErrorCode } from "../packets/packet.error.js";
import type { Finger } from "../packets/records.js";

/** A user as other MUDs may see it; null: not told. */
export interface PresentUser extends Finger {
  /** Lower-case. */
  name: string;
  visname: string;
  /** What a locate shows, as "in the tavern". */
  status: string;
  gender: 0 | 1 | 2;
}

/** What a MUD tells of itself when it is asked. */
export interface Presence {
  mud: string;
  users: PresentUser[];
  /** Channels that are listened to → the visible names there. */
  channels: ReadonlyMap<string, string[]>;
  /** Random, for the one OOB connection of whoever asks. */
  sessionKey: number;
}

/**
 * The answer to a request of another MUD (packet documentation, each service); undefined
 * if it has none: a locate for somebody who is not here, replies, and what users here
 * are told. What is told to somebody who is not here is answered with `unk-user`. Errors carry the packet.
 */
export function answerRequest(presence: Presence, packet: Packet): Packet | undefined {
  const own = { mud: presence.mud, user: null };
  const { from } = packet;
  const refuse = (code: ErrorCode, message: string): Packet =>
    errorPacket(presence.mud, from, code, message, writePacket(packet));
  switch (packet.type) {
    case "tell":
    case "emoteto":
    case "beep": {
      const { user } = packet.to;
      if (user !== null && userOf(presence, user)) return undefined;
      return refuse("unk-user", `No such user: ${user ?? "none"}`);
    }
    case "who-req": {
      const users = presence.users.map(({ visname, idle, extra }) => ({
        visname,
        idle,
        extra: extra ?? "",
      }));
      return newPacket("who-reply", own, from, { users });
    }
    case "finger-req": {
      const user = userOf(presence, packet.body.user);
      if (!user) return refuse("unk-user", `No such user: ${packet.body.user}`);
      const { name: _name, status: _status, gender: _gender, ...told } = user;
      return newPacket("finger-reply", own, from, told);
    }
    case "locate-req": {
      const user = userOf(presence, packet.body.user);
      if (!user) return undefined;
      const { visname, idle, status } = user;
      return newPacket("locate-reply", own, from, { mud: presence.mud, visname, idle, status });
    }
    case "chan-who-req": {
      const { channel } = packet.body;
      const visnames = presence.channels.get(channel);
      if (!visnames) return refuse("unk-channel", `Not listening to ${channel}`);
      return newPacket("chan-who-reply", own, from, { channel, visnames });
    }
    case "chan-user-req": {
      const user = userOf(presence, packet.body.user);
      if (!user) return refuse("unk-user", `No such user: ${packet.body.user}`);
      const { name, visname, gender } = user;
      return newPacket("chan-user-reply", own, from, { user: name, visname, gender });
    }
    case "auth-mud-req":
      return newPacket("auth-mud-reply", own, from, { sessionKey: presence.sessionKey });
    case "chan-filter-req":
      return newPacket("chan-filter-reply", own, from, packet.body);
    default:
      return undefined;
  }
}

const userOf = ({ users }: Presence, name: string): PresentUser | undefined =>
  users.find((user) => user.name === name);
