import { randomUUID } from "node:crypto";
import { inboxOf, sharedInboxOf, type PublishItem } from "@tellwire/contract";
import { carryPacket, writePacket, type Packet } from "@tellwire/intermud";
import { carriedTopic, type Uplink } from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { HeldLease } from "../consume/held-lease.js";
import { OrderedConsumer } from "../consume/ordered-consumer.js";
import { Answers } from "./answers.js";
import { readAsked, type Asker } from "./asking.js";
import type { Surroundings } from "./conversation.js";
import type { Ephemeral } from "./ephemera.js";
import type { Arrived } from "./incoming.js";
import { LinkKeeper } from "./link-keeper.js";
import type { Network } from "./names.js";
import { NetworkKnowledge } from "./network-knowledge.js";
import { OutgoingTraffic } from "./outgoing-traffic.js";
import { PendingRequests } from "./pending-requests.js";
import type { UplinkTools } from "./uplink-tools.js";

/** Milliseconds between two looks at who is in the federation. */
const MEMBERS_MS = 5000;
/** Members of a channel who are named to a MUD that asks. */
const MOST_MEMBERS = 1000;
/** While an ingress stream is full or Redis is away, nothing more is read from the network. */
const AGAIN_MS = 200;

/** One tenant's link to its network, while this process holds the lease. */
export class UplinkRun {
  private network: Network;
  /** Topic → the channel's name on the network, and back. */
  private readonly remotes = new Map<string, string>();
  private readonly topics = new Map<string, string>();
  private readonly pending = new PendingRequests();
  private readonly log: Logger;
  private consumer: OrderedConsumer | null = null;
  private keeper: LinkKeeper | null = null;

  constructor(
    private readonly uplink: Uplink,
    private readonly held: HeldLease,
    private readonly tools: UplinkTools,
  ) {
    const { tenant, mud, federation, home } = uplink;
    this.network = { tenant, mud, federation, home, members: new Map() };
    this.log = tools.log.child({ tenant });
  }

  get linked(): boolean {
    return this.keeper?.conversation != null;
  }

  get waiting(): number {
    return this.consumer?.waiting ?? 0;
  }

  /** Until the lease ends. */
  async run(): Promise<void> {
    const { tools, uplink, held, log } = this;
    const knowledge = await NetworkKnowledge.load(tools.states, held.lease);
    for (const { channel, remote } of await tools.uplinks.channels(uplink.tenant)) {
      const topic = carriedTopic(uplink, channel);
      this.remotes.set(topic, remote);
      this.topics.set(remote, topic);
    }
    await this.learnMembers();
    knowledge.onNames = () => tools.announce(uplink);
    this.keeper = new LinkKeeper(uplink, held, knowledge, tools.states, this.surroundings(), log);
    const traffic = this.traffic(knowledge);
    const take = traffic.take.bind(traffic);
    this.consumer = new OrderedConsumer(tools.history, tools.consumers, held, take, log);
    const deaf = tools.ephemera.hear(sharedInboxOf(uplink.tenant), (asked) => this.asked(asked));
    try {
      await Promise.all([this.keeper.run(), this.consumer.run(), this.followMembers()]);
    } finally {
      deaf();
    }
    // So that an operator sees no link where nobody holds one any more.
    await tools.states.disconnected(held.lease, null).catch(() => undefined);
  }

  private traffic(knowledge: NetworkKnowledge): OutgoingTraffic {
    const { tools, uplink } = this;
    return new OutgoingTraffic(
      {
        network: () => this.network,
        directory: {
          mud: (name) => knowledge.mud(name),
          channel: (topic) => this.remotes.get(topic),
        },
        conversation: () => this.keeper?.conversation ?? null,
        assertHeld: () => this.held.assert(),
        sent: (waiting) => this.pending.add(waiting, performance.now()),
        tell: (asker, packet) => this.tellAsker(asker, packet),
        expired: () => tools.metrics.expired.inc({ tenant: uplink.tenant }),
      },
      tools.patience,
      this.log,
    );
  }

  private surroundings(): Omit<Surroundings, "registered"> {
    const { tools, uplink } = this;
    const answers = new Answers(() => this.network, {
      of: (tenant) => tools.presence.of(tenant),
      inChannel: async (remote) => {
        const topic = this.topics.get(remote);
        if (topic === undefined) return null;
        const members = await tools.channels.members(topic, null, MOST_MEMBERS);
        return members.map(({ user }) => user);
      },
    });
    return {
      network: () => this.network,
      topicOf: (remote) => this.topics.get(remote),
      carried: () => [...this.topics.keys()],
      publish: (arrived) => this.publish(arrived),
      answer: (packet) => answers.to(packet),
      tell: (packet) => this.heard(packet),
      counted: (direction, packets) =>
        tools.metrics.packets.inc({ tenant: uplink.tenant, direction }, packets),
    };
  }

  /** In order, and as often as it takes: an id makes a message that is written twice one. */
  private async publish(arrived: Arrived[]): Promise<void> {
    let left = arrived.map(itemOf);
    for (;;) {
      this.held.assert();
      left = await this.tools.ingress.write(left);
      if (left.length === 0) return;
      await pause(AGAIN_MS, this.held.signal);
    }
  }

  /** What came from the network and somebody here may wait for. */
  private heard(packet: Packet): void {
    if (packet.type === "ucache-update") return this.tellMuds(packet);
    const match = this.pending.match(packet, performance.now());
    if (match === undefined || match.kind === "noise") return;
    this.tellAsker(match.request.asker, packet);
  }

  /** What every MUD is told. */
  private tellMuds(packet: Packet): void {
    const { kind, body } = carryPacket(writePacket(packet), "");
    const from = `@${this.network.tenant}`;
    for (const { tenant, sharedInbox } of this.network.members.values()) {
      if (sharedInbox) this.tools.ephemera.say({ topic: sharedInboxOf(tenant), from, kind, body });
    }
  }

  /** At the tenant's inbox; who is no MUD's player hears of an error at the own. */
  private tellAsker({ tenant, id, mud, user }: Asker, packet: Packet): void {
    const own = { ...packet, to: { mud, user } };
    const { kind, body } = carryPacket(writePacket(own), id ?? "");
    const from = `@${this.network.tenant}`;
    this.tools.ephemera.say({ topic: sharedInboxOf(tenant), from, kind, body });
    if (user === null || packet.type !== "error") return;
    const inbox = inboxOf(`${encodeURIComponent(user)}@${tenant}`);
    this.tools.ephemera.say({ topic: inbox, from, kind, body });
  }

  private asked(message: Ephemeral): void {
    const conversation = this.keeper?.conversation;
    const asked = readAsked(this.network, message);
    if (!asked || !conversation) return;
    const { send, waiting, toRouter } = asked;
    if (waiting) this.pending.add(waiting, performance.now());
    const writing = toRouter ? conversation.writeToRouter(send) : conversation.write([send]);
    writing.catch((error: Error) => this.log.debug({ err: error.message }, "request not sent"));
  }

  private async followMembers(): Promise<void> {
    const { signal } = this.held;
    while (!signal.aborted) {
      await pause(MEMBERS_MS, signal);
      if (signal.aborted) return;
      await this.learnMembers().catch((error: Error) =>
        this.log.warn({ err: error.message }, "members of the federation not read"),
      );
    }
  }

  /** Without the tenant of the network: nobody is reached there from there. */
  private async learnMembers(): Promise<void> {
    const { tenant, federation } = this.uplink;
    const found = await this.tools.federations.find(federation);
    const members = (found?.members ?? []).filter((member) => member.tenant !== tenant);
    this.network = {
      ...this.network,
      members: new Map(members.map((member) => [member.tenant, member])),
    };
  }
}

/** The router authorises it as it would if the network's tenant had said it for this user. */
const itemOf = ({ topic, to, from, kind, body }: Arrived): PublishItem => ({
  type: "publish",
  req: 0,
  id: randomUUID(),
  topic,
  ...(to !== undefined && { to }),
  from,
  role: "agent",
  kind,
  priority: "normal",
  body: Buffer.from(JSON.stringify(body)),
  headers: null,
  correlationId: null,
  expiresAt: null,
  sendAt: null,
});
