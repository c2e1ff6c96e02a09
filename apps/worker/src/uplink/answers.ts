import { randomInt } from "node:crypto";
import { answerRequest, type Packet, type PresentUser } from "@tellwire/intermud";
import type { Network } from "./names.js";
import { presentUsers, type Present } from "./presence.js";

/** Answers of so many milliseconds ago are given again: many ask at once for the same. */
const FRESH_MS = 1000;
const LARGEST_KEY = 2 ** 31;

/** Where the presence of a network's users is to be seen. */
export interface PresenceSource {
  /** Those of a member who are there. */
  of(tenant: string): Promise<Present[]>;
  /** Canonical users who have joined the channel of the federation with this name on the network. */
  inChannel(remote: string): Promise<string[] | null>;
}

/** What this cluster's MUD answers to the requests of others. */
export class Answers {
  private known: { users: Promise<PresentUser[]>; at: number } | null = null;

  constructor(
    private readonly network: () => Network,
    private readonly source: PresenceSource,
  ) {}

  /** @returns undefined where there is none */
  async to(packet: Packet): Promise<Packet | undefined> {
    const users = await this.usersFor(packet);
    const channels = await this.channelsFor(packet);
    const { mud } = this.network();
    return answerRequest({ mud, users, channels, sessionKey: randomInt(1, LARGEST_KEY) }, packet);
  }

  private async usersFor({ type }: Packet): Promise<PresentUser[]> {
    switch (type) {
      case "who-req":
      case "finger-req":
      case "locate-req":
      case "chan-user-req":
      case "chan-who-req":
        return this.users();
      default:
        return [];
    }
  }

  private users(): Promise<PresentUser[]> {
    const now = performance.now();
    if (this.known === null || now - this.known.at > FRESH_MS) {
      const users = this.read();
      this.known = { users, at: now };
      users.catch(() => (this.known = null));
    }
    return this.known.users;
  }

  private async read(): Promise<PresentUser[]> {
    const network = this.network();
    const present = [...network.members.keys()].map((tenant) => this.source.of(tenant));
    return presentUsers(network, (await Promise.all(present)).flat());
  }

  private async channelsFor(packet: Packet): Promise<Map<string, string[]>> {
    if (packet.type !== "chan-who-req") return new Map();
    const { channel } = packet.body;
    const joined = await this.source.inChannel(channel);
    if (joined === null) return new Map();
    const network = this.network();
    const names = new Set(
      presentUsers(
        network,
        joined.map((user) => ({ user, since: null })),
      ).map(({ name }) => name),
    );
    const there = (await this.users()).filter(({ name }) => names.has(name));
    return new Map([[channel, there.map(({ visname }) => visname)]]);
  }
}
