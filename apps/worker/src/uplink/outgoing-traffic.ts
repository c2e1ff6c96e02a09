import { atTime, tenantOf } from "@tellwire/contract";
import { errorPacket, MudmodeError, type ErrorCode, type Packet } from "@tellwire/intermud";
import type { Logger } from "@tellwire/telemetry";
import type { Portion } from "../consume/ordered-consumer.js";
import type { Asker, Waiting } from "./asking.js";
import type { Conversation } from "./conversation.js";
import { hasExpired, type Patience } from "./expiry.js";
import { encoded, LinkError } from "./link.js";
import type { Network } from "./names.js";
import { outgoingOf, type Directory, type Told } from "./outgoing.js";

/** What carrying messages out has to do with the rest of an uplink. */
export interface OutgoingHooks {
  network(): Network;
  directory: Directory;
  /** Null while no router has let this MUD in. */
  conversation(): Conversation | null;
  /** @throws LeaseLostError if somebody else may hold the link */
  assertHeld(): void;
  /** A tell is on its way: an error may come back. */
  sent(waiting: Waiting): void;
  /** Tells somebody of the federation what became of a tell. */
  tell(asker: Asker, packet: Packet): void;
  expired(): void;
}

/**
 * Carries messages to the network, in the order in which the log has them. A
 * message that waits for the link holds up those behind it until it has expired.
 */
export class OutgoingTraffic {
  constructor(
    private readonly hooks: OutgoingHooks,
    private readonly patience: Patience,
    private readonly log: Logger,
  ) {}

  /**
   * For the consumer. What was written when the link broke is offered again: it
   * may arrive twice, since no MUD acknowledges anything.
   * @returns the seq of the last message that is done
   */
  async take({ messages, head, now }: Portion): Promise<number> {
    const first = messages[0]!.seq;
    const network = this.hooks.network();
    const conversation = this.hooks.conversation();
    const packets: Packet[] = [];
    const told: Told[] = [];
    let done = first - 1;
    let doneUnsent = first - 1;
    for (const message of messages) {
      // What its sender has let expire is worth nothing there either.
      const outgoing = outgoingOf(network, this.hooks.directory, atTime(message, now));
      if (outgoing !== null) {
        if (hasExpired(message, { head, now }, this.patience)) this.expire(message, outgoing);
        else if (conversation === null) break;
        else if ("unknown" in outgoing) {
          this.refuse(outgoing.unknown, "unk-dst", `Unknown MUD: ${outgoing.unknown.to.mud}`);
        } else if (this.isSendable(message, outgoing.send)) {
          packets.push(outgoing.send);
          if (outgoing.told) told.push(outgoing.told);
        }
      }
      done = message.seq;
      if (packets.length === 0) doneUnsent = done;
    }
    if (packets.length === 0 || conversation === null) return done;
    this.hooks.assertHeld();
    for (const each of told) this.hooks.sent(this.waitingOf(each));
    try {
      await conversation.write(packets);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      return doneUnsent;
    }
    return done;
  }

  private expire(
    message: { topic: string; id: string; seq: number },
    outgoing: NonNullable<ReturnType<typeof outgoingOf>>,
  ): void {
    const { topic, id, seq } = message;
    this.log.warn({ topic, id, seq }, "expired");
    this.hooks.expired();
    const told = "unknown" in outgoing ? outgoing.unknown : outgoing.told;
    if (told) this.refuse(told, "unk-dst", `${told.to.mud} could not be reached in time`);
  }

  /** The errors that routers and MUDs give, of this cluster's own MUD. */
  private refuse(told: Told, code: ErrorCode, message: string): void {
    const asker = this.askerOf(told);
    const packet = errorPacket(this.hooks.network().mud, asker, code, message, null);
    this.hooks.tell(asker, packet);
  }

  /** One that no frame can hold must not hold up the others. */
  private isSendable({ topic, id }: { topic: string; id: string }, packet: Packet): boolean {
    try {
      encoded(packet);
      return true;
    } catch (error) {
      if (!(error instanceof MudmodeError)) throw error;
      this.log.warn({ topic, id, err: error.message }, "cannot be sent");
      return false;
    }
  }

  private waitingOf(told: Told): Waiting {
    const { to, type, from } = told;
    return { type, mud: to.mud, user: from, name: to.user, asker: this.askerOf(told) };
  }

  private askerOf({ sender }: Told): Asker {
    const tenant = tenantOf(sender);
    const user = decodeURIComponent(sender.slice(0, sender.lastIndexOf("@"))) || null;
    const mud = this.hooks.network().members.get(tenant)?.name ?? tenant;
    return { tenant, id: null, mud, user };
  }
}
