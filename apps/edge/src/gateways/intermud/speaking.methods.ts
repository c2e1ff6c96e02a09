import { may, TellwireError, type FederationRecord, type Identity } from "@tellwire/contract";
import type { DialectSession } from "./dialect-session.js";
import { mudCalled } from "./federation-view.js";
import type { MethodParams } from "./methods.js";
import { channelTopic, userTopic } from "./names.js";

/** What a method says, as params of `publish`. */
export interface Publish {
  topic: string;
  kind: string;
  body: { text: string; visname: string };
  from?: string;
}

const SOMEONE = "Someone";

/** In whose name: a user's session has only its own. */
function speaker(identity: Identity, user: string): Pick<Publish, "from"> {
  if (identity.user !== null || !may(identity, "act_as")) return {};
  return { from: encodeURIComponent(user.toLowerCase()) };
}

/** @throws TellwireError `upstream` for a MUD that nobody knows */
export function tellOf(
  kind: "tell" | "emoteto",
  params: MethodParams<"tell"> | MethodParams<"emoteto">,
  identity: Identity,
  federation: FederationRecord,
): Publish {
  const { target_mud, target_user, from_user = SOMEONE } = params;
  const text = textIn(params);
  return {
    topic: userTopic(target_user, mudCalled(federation, target_mud)),
    kind,
    body: { text, visname: from_user },
    ...speaker(identity, from_user),
  };
}

export function channelMessageOf(
  kind: "channel_message" | "channel_emote",
  params: MethodParams<"channel_send"> | MethodParams<"channel_emote">,
  identity: Identity,
  { federation }: DialectSession,
): Publish {
  const { channel, from_user = SOMEONE, visname = from_user } = params;
  return {
    topic: channelTopic(channel, federation),
    kind,
    body: { text: textIn(params), visname },
    ...speaker(identity, from_user),
  };
}

/** Emotes come under either name: the gateway's documentation and its clients do not agree. */
function textIn(params: { message?: string; emote?: string }): string {
  const text = params.emote ?? params.message;
  if (text === undefined) throw new TellwireError("invalid_params");
  return text;
}

/** Seconds since 1970, which the gateway's message ids end with. */
const unixTime = (): number => Math.floor(Date.now() / 1000);

/** What is answered once a message is committed. */
export function sentAnswer(prefix: string, { id, seq }: { id?: string; seq?: number }): object {
  return {
    status: "sent",
    message_id: `${prefix}_${unixTime()}`,
    message: "Message sent successfully",
    id,
    seq,
  };
}
