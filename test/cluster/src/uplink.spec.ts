import { eventually, publish, RouterPeer, startTestCluster } from "@tellwire/testing";
import type { TestClient, TestCluster, TestTenant } from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DialectClient } from "./dialect-client.fixture.js";

/** How long a link may take to be back after its worker was killed, in milliseconds. */
const BACK_MS = 10_000;
const MUD = "Our MUD";
const CHANNEL = "imud_gossip";

let cluster: TestCluster;
let peer: RouterPeer;
let acme: TestTenant;
/** A MUD behind the dialect. */
let gate: TestTenant;
let federation: string;
let net: string;
let alice: TestClient;

/** The worker that has the link, and the others. */
async function workers() {
  const { holder } = JSON.parse(await cluster.cluster.tellwire("--json", "uplink", "list"));
  const all = cluster.cluster.workers;
  return { holder: all.find(({ name }) => name === holder), all };
}

const tell = (to: string, text: string) =>
  publish(
    alice,
    `user:${encodeURIComponent(to)}@${net}`,
    { text, visname: "Alice" },
    { kind: "tell" },
  );

/** Publishes tells and channel messages, each after the other's ack, until told to stop. */
class Traffic {
  /** What was accepted, in order. */
  readonly tells: string[] = [];
  readonly words: string[] = [];
  private stopping = false;
  private readonly ended: Promise<unknown>;

  constructor(name: string) {
    const keepOn = async (accepted: string[], say: (text: string) => Promise<unknown>) => {
      for (let n = 0; !this.stopping; n++) {
        const text = `${name} ${n}`;
        await say(text);
        accepted.push(text);
      }
    };
    const topic = `channel:lobby@${federation}`;
    this.ended = Promise.all([
      keepOn(this.tells, (text) => tell("bob@Dark Isle", text)),
      keepOn(this.words, (text) => publish(alice, topic, { text }, { kind: "channel_message" })),
    ]);
  }

  async grownBy(count: number): Promise<void> {
    const least = this.tells.length + count;
    await eventually(() => expect(this.tells.length).toBeGreaterThan(least), 20_000);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.ended;
  }

  /** All of it came, in order; what had been written when a link broke may have come twice. */
  async expectWhole(): Promise<void> {
    const came = (type: string, place: number, name: string): string[] =>
      peer
        .of(type)
        .map((packet) => packet[place] as string)
        .filter((text) => text.startsWith(name));
    const name = this.tells[0]!.split(" ")[0]!;
    await eventually(() => {
      expect(came("tell", 7, name)).toContain(this.tells.at(-1));
      expect(came("channel-m", 8, name)).toContain(this.words.at(-1));
    });
    for (const [accepted, texts] of [
      [this.tells, came("tell", 7, name)],
      [this.words, came("channel-m", 8, name)],
    ] as const) {
      expect([...new Set(texts)]).toEqual(accepted);
    }
  }
}

beforeAll(async () => {
  peer = new RouterPeer();
  const isle = [-1, "192.0.2.7", 4000, 0, 0, "L", "B", "D", "T", "open", "a@b", { tell: 1 }, 0];
  peer.mudlist = { id: 5, muds: { "Dark Isle": isle } };
  await peer.open();
  cluster = await startTestCluster({ edges: 1, routers: 1, workers: 2 });
  acme = await cluster.tenant();
  gate = await cluster.tenant({ shared_inbox: true });
  const network = await cluster.tenant({ shared_inbox: true });
  net = network.name;
  federation = await cluster.federation(acme, gate, network);
  await cluster.cluster.tellwire(
    ...["uplink", "add", net, "--federation", federation, "--mud", MUD, "--home", acme.name],
    ...["--router", `${peer.name} 127.0.0.1 ${peer.port}`],
  );
  await cluster.cluster.tellwire("uplink", "carry", net, "lobby", CHANNEL);
  alice = await cluster.connect("socketio", cluster.edge(0), { api_key: acme.key, user: "alice" });
  // A link that began before the channel was carried is ended, and begun anew with it.
  await peer.next("channel-listen", BACK_MS);
});
afterAll(async () => {
  await cluster?.stop();
  await peer?.close();
});

describe("a foreign network", () => {
  it("is talked with by ordinary clients", async () => {
    await tell("bob@Dark Isle", "hello");
    expect((await peer.next("tell")).slice(2)).toEqual([
      ...[MUD, "alice", "Dark Isle", "bob", "Alice", "hello"],
    ]);
    peer.send(MUD, ["tell", 5, "Dark Isle", "bob", MUD, "alice", "Bob", "hello yourself"]);
    peer.send(MUD, ["channel-m", 5, "Dark Isle", "bob", 0, 0, CHANNEL, "Bob", "hello all"]);
    const inbox = `user:alice@${acme.name}`;
    await eventually(() => {
      const [answer] = alice.events.messages(inbox).filter(({ kind }) => kind === "tell");
      expect(answer).toMatchObject({
        from: `bob%40Dark%20Isle@${net}`,
        body: { text: "hello yourself", visname: "Bob" },
      });
    });
    await eventually(async () => {
      const history = await alice.request("history", { topic: `channel:lobby@${federation}` });
      expect(history.messages).toMatchObject([{ body: { text: "hello all" } }]);
    });
  });

  it("is talked with by MUDs behind the dialect", async () => {
    const mud = await DialectClient.open("tcp", cluster, 0);
    await mud.call("authenticate", { api_key: gate.key });
    await eventually(async () => {
      const { muds } = await mud.call("mudlist", { refresh: true });
      expect(muds).toContainEqual(
        expect.objectContaining({ name: "Dark Isle", host: "192.0.2.7", port: 4000, status: "up" }),
      );
    });
    const told = { target_mud: "dark isle", target_user: "Bob", from_user: "Grog" };
    await mud.call("tell", { ...told, message: "hello from the gate" });
    await eventually(() => {
      const heard = peer.of("tell").map((packet) => packet.slice(2));
      const sender = [MUD, `grog.${gate.name}`];
      expect(heard).toContainEqual([...sender, "Dark Isle", "bob", "Grog", "hello from the gate"]);
    });
    peer.send(MUD, ["tell", 5, "Dark Isle", "bob", MUD, `grog.${gate.name}`, "Bob", "welcome"]);
    expect(await mud.heard("tell_received")).toMatchObject({
      ...{ from_mud: "Dark Isle", from_user: "bob", to_user: "grog", message: "welcome" },
    });
    const asked = mud.call("who", { target_mud: "Dark Isle", refresh: true });
    const [, , , asker] = await peer.next("who-req");
    peer.send(MUD, ["who-reply", 5, "Dark Isle", 0, MUD, asker!, [["Bob", 7, "L1"]]]);
    expect((await asked)["users"]).toMatchObject([{ name: "Bob", idle_time: 7 }]);
    mud.link.drop();
  });

  it("is linked again soon when the worker that has the link is killed, and nothing accepted is lost", async () => {
    const { holder } = await workers();
    const traffic = new Traffic("killed");
    await traffic.grownBy(50);
    const connection = peer.connections.get(MUD);
    await holder!.crash();
    const since = performance.now();
    await eventually(() => {
      expect(peer.connections.get(MUD)).toBeDefined();
      expect(peer.connections.get(MUD)).not.toBe(connection);
    }, BACK_MS);
    expect(performance.now() - since).toBeLessThan(BACK_MS);
    await traffic.grownBy(50);
    await traffic.stop();
    await traffic.expectWhole();
    await holder!.start();
  });

  it("hears nothing more from a worker that was paused past its lease", async () => {
    const { holder, all } = await workers();
    const traffic = new Traffic("paused");
    await traffic.grownBy(20);
    const old = peer.connections.get(MUD)!;
    let late = 0;
    peer.keepsOld = true;
    holder!.pause();
    await eventually(async () => expect((await workers()).holder).not.toBe(holder), BACK_MS);
    await eventually(() => expect(peer.connections.get(MUD)).not.toBe(old), BACK_MS);
    old.on("data", () => late++);
    await traffic.grownBy(20);
    holder!.resume();
    await eventually(async () => {
      const log = await fetch(`${holder!.url}/metrics`).then((answer) => answer.text());
      expect(log).not.toContain(`tellwire_uplink_up{tenant="${net}"`);
    });
    await traffic.grownBy(20);
    await traffic.stop();
    await traffic.expectWhole();
    expect(late).toBe(0);
    expect((await workers()).holder).toBe(all.find((each) => each !== holder));
  });
});
