import {
  canonicalUser,
  formatTopic,
  TellwireError,
  type Identity,
  type PublishItem,
} from "@tellwire/contract";
import {
  carryPacket,
  errorPacket,
  isChannelMessage,
  readEnvelope,
  readPacket,
  writePacket,
  type ErrorCode,
  type LpcValue,
  type Outcome,
  type Packet,
} from "@tellwire/intermud";
import type { EphemeralBus } from "@tellwire/ephemeral";
import type { Ingress } from "../../ingress/ingress.js";
import type { KnownCaller } from "../../operations/caller.js";
import { newMessageId } from "../../operations/message-id.js";
import type { Handler } from "../../operations/operations.js";
import type { MemberAnswers } from "./member-answers.js";
import type { RouterMirror } from "./router-mirror.js";

type Spoken = Extract<Packet, { type: "channel-m" | "channel-e" | "channel-t" }>;

/** A MUD, as far as it speaks. */
export interface Speaker {
  mud: string;
  caller: KnownCaller;
  /** Sends a packet to it. */
  tell(packet: LpcValue[]): void;
  /** Which request the reply to a MUD's user answers, if that is known. */
  answered(type: string, to: { mud: string | null; user: string | null }): string | undefined;
}

/** What MUDs say, as messages of the log, and what they ask one another, as ephemera. */
export class MudSpeech {
  constructor(
    private readonly mirror: RouterMirror,
    private readonly publish: Handler<"publish">,
    private readonly ingress: Pick<Ingress, "publish">,
    private readonly bus: Pick<EphemeralBus, "publish">,
    private readonly answers: MemberAnswers,
    /** Bytes of a body as JSON, as for every client. */
    private readonly mostBytes: number,
  ) {}

  /**
   * Passes on a packet of which the router has decided that it may be. What could
   * not be is answered with an error packet. Begins in the order in which it is called.
   */
  async pass(speaker: Speaker, packet: LpcValue[], outcome: Outcome): Promise<void> {
    try {
      const spoken = outcome.answers.length === 0 ? this.spokenIn(packet) : undefined;
      if (spoken) return await this.sayOnChannel(speaker, spoken);
      await Promise.all(
        outcome.deliveries.flatMap(({ muds, packet: onward }) =>
          this.reached(muds).map((mud) => this.deliver(speaker, mud, onward)),
        ),
      );
    } catch (thrown) {
      const error = TellwireError.from(thrown);
      const own = readEnvelope(packet).envelope.from;
      const refusal = errorPacket(
        this.mirror.view.name,
        { mud: speaker.mud, user: own.user },
        codeOf(error),
        error.message,
        packet,
      );
      speaker.tell(writePacket(refusal));
    }
  }

  /**
   * The channel message that all who are tuned in are to get: not one that its
   * host has to filter first, but what the host has made of it.
   */
  private spokenIn(values: LpcValue[]): Spoken | undefined {
    if (typeof values[0] !== "string" || !/^chan(nel-[met]|-filter-reply)$/.test(values[0])) {
      return undefined;
    }
    const packet = readPacket(values);
    if (packet.type === "chan-filter-reply") {
      const message = readPacket(packet.body.packet);
      return isChannelMessage(message) && message.ttl > 0 ? message : undefined;
    }
    if (!isChannelMessage(packet) || packet.ttl <= 0) return undefined;
    const channel = this.mirror.view.channels.get(packet.body.channel);
    return channel?.type === 2 && channel.host !== packet.from.mud ? undefined : packet;
  }

  /** The router's rules, which have been asked, stand for the channel's policy. */
  private async sayOnChannel(speaker: Speaker, message: Spoken): Promise<void> {
    const tenant = this.mirror.tenantOf(message.from.mud);
    if (tenant === undefined) return;
    const { body } = message;
    const said =
      "targetMud" in body
        ? {
            text: body.messageOthers,
            visname: body.visname,
            target_mud: body.targetMud,
            target_user: body.targetUser,
            target_text: body.messageTarget,
            target_visname: body.targetVisname,
          }
        : { text: body.message, visname: body.visname };
    const { federation } = this.mirror;
    const item: Omit<PublishItem, "req"> = {
      type: "publish",
      id: newMessageId(),
      topic: formatTopic({ type: "channel", name: body.channel, tenant: federation }),
      from: message.from.user === null ? `@${tenant}` : userOf(message.from.user, tenant),
      role: "system",
      kind: CHANNEL_KINDS[message.type],
      priority: "normal",
      body: this.bounded(said),
      headers: null,
      correlationId: null,
      expiresAt: null,
      sendAt: null,
    };
    const result = await this.ingress.publish(item, speaker.caller.identity.tenant);
    if (result.status === "failed") throw TellwireError.fromWire(result.error);
  }

  /** A foreign network is reached once, whichever of its MUDs are meant: it passes on what is for all. */
  private reached(muds: string[]): string[] {
    const networks = new Set<string | undefined>();
    return muds.filter((mud) => {
      if (!this.mirror.isForeign(mud)) return true;
      const tenant = this.mirror.tenantOf(mud);
      if (networks.has(tenant)) return false;
      networks.add(tenant);
      return true;
    });
  }

  private async deliver(speaker: Speaker, mud: string, values: LpcValue[]): Promise<void> {
    const tenant = this.mirror.tenantOf(mud);
    if (tenant === undefined) return;
    const [type] = values;
    const foreign = this.mirror.isForeign(mud);
    if (type === "tell" || type === "emoteto") {
      return this.tell(speaker, foreign ? `@${mud}` : "", tenant, values);
    }
    // Members ask as MUDs do, and so get what they are answered.
    const isAnswer = type === "error" || String(type).endsWith("-reply");
    if (!foreign && !isAnswer && !this.mirror.isNative(mud)) {
      const answer = await this.answers.answer(mud, tenant, values);
      if (answer) speaker.tell(answer);
      return;
    }
    this.carry(speaker.caller.identity, tenant, values, speaker);
  }

  /** @param behind what follows the user's name within the tenant */
  private async tell(
    { caller }: Speaker,
    behind: string,
    tenant: string,
    values: LpcValue[],
  ): Promise<void> {
    const packet = readPacket(values) as Extract<Packet, { type: "tell" | "emoteto" }>;
    const { from, to, body } = packet;
    if (to.user === null) throw new TellwireError("not_found", `${packet.type} to nobody`);
    await this.publish(caller, {
      topic: `user:${userOf(to.user + behind, tenant)}`,
      ...(from.user !== null && { from: userOf(from.user, caller.identity.tenant) }),
      kind: packet.type,
      body: { text: body.message, visname: body.visname },
    });
  }

  /** @throws TellwireError `too_large` */
  private bounded(body: unknown): Buffer {
    const bytes = Buffer.from(JSON.stringify(body));
    if (bytes.length <= this.mostBytes) return bytes;
    throw new TellwireError("too_large", `At most ${this.mostBytes} bytes`);
  }

  /** A request of the router itself comes in its name. */
  private carry(who: Identity, tenant: string, values: LpcValue[], speaker: Speaker): void {
    const [type, , origin, , mud, user] = values;
    const ofRouter = origin === this.mirror.view.name;
    const to = { mud: textOr(mud), user: textOr(user) };
    const id = (!ofRouter && speaker.answered(String(type), to)) || newMessageId();
    const { kind, body } = carryPacket(values, id);
    this.bounded(body);
    const topic = formatTopic({ type: "inbox", name: "", tenant });
    const from = `@${ofRouter ? this.mirror.federation : who.tenant}`;
    const at = new Date().toISOString();
    this.bus.publish(topic, { name: "ephemeral", params: { topic, from, kind, body, at } });
  }
}

const CHANNEL_KINDS = {
  "channel-m": "channel_message",
  "channel-e": "channel_emote",
  "channel-t": "channel_targeted",
} as const;

const textOr = (value: LpcValue | undefined): string | null =>
  typeof value === "string" ? value : null;

/** @throws TellwireError `invalid_params` for what can be nobody's name */
function userOf(name: string, tenant: string): string {
  if (!name.isWellFormed()) throw new TellwireError("invalid_params", "Invalid name");
  return canonicalUser(encodeURIComponent(name), tenant);
}

/** The protocol knows no "later": who cannot be reached now is unreachable. */
function codeOf({ reason }: TellwireError): ErrorCode {
  switch (reason) {
    case "not_permitted":
      return "not-allowed";
    case "not_found":
      return "unk-user";
    case "invalid_params":
    case "too_large":
      return "bad-pkt";
    default:
      return "unk-dst";
  }
}
