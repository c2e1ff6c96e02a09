import { carryPacket, writePacket, type Packet } from "@tellwire/intermud";
import {
  eventually,
  Mud,
  publish,
  startTestCluster,
  subscribe,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** How long a link may take to be back after its worker was killed, in milliseconds. */
const BACK_MS = 10_000;
const SMALL = { edges: 1, routers: 1, sessions: 1 };

/** One cluster is a router, whose network has the MUD Dark Isle and ordinary tenants. */
let alpha: TestCluster;
let isle: Mud;
let ann: TestClient;
let town: TestTenant;
/** The other one is the MUD Beta of that network. */
let beta: TestCluster;
let acme: TestTenant;
let alice: TestClient;
let acmeItself: TestClient;
let federation: string;
let net: string;

const lobby = (): string => `channel:lobby@${federation}`;
const inboxOf = (name: string, tenant: TestTenant): string => `user:${name}@${tenant.name}`;

/** Alice tells somebody of the network. */
const tell = (to: string, text: string) =>
  publish(alice, `user:${encodeURIComponent(to)}@${net}`, { text }, { kind: "tell" });

const bodiesOf = (client: TestClient, topic: string): unknown[] =>
  client.events.messages(topic).map(({ body }) => body);

async function uplink() {
  const line = await beta.cluster.tellwire("--json", "uplink", "list");
  return JSON.parse(line) as { holder: string | null; muds: number; router: string };
}

async function startRouter(): Promise<void> {
  alpha = await startTestCluster({
    ...SMALL,
    workers: 1,
    env: { TELLWIRE_I3_FEDERATION: "i3" },
  });
  town = await alpha.tenant();
  for (const side of ["grant", "accept"]) {
    await alpha.cluster.tellwire("federation", side, "i3", town.name, "--name", "Town");
  }
  isle = new Mud("Dark Isle");
  await isle.register(alpha.cluster.mudPort);
  isle.ask("channel-add", "chat", 0);
  isle.ask("channel-listen", "chat", 1);
  await eventually(() => expect(isle.chanlist.has("chat")).toBe(true));
  ann = await alpha.connect("ws", alpha.edge(0), { api_key: town.key, user: "ann" });
}

async function startMud(): Promise<void> {
  beta = await startTestCluster({ ...SMALL, workers: 2 });
  acme = await beta.tenant();
  const network = await beta.tenant({ shared_inbox: true });
  net = network.name;
  federation = await beta.federation(acme, network);
  alice = await beta.connect("ws", beta.edge(0), { api_key: acme.key, user: "alice" });
  acmeItself = await beta.connect("ws", beta.edge(0), { api_key: acme.key });
  await subscribe(alice, lobby());
  await subscribe(acmeItself, `inbox@${acme.name}`);
}

beforeAll(async () => {
  await Promise.all([startRouter(), startMud()]);
  await beta.cluster.tellwire(
    ...["uplink", "add", net, "--federation", federation, "--mud", "Beta", "--home", acme.name],
    ...["--router", `*tellwire 127.0.0.1 ${alpha.cluster.mudPort}`],
  );
  await beta.cluster.tellwire("uplink", "carry", net, "lobby", "chat");
  await eventually(() => expect(isle.mudlist.get("Beta")?.[0]).toBe(-1), BACK_MS);
  // A link that began before the channel was carried is ended, and begun anew with it.
  await eventually(async () => {
    isle.say("chat", "Bob", "are you there?");
    await eventually(() => expect(bodiesOf(alice, lobby())).not.toEqual([]), 1000);
  }, BACK_MS);
});
afterAll(async () => {
  isle?.drop();
  await Promise.all([alpha?.stop(), beta?.stop()]);
});

/** What a member of Beta's federation asks the network, and the answers that come. */
async function asked(packet: Packet, id: string, reply: string): Promise<Packet[]> {
  const { kind, body } = carryPacket(writePacket(packet), id);
  const options = { kind, ephemeral: true };
  const answers = (): Packet[] =>
    acmeItself.events
      .named("ephemeral")
      .map((event) => event as { kind: string; body: { id: string; packet: Packet } })
      .filter((event) => event.kind === reply && event.body.id === id)
      .map((event) => event.body.packet);
  // What is ephemeral may be lost, so it is asked until it is answered.
  await eventually(async () => {
    await publish(acmeItself, `inbox@${net}`, body, options);
    await eventually(() => expect(answers().length).toBeGreaterThan(0), 1000);
  });
  return answers();
}

const request = <T extends Packet["type"]>(type: T, mud: string | null, body: object): Packet =>
  ({
    type,
    ttl: 5,
    from: { mud: acme.name, user: "alice" },
    to: { mud, user: null },
    body,
  }) as Packet;

describe("a cluster that is a MUD of another one’s network", () => {
  it("is in the mudlist there, and has it here", async () => {
    await eventually(async () => expect((await uplink()).muds).toBeGreaterThanOrEqual(3));
    expect(await uplink()).toMatchObject({ router: "*tellwire" });
    expect([...isle.mudlist.keys()].toSorted()).toEqual(["Beta", "Dark Isle", "Town"]);
    const known = await beta.sql<{ name: string }>("select name from uplink_muds order by name");
    expect(known.map(({ name }) => name)).toEqual(["Beta", "Dark Isle", "Town"]);
  });

  it("tells and is told, by MUDs and by ordinary clients", async () => {
    await tell("bob@dark isle", "hello");
    expect((await isle.next("tell")).slice(2)).toEqual([
      ...["Beta", "alice", "Dark Isle", "bob", "alice", "hello"],
    ]);
    isle.tell("Beta", "Bob", "alice", "hello yourself");
    await tell("ann@Town", "hello ann");
    await eventually(() => {
      expect(bodiesOf(alice, inboxOf("alice", acme))).toContainEqual({
        text: "hello yourself",
        visname: "Bob",
      });
      expect(bodiesOf(ann, inboxOf("ann", town))).toContainEqual({
        text: "hello ann",
        visname: "alice",
      });
    });
    const [heard] = ann.events.messages(inboxOf("ann", town));
    await publish(ann, `user:${heard!.from}`, { text: "hello alice" }, { kind: "tell" });
    await eventually(() => {
      const [last] = alice.events.messages(inboxOf("alice", acme)).slice(-1);
      expect(last).toMatchObject({
        body: { text: "hello alice" },
        from: `ann%40Town@${net}`,
      });
    });
  });

  it("tells its users what did not arrive", async () => {
    await tell("bob@Nowhere", "hello");
    await eventually(() => {
      expect(alice.events.named("ephemeral")).toContainEqual(
        expect.objectContaining({ kind: "i3.error" }),
      );
    });
  });

  it("shares channels", async () => {
    isle.say("chat", "Bob", "from the isle");
    await publish(alice, lobby(), { text: "from beta" }, { kind: "channel_message" });
    await eventually(() => {
      expect(bodiesOf(alice, lobby())).toContainEqual({ text: "from the isle", visname: "Bob" });
      const heard = isle.of("channel-m").map((packet) => [packet[2], packet[3], packet[8]]);
      expect(heard).toContainEqual(["Beta", "alice", "from beta"]);
    });
    // Each came once: what a router sends back is known as one's own.
    const said = bodiesOf(alice, lobby()).map((body) => (body as { text: string }).text);
    for (const text of ["from the isle", "from beta"]) {
      expect(said.filter((each) => each === text)).toEqual([text]);
    }
  });

  it("answers who, finger and locate, and asks them", async () => {
    isle.send(["who-req", 5, "Dark Isle", "bob", "Beta", 0]);
    expect((await isle.next("who-reply")).slice(2)).toEqual([
      ...["Beta", 0, "Dark Isle", "bob", [["alice", 0, ""]]],
    ]);
    isle.send(["finger-req", 5, "Dark Isle", "bob", "Beta", 0, "alice"]);
    expect((await isle.next("finger-reply")).slice(4, 7)).toEqual(["Dark Isle", "bob", "alice"]);
    isle.send(["locate-req", 5, "Dark Isle", "bob", 0, 0, "alice"]);
    expect((await isle.next("locate-reply")).slice(6, 8)).toEqual(["Beta", "alice"]);

    const [who] = await asked(request("who-req", "Town", {}), "w", "i3.who-reply");
    expect(who).toMatchObject({ body: { users: [{ visname: "ann" }] } });
    const fingered = request("finger-req", "Town", { user: "ann" });
    const [finger] = await asked(fingered, "f", "i3.finger-reply");
    expect(finger).toMatchObject({ from: { mud: "Town" }, body: { visname: "ann" } });
    const located = request("locate-req", null, { user: "ann" });
    const [locate] = await asked(located, "l", "i3.locate-reply");
    expect(locate).toMatchObject({ body: { mud: "Town" } });
  });

  it("is back soon when the worker that has the link is killed, and nothing accepted is lost", async () => {
    const before = await uplink();
    const worker = beta.cluster.workers.find(({ name }) => name === before.holder)!;
    const accepted: string[] = [];
    const stopping = new AbortController();
    const sending = (async () => {
      for (let n = 0; !stopping.signal.aborted; n++) {
        await tell("bob@Dark Isle", `t ${n}`);
        accepted.push(`t ${n}`);
      }
    })();
    await eventually(() => expect(accepted.length).toBeGreaterThan(50));
    await worker.crash();
    const since = performance.now();
    const heard = (): string[] =>
      isle
        .of("tell")
        .map((packet) => packet[7] as string)
        .filter((text) => text.startsWith("t "));
    const killedAt = accepted.length;
    await eventually(() => expect(heard()).toContain(`t ${killedAt + 1}`), BACK_MS);
    expect(performance.now() - since).toBeLessThan(BACK_MS);
    stopping.abort();
    await sending;
    await eventually(() => expect(heard()).toContain(accepted.at(-1)));
    expect([...new Set(heard())]).toEqual(accepted);
    expect((await uplink()).holder).not.toBe(before.holder);
  });
});
