import type { LpcValue } from "../mudmode/lpc-value.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import { mudlist, type MudEntry } from "../packets/records.js";

/*
 * What a stranger can make all routers and MUDs keep and repeat. The same for what
 * MUDs say here and for what foreign routers tell of theirs.
 */

const LONGEST_MUD_NAME = 128;
const LONGEST_CHANNEL_NAME = 64;
/** Bytes of a MUD's line in the mudlist: real ones have some hundred. */
const LONGEST_ENTRY = 8 * 1024;
/** Arrays and mappings within one another in it; each list and each error around it adds some. */
const DEEPEST_ENTRY = 8;
/** Channels of one MUD, those it lately removed counted, since their rows are kept too. */
export const MOST_HOSTED = 100;
/** MUDs banned from or admitted to one channel. */
export const MOST_NAMED = 1_000;

/** Names with an asterisk are routers'. */
export const isMudName = (name: string): boolean =>
  name !== "" && name.length <= LONGEST_MUD_NAME && !name.startsWith("*") && !/\p{Cc}/u.test(name);

export const isChannelName = (name: string): boolean =>
  name.length <= LONGEST_CHANNEL_NAME && !/[\p{Cc}\s]/u.test(name);

/** Whether a MUD may stand in the lists as it describes itself. */
export const isListable = (entry: MudEntry): boolean =>
  depthOf(entry.otherData) <= DEEPEST_ENTRY &&
  Buffer.byteLength(encodeText(mudlist.write(new Map([["", entry]])))) <= LONGEST_ENTRY;

function depthOf(value: LpcValue): number {
  const within = Array.isArray(value) ? value : value instanceof Map ? value.values() : undefined;
  if (within === undefined) return 0;
  let deepest = 0;
  for (const item of within) deepest = Math.max(deepest, depthOf(item));
  return deepest + 1;
}
