import {
  errorPacket,
  newPacket,
  readEnvelope,
  readIncoming,
  startupRequest,
  PacketError,
  type Body,
  type LpcValue,
  type MudDescription,
  type MudmodeError,
  type Packet,
  type Received,
} from "@tellwire/intermud";
import type { Logger } from "@tellwire/telemetry";
import { isOwn, wordsOf, type Arrived } from "./incoming.js";
import { encoded, LinkError, type Link } from "./link.js";
import type { Network } from "./names.js";
import type { NetworkKnowledge } from "./network-knowledge.js";

/** What a conversation with a router has to do with the rest of the cluster. */
export interface Surroundings {
  network(): Network;
  /** The topic that a channel of the network is, if it is carried. */
  topicOf(channel: string): string | undefined;
  /** The channels of the network that are carried. */
  carried(): string[];
  /** Has messages written to the log, in this order. Rejects if that is not to be hoped for any more. */
  publish(arrived: Arrived[]): Promise<void>;
  /** The answer to another MUD's request, if there is one. */
  answer(packet: Packet): Promise<Packet | undefined>;
  /** An answer, or an error, that somebody here may wait for. */
  tell(packet: Packet): void;
  /** A router let this MUD in: `told` are the routers of its list. */
  registered(told: Body<"startup-reply">["routers"]): Promise<void>;
  counted(direction: "in" | "out", packets: number): void;
}

/** What a MUD says to a router and hears from it, over one connection. */
export class Conversation {
  /** As it calls itself; null until it has let this MUD in. */
  private name: string | null = null;

  /** @param router its name in the list that led here, under which its lists and password are kept */
  constructor(
    private readonly link: Link,
    private readonly router: string,
    private readonly knowledge: NetworkKnowledge,
    private readonly around: Surroundings,
    private readonly log: Logger,
  ) {}

  get registered(): boolean {
    return this.name !== null;
  }

  async begin(description: MudDescription): Promise<void> {
    const { knowledge, router } = this;
    const mud = { name: this.network.mud, description };
    const password = knowledge.passwordFor(router);
    await this.write([startupRequest(mud, router, password, knowledge.lists)]);
  }

  /** A packet without a target, for the router itself. */
  async writeToRouter(packet: Packet): Promise<void> {
    await this.write([{ ...packet, to: { mud: this.name ?? this.router, user: null } }]);
  }

  /** Resolves when the connection has taken them. */
  async write(packets: readonly (Packet | LpcValue[])[]): Promise<void> {
    if (packets.length === 0) return;
    await this.link.send(packets.map(encoded));
    this.around.counted("out", packets.length);
  }

  /**
   * @throws LinkError if the router wants no more of this conversation
   */
  async hear(received: Received[]): Promise<void> {
    this.around.counted("in", received.length);
    const words: Arrived[] = [];
    const answers: (Packet | LpcValue[])[] = [];
    for (const each of received) {
      if ("error" in each) answers.push(...this.malformed(each.error));
      else await this.value(each.value, words, answers);
    }
    if (words.length > 0) await this.around.publish(words);
    await this.write(answers);
  }

  private get network(): Network {
    return this.around.network();
  }

  private async value(
    value: LpcValue,
    words: Arrived[],
    answers: (Packet | LpcValue[])[],
  ): Promise<void> {
    const incoming = readIncoming(this.network.mud, this.name, value);
    if ("error" in incoming) {
      const { code, message } = incoming.error;
      this.log.warn({ router: this.router, code, err: message }, "packet not understood");
      if (incoming.answer) answers.push(incoming.answer);
      return;
    }
    const { packet } = incoming;
    if (await this.fromRouter(packet)) return;
    const said = wordsOf(this.network, (channel) => this.around.topicOf(channel), packet);
    if (said !== null) {
      if ("publish" in said) words.push(said.publish);
      else answers.push(said.refuse);
      return;
    }
    if (isOwn(this.network, packet)) return;
    this.around.tell(packet);
    const answer = await this.around.answer(packet);
    if (answer) answers.push(answer);
  }

  /** @returns whether it was the router's business */
  private async fromRouter(packet: Packet): Promise<boolean> {
    switch (packet.type) {
      case "startup-reply":
        await this.enter(packet.from.mud, packet.body);
        return true;
      case "mudlist":
        await this.knowledge.learnMuds(this.router, packet.body);
        return true;
      case "chanlist-reply":
        await this.knowledge.learnChannels(this.router, packet.body);
        return true;
      case "shutdown":
        throw new LinkError(`the router shuts down for ${packet.body.restartDelay} s`);
      case "error":
        if (this.registered) return false;
        throw new LinkError(`refused: ${packet.body.code}: ${packet.body.message}`);
      default:
        return false;
    }
  }

  private async enter(name: string, { password, routers }: Body<"startup-reply">): Promise<void> {
    await this.knowledge.learnPassword(this.router, password);
    if (this.name === null) {
      this.name = name;
      const from = { mud: this.network.mud, user: null };
      const listen = (channel: string): Packet =>
        newPacket("channel-listen", from, { mud: name, user: null }, { channel, on: true });
      await this.write(this.around.carried().map(listen));
    }
    await this.around.registered(routers);
  }

  /** @throws LinkError where the next packet cannot be found any more */
  private malformed({ fatal, message, partial }: MudmodeError): LpcValue[][] | Packet[] {
    this.log.warn({ router: this.router, err: message }, "malformed packet");
    if (fatal) throw new LinkError(message);
    try {
      const { type, from, to } = readEnvelope(partial).envelope;
      if (type === "error" || to.mud === null || from.mud === this.name) return [];
      return [errorPacket(this.network.mud, from, "bad-pkt", message, null)];
    } catch (error) {
      if (error instanceof PacketError) return [];
      throw error;
    }
  }
}
