import { COPY, tenantOf, TOMBSTONE, type Message } from "@tellwire/contract";
import {
  mayUse,
  newPacket,
  readCarried,
  saidIn,
  writePacket,
  type LpcValue,
  type Origin,
  type RouterView,
  type Said,
} from "@tellwire/intermud";

/** What rendering asks of the router's rows. */
export interface Directory {
  readonly view: RouterView;
  readonly federation: string;
  nameOf(tenant: string): string | undefined;
  isForeign(mud: string, tenant: string): boolean;
}

interface Ephemeral {
  topic: string;
  from: string;
  kind: string;
  body: unknown;
}

/** Of the originator, in a packet's array. */
const USER_PLACE = 3;
const TO_ALL = { mud: null, user: null };

/** The name within its tenant of a canonical user or topic; empty for the tenant itself. */
export const nameWithin = (canonical: string): string => {
  const name = canonical.slice(canonical.indexOf(":") + 1, canonical.lastIndexOf("@"));
  return decodeURIComponent(name);
};

/** The packet as which MUDs get a message of the log; null if it is none of theirs. */
export function packetOf(directory: Directory, message: Message): LpcValue[] | null {
  const { topic, to, kind } = message;
  if (kind === TOMBSTONE || kind === COPY) return null;
  const from = originOf(directory, message.from);
  if (from === null) return null;
  const said = saidIn(message.body);
  const visname = said.visname ?? from.user ?? from.mud;
  if (topic.startsWith("channel:"))
    return onChannel(directory, message, from, { ...said, visname });
  const target = to ?? topic;
  const toMud = directory.nameOf(tenantOf(topic));
  if (!target.startsWith("user:") || toMud === undefined) return null;
  const type = kind === "emoteto" ? "emoteto" : "tell";
  const body = { visname, message: said.text };
  return writePacket(newPacket(type, from, { mud: toMud, user: nameWithin(target) }, body));
}

/** Who has sent it; a user of a foreign network, `bob@Dark Isle`, is of that MUD. */
function originOf(directory: Directory, sender: string): Origin | null {
  const tenant = tenantOf(sender);
  const name = nameWithin(sender);
  const at = name.lastIndexOf("@");
  const foreign = name.slice(at + 1);
  if (at > 0 && directory.isForeign(foreign, tenant)) {
    return { mud: foreign, user: name.slice(0, at) };
  }
  const mud = directory.nameOf(tenant);
  return mud === undefined ? null : { mud, user: name === "" ? null : name };
}

function onChannel(
  { view }: Directory,
  { topic, kind }: Message,
  from: { mud: string; user: string | null },
  said: Said & { visname: string },
): LpcValue[] | null {
  const name = nameWithin(topic);
  const channel = view.channels.get(name);
  // Whom the host has banned may still be a member of the federation.
  if (!channel || channel.removed || !mayUse(channel, from.mud)) return null;
  const { visname } = said;
  if (kind === "channel_targeted" && said.target_mud && said.target_user) {
    return writePacket(
      newPacket("channel-t", from, TO_ALL, {
        channel: name,
        targetMud: said.target_mud,
        targetUser: said.target_user,
        messageOthers: said.text,
        messageTarget: said.target_text ?? said.text,
        visname,
        targetVisname: said.target_visname ?? said.target_user,
      }),
    );
  }
  const type = kind === "channel_emote" ? "channel-e" : "channel-m";
  return writePacket(newPacket(type, from, TO_ALL, { channel: name, visname, message: said.text }));
}

/** Who stands for a foreign network speaks for each of its MUDs. */
function speakerOf(directory: Directory, from: string, body: unknown): string | undefined {
  const tenant = tenantOf(from);
  const claimed = (body as { packet?: { from?: { mud?: unknown } } } | null)?.packet?.from?.mud;
  const speaks = from.startsWith("@") && typeof claimed === "string";
  return speaks && directory.isForeign(claimed, tenant) ? claimed : directory.nameOf(tenant);
}

/** The packet that an ephemeral message carries to a MUD, and which request it is; null if it carries none. */
export function carriedPacket(
  directory: Directory,
  { topic, from, kind, body }: Ephemeral,
): { to: string; id: string | null; packet: LpcValue[] } | null {
  const mud = speakerOf(directory, from, body);
  const to = directory.nameOf(tenantOf(topic));
  if (mud === undefined || to === undefined) return null;
  const carried = readCarried(kind, body, mud);
  if (carried === undefined) return null;
  // A user speaks for itself; the tenant for each of its users.
  const user = nameWithin(from);
  const packet = user === "" ? carried.packet : carried.packet.with(USER_PLACE, user.toLowerCase());
  return { to, id: carried.id, packet };
}
