import { randomUUID } from "node:crypto";
import { sharedInboxOf, tenantOf } from "@tellwire/contract";
import type { ClusterEvent, EphemeralBus } from "@tellwire/ephemeral";
import {
  carryPacket,
  PacketError,
  readCarried,
  readPacket,
  writePacket,
  type Packet,
} from "@tellwire/intermud";
import type { Ephemeral } from "./render.js";

const PACKET = "i3.";

/** A packet that came from a member of a federation. */
export interface Carried {
  /** By which its answer is known. */
  id: string | null;
  /** The tenant that sent it. */
  from: string;
  /** The tenant to whose inbox it came. */
  to: string;
  packet: Packet;
}

/**
 * Questions to members of a federation that answer for themselves, and their answers: packets
 * in ephemeral messages, with a number by which an answer is known.
 */
export class Asks {
  private readonly pending = new Map<string, (packet: Packet) => void>();
  /** Inboxes in which packets are looked for, and how often that is wanted. */
  private readonly inboxes = new Map<string, number>();

  /** @param asked told of what is no answer to a question from here */
  constructor(
    private readonly bus: Pick<EphemeralBus, "publish">,
    private readonly asked: (carried: Carried) => void,
  ) {}

  /** Listens for what is sent to a tenant's inbox. @returns how to stop that */
  listen(tenant: string): () => void {
    const inbox = sharedInboxOf(tenant);
    this.inboxes.set(inbox, (this.inboxes.get(inbox) ?? 0) + 1);
    return () => {
      const left = (this.inboxes.get(inbox) ?? 1) - 1;
      if (left === 0) this.inboxes.delete(inbox);
      else this.inboxes.set(inbox, left);
    };
  }

  /**
   * Asks some tenants in the name of another.
   * @param enough whether an answer is the last to wait for
   * @returns the answers that came within `withinMs` milliseconds
   */
  ask(
    tenant: string,
    others: readonly string[],
    packet: Packet,
    withinMs: number,
    enough: (packet: Packet) => boolean,
  ): Promise<Packet[]> {
    if (others.length === 0) return Promise.resolve([]);
    const id = randomUUID();
    const stop = this.listen(tenant);
    return new Promise((resolve) => {
      const answers: Packet[] = [];
      const end = (): void => {
        clearTimeout(timer);
        this.pending.delete(id);
        stop();
        resolve(answers);
      };
      const timer = setTimeout(end, withinMs);
      this.pending.set(id, (answer) => {
        answers.push(answer);
        if (enough(answer)) end();
      });
      for (const other of others) this.send(tenant, other, packet, id);
    });
  }

  /** @param id of the question that this answers, or is */
  send(from: string, to: string, packet: Packet, id: string): void {
    const { kind, body } = carryPacket(writePacket(packet), id);
    const topic = sharedInboxOf(to);
    const at = new Date().toISOString();
    const params: Ephemeral = { topic, from: `@${from}`, kind, body, at };
    this.bus.publish(topic, { name: "ephemeral", params });
  }

  /** For the bus. */
  onEvent({ name, about, params }: ClusterEvent): void {
    if (name !== "ephemeral" || !this.inboxes.has(about)) return;
    const { kind, body, from } = JSON.parse(params) as Ephemeral;
    if (!kind.startsWith(PACKET)) return;
    const carried = packetIn(kind, body);
    if (carried === null) return;
    const answered = carried.id === null ? undefined : this.pending.get(carried.id);
    if (answered !== undefined && !carried.packet.type.endsWith("-req")) {
      answered(carried.packet);
    } else this.asked({ ...carried, from: tenantOf(from), to: tenantOf(about) });
  }
}

/** Null where it carries no packet of a known kind. */
function packetIn(kind: string, body: unknown): Pick<Carried, "id" | "packet"> | null {
  const mud = (body as { packet?: { from?: { mud?: unknown } } } | null)?.packet?.from?.mud;
  const carried = readCarried(kind, body, typeof mud === "string" ? mud : "");
  if (carried === undefined) return null;
  try {
    return { id: carried.id, packet: readPacket(carried.packet) };
  } catch (error) {
    if (error instanceof PacketError) return null;
    throw error;
  }
}
