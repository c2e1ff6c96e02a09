import { whole } from "@tellwire/config";
import type { z } from "zod";

const MOST = 1_000_000;

export const dialectConfig = {
  /** Methods `tell` and `emoteto` a minute of one session of the Intermud dialect; here and below, 0 for no limit but the others. */
  intermudTells: whole(0, MOST, 30),
  /** Methods `channel_send` and `channel_emote` a minute of one session. */
  intermudChannelMessages: whole(0, MOST, 50),
  /** Methods `who` and `channel_who` a minute of one session. */
  intermudWhos: whole(0, MOST, 10),
  /** Methods `mudlist` a minute of one session. */
  intermudMudlists: whole(0, MOST, 5),
  /** How old an answer to `who`, `finger`, `locate`, `mudlist` or `channel_list` may be, in milliseconds. */
  intermudAnswerMs: whole(0, 600_000, 1000),
  /** Messages of a topic that a session of the dialect is served when it comes back. */
  intermudOfflineMessages: whole(0, 1000, 1000),
  /** How old they may be, in seconds. */
  intermudOfflineSeconds: whole(0, 31_536_000, 300),
};

export type DialectConfig = {
  [K in keyof typeof dialectConfig]: z.infer<(typeof dialectConfig)[K]>;
};
