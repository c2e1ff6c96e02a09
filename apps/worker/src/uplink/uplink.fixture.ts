import { randomUUID } from "node:crypto";
import { sharedInboxOf, type PublishItem } from "@tellwire/contract";
import { EphemeralBus } from "@tellwire/ephemeral";
import { FederationRepository, TenantRepository, UplinkRepository } from "@tellwire/persistence";
import { packValue } from "@tellwire/streams";
import { RouterPeer } from "@tellwire/testing";
import { Server } from "socket.io";
import { publish, type Bench } from "../worker.fixture.js";
import type { Ephemeral } from "./ephemera.js";

const FEDERATION = "muds";

/** A federation with the members acme and dead-souls, whose users share an inbox. */
export async function startFederation({ database: { db } }: Bench): Promise<void> {
  const federations = new FederationRepository(db);
  await federations.create(FEDERATION);
  await new TenantRepository(db).create("acme");
  await new TenantRepository(db).create("dead-souls", { shared_inbox: true });
  await federations.change(FEDERATION, "acme", "join");
  await federations.change(FEDERATION, "dead-souls", "join", "Dead Souls");
}

/** A tenant that is linked to a network of its own, whose router the test is. */
export class TestNetwork {
  private constructor(
    private readonly bench: Bench,
    readonly tenant: string,
    readonly mud: string,
    readonly peers: RouterPeer[],
  ) {}

  /** @param prepare before anybody links */
  static async start(
    bench: Bench,
    { peers = 1, prepare }: { peers?: number; prepare?: (peers: RouterPeer[]) => void } = {},
  ): Promise<TestNetwork> {
    const tenant = `net-${randomUUID().slice(0, 8)}`;
    const { db } = bench.database;
    const routers = Array.from({ length: peers }, (_, n) => new RouterPeer(`*peer-${n}`));
    await Promise.all(routers.map((peer) => peer.open()));
    prepare?.(routers);
    const network = new TestNetwork(bench, tenant, `MUD of ${tenant}`, routers);
    await new TenantRepository(db).create(tenant, { shared_inbox: true });
    await new FederationRepository(db).change(FEDERATION, tenant, "join");
    await network.uplinks.add({
      tenant,
      federation: FEDERATION,
      mud: network.mud,
      description: {
        ...{ playerPort: 4000, tcpPort: 0, udpPort: 0, mudlib: "Lib", baseMudlib: "Base" },
        ...{
          driver: "Driver",
          mudType: "Gateway",
          openStatus: "open",
          adminEmail: "a@example.org",
        },
        services: { tell: 1, who: 1 },
      },
      routers: routers.map(({ address }) => address),
      home: "acme",
    });
    await network.uplinks.carry((await network.uplinks.find(tenant))!, "lobby", "imud_gossip");
    return network;
  }

  get peer(): RouterPeer {
    return this.peers[0]!;
  }

  get uplinks(): UplinkRepository {
    return new UplinkRepository(this.bench.database.db);
  }

  linked(peer = this.peer): Promise<void> {
    return peer.linked(this.mud);
  }

  /** What the router sends to this cluster's MUD. */
  says(...packet: Parameters<RouterPeer["send"]>[1]): void {
    this.peer.send(this.mud, packet);
  }

  /** A tell of alice's to somebody of a MUD. */
  tell(to: string, text: string, change: Partial<PublishItem> = {}): PublishItem {
    return publish({
      topic: sharedInboxOf(this.tenant),
      to: `user:${encodeURIComponent(to)}@${this.tenant}`,
      kind: "tell",
      body: Buffer.from(JSON.stringify({ text, visname: "Alice" })),
      ...change,
    });
  }

  status() {
    return this.uplinks.list().then((all) => all.find(({ tenant }) => tenant === this.tenant)!);
  }

  async stop(): Promise<void> {
    await this.uplinks.remove(this.tenant);
    await Promise.all(this.peers.map((peer) => peer.close()));
  }
}

/** An edge, as far as ephemera go: what it hears, and what it says. */
export async function startEars({ redis, keys }: Bench) {
  const bus = new EphemeralBus(new Server(), redis, keys, 256);
  const heard: Ephemeral[] = [];
  bus.onEvent(({ name, params }) => {
    if (name === "ephemeral") heard.push(JSON.parse(params) as Ephemeral);
  });
  await bus.ready();
  return {
    heard,
    say: (message: Ephemeral) =>
      bus.publish(message.topic, { name: "ephemeral", params: { ...message, at: "" } }),
    close: () => bus.close(),
  };
}

/** Has users of a tenant online, at an edge that lives. */
export async function online({ redis, keys }: Bench, tenant: string, ...users: string[]) {
  const fields = users.flatMap((user) => [
    `edge ${randomUUID()}`,
    packValue([`${user}@${tenant}`, Date.UTC(2026, 0, 1)]),
  ]);
  await redis.client.hset(keys.presence(tenant), ...fields);
}
