import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PublishItem } from "@tellwire/contract";
import { carryPacket, writePacket } from "@tellwire/intermud";
import { lpcText, mudmodeFrame } from "@tellwire/testing";
import type { startWorker } from "../worker.js";
import { publish, startBench, until, type Bench } from "../worker.fixture.js";
import { parsed } from "./network.fixture.js";
import { online, startEars, startFederation, TestNetwork } from "./uplink.fixture.js";

type Worker = Awaited<ReturnType<typeof startWorker>>;

let bench: Bench;
let worker: Worker;
let ears: Awaited<ReturnType<typeof startEars>>;
let network: TestNetwork;

beforeAll(async () => {
  bench = await startBench();
  await startFederation(bench);
  ears = await startEars(bench);
  worker = await bench.worker();
});
afterAll(async () => {
  await worker.stop();
  ears.close();
  await bench.stop();
});
beforeEach(async () => {
  ears.heard.length = 0;
  await bench.arrived();
});
afterEach(() => network.stop());

const linked = async (options?: Parameters<typeof TestNetwork.start>[1]): Promise<void> => {
  network = await TestNetwork.start(bench, options);
  await network.linked();
};

/** What has come for routers, so many items. */
async function arriving(count: number): Promise<PublishItem[]> {
  const items: PublishItem[] = [];
  await until(
    async () => {
      // Copies of what alice has told are the outbox's business.
      items.push(...(await bench.arrived()).filter(({ kind }) => kind !== "sent"));
      return items.length;
    },
    (length) => length >= count,
  );
  return items;
}
const saidIn = ({ body }: PublishItem): unknown => JSON.parse(body.toString());

const inChannel = (text: string, change: Partial<PublishItem> = {}): PublishItem =>
  publish({
    topic: "channel:lobby@muds",
    kind: "channel_message",
    body: Buffer.from(JSON.stringify({ text, visname: "Alice" })),
    ...change,
  });

describe("registering", () => {
  it("tells what the MUD is, and the password and list ids of the time before", async () => {
    const isle = [-1, "192.0.2.7", 4000, 0, 0, "L", "B", "D", "T", "open", "a@b", { tell: 1 }, 0];
    await linked({
      prepare: ([peer]) => {
        peer!.mudlist = { id: 77, muds: { "Dark Isle": isle } };
        peer!.chanlist = { id: 88, channels: { imud_gossip: ["Dark Isle", 0] } };
      },
    });
    const { peer, mud, tenant } = network;
    expect(await peer.next("startup-req-3")).toEqual([
      ...["startup-req-3", 5, mud, 0, "*peer-0", 0],
      ...[0, 0, 0, 4000, 0, 0, "Lib", "Base", "Driver", "Gateway", "open", "a@example.org"],
      ...[{ tell: 1, who: 1 }, {}],
    ]);
    expect(await peer.next("channel-listen")).toEqual([
      ...["channel-listen", 5, mud, 0, "*peer-0", 0, "imud_gossip", 1],
    ]);
    await until(network.status.bind(network), ({ muds }) => muds === 1);
    expect(await network.status()).toMatchObject({
      router: "*peer-0",
      holder: "worker-1",
      connectedSince: expect.any(Date) as Date,
      lastError: null,
    });

    // A delta: one MUD more, one gone.
    network.says("mudlist", 5, "*peer-0", 0, mud, 0, 78, {
      "Dark Isle": 0,
      Other: isle,
      More: isle,
    });
    await until(network.status.bind(network), ({ muds }) => muds === 2);
    peer.mudlist.id = 78;
    peer.drop(mud);
    const again = await peer.next("startup-req-3");
    expect(again.slice(6, 9)).toEqual([peer.passwords.get(mud), 78, 88]);
    await network.linked();
    expect(await network.status()).toMatchObject({ tenant, muds: 2 });
  });

  it("goes on to the next router when one does not let it in", async () => {
    await linked({ peers: 1 });
    await network.stop();
    network = await TestNetwork.start(bench, {
      peers: 2,
      prepare: ([first]) => (first!.refusal = "closed"),
    });
    await network.linked(network.peers[1]);
    await until(network.status.bind(network), ({ router }) => router === "*peer-1");
    await network.peers[1]!.close();
    network.peers[0]!.refusal = null;
    await network.linked(network.peers[0]);
  });

  it("goes where the router prefers it to be, but nowhere that no operator has named", async () => {
    network = await TestNetwork.start(bench, {
      peers: 2,
      prepare: ([first, second]) => (first!.list = [["*peer-1", `127.0.0.1 ${second!.port}`]]),
    });
    await network.linked(network.peers[1]);
    await network.stop();

    const stranger = await TestNetwork.start(bench, { peers: 1 });
    await stranger.uplinks.setEnabled(stranger.tenant, false);
    network = await TestNetwork.start(bench, {
      prepare: ([peer]) => (peer!.list = [["*evil", `127.0.0.1 ${stranger.peer.port}`]]),
    });
    await network.linked();
    await until(network.status.bind(network), ({ router }) => router === "*peer-0");
    expect(stranger.peer.heard.filter(([, , mud]) => mud === network.mud)).toEqual([]);
    await stranger.stop();
  });
});

describe("to the network", () => {
  it("go tells and what is said in carried channels, in order", async () => {
    await linked();
    const { peer, mud } = network;
    const tells = Array.from({ length: 250 }, (_, n) => network.tell("bob@Dark Isle", `t${n}`));
    const words = Array.from({ length: 250 }, (_, n) => inChannel(`c${n}`));
    // What has expired by then does not go.
    await bench.append(inChannel("expired", { expiresAt: Date.now() - 1 }));
    await bench.append(
      ...tells,
      ...words,
      network.tell("bob@Dark Isle", "waves", { kind: "emoteto" }),
    );
    await bench.append(inChannel("nods", { kind: "channel_emote", from: "eve@dead-souls" }));
    expect(await peer.next("emoteto")).toEqual([
      ...["emoteto", 5, mud, "alice", "Dark Isle", "bob", "Alice", "waves"],
    ]);
    expect(await peer.next("channel-e")).toEqual([
      ...["channel-e", 5, mud, "eve.dead-souls", 0, 0, "imud_gossip", "Alice", "nods"],
    ]);
    expect(peer.of("tell").map((packet) => packet[7])).toEqual(tells.map((_, n) => `t${n}`));
    expect(peer.of("channel-m").map((packet) => packet[8])).toEqual(words.map((_, n) => `c${n}`));
  });

  it("go messages that waited for the link, and none twice", async () => {
    await linked();
    const { peer } = network;
    await bench.append(network.tell("bob@Dark Isle", "before"));
    await peer.next("tell");
    await peer.close();
    await until(network.status.bind(network), ({ connectedSince }) => connectedSince === null);
    await bench.append(network.tell("bob@Dark Isle", "meanwhile"), inChannel("meanwhile"));
    await peer.open();
    await peer.next("tell");
    await peer.next("channel-m");
    expect(peer.of("tell").map((packet) => packet[7])).toEqual(["before", "meanwhile"]);
  });

  it("does not go what the network said itself", async () => {
    await linked({ prepare: ([peer]) => (peer!.echoes = true) });
    const { peer, mud, tenant } = network;
    await bench.append(
      inChannel("from there", { from: `bob%40Dark%20Isle@${tenant}` }),
      inChannel("from here"),
    );
    const [only] = [await peer.next("channel-m")];
    expect(only[8]).toBe("from here");
    // The router sent it back; what follows shows that it was passed over.
    network.says("tell", 5, "Dark Isle", "bob", mud, "alice", "Bob", "hi");
    const items = await arriving(1);
    expect(items.map(({ kind }) => kind)).toEqual(["tell"]);
  });

  it("tells the sender of a tell that it did not arrive", async () => {
    await linked({
      prepare: ([peer]) => {
        const isle = [-1, "192.0.2.7", 4000, 0, 0, "L", "B", "D", "T", "open", "a@b", {}, 0];
        peer!.mudlist = { id: 2, muds: { "Dark Isle": isle } };
      },
    });
    const { peer, mud } = network;
    await until(network.status.bind(network), ({ muds }) => muds === 1);
    await bench.append(network.tell("bob@Nowhere", "hi"), network.tell("bob@dark isle", "hi"));
    const tell = await peer.next("tell");
    expect(tell[4]).toBe("Dark Isle");
    network.says("error", 5, "Dark Isle", 0, mud, "alice", "unk-user", "No bob here", tell);
    const errors = await until(
      async () => ears.heard.filter(({ kind }) => kind === "i3.error"),
      (found) => found.length === 4,
    );
    expect(errors.map(({ topic }) => topic).sort()).toEqual([
      ...["inbox@acme", "inbox@acme", "user:alice@acme", "user:alice@acme"],
    ]);
    expect(errors.map(({ body }) => body)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          to_user: "alice",
          packet: expect.objectContaining({
            body: expect.objectContaining({ code: "unk-user", message: "No bob here" }),
          }),
        }),
        expect.objectContaining({
          packet: expect.objectContaining({ body: expect.objectContaining({ code: "unk-dst" }) }),
        }),
      ]),
    );
  });
});

describe("from the network", () => {
  const said = (text: string) => ["tell", 5, "Dark Isle", "bob", network.mud, "alice", "Bob", text];

  it("come tells and what is said in carried channels, for their users, in order", async () => {
    await linked();
    const { tenant, mud } = network;
    const from = `bob%40Dark%20Isle@${tenant}`;
    network.says("tell", 5, "Dark Isle", "bob", mud, "eve.dead-souls", "Bob", "hi");
    for (let n = 0; n < 100; n++) network.says(...said(`t${n}`));
    network.says("channel-e", 5, "Dark Isle", "bob", 0, 0, "imud_gossip", "Bob", "$N nods");
    network.says("channel-m", 5, "Dark Isle", "bob", 0, 0, "other", "Bob", "not carried");
    const items = await arriving(102);
    expect(items).toHaveLength(102);
    const tell = items.find(({ to }) => to === "user:eve@dead-souls")!;
    expect(tell).toMatchObject({ topic: "inbox@dead-souls", from, role: "agent", kind: "tell" });
    expect(saidIn(tell)).toEqual({ text: "hi", visname: "Bob" });
    const texts = items.filter(({ topic }) => topic === "user:alice@acme").map(saidIn);
    expect(texts).toEqual(
      Array.from({ length: 100 }, (_, n) => ({ text: `t${n}`, visname: "Bob" })),
    );
    const emote = items.find(({ topic }) => topic === "channel:lobby@muds")!;
    expect(emote).toMatchObject({ from, kind: "channel_emote" });
    expect((await bench.append(...items)).every(({ status }) => status === "committed")).toBe(true);
    // The same again is the same.
    expect((await bench.append(...items)).every(({ status }) => status === "duplicate")).toBe(true);
  });

  it("is understood what peers send otherwise, and refused what nobody can read", async () => {
    await linked();
    const { peer, mud } = network;
    const bytes = (text: Buffer | string, length?: number): Buffer => {
      const body = Buffer.from(text);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(length ?? body.length);
      return Buffer.concat([head, body]);
    };
    const text = (words: string): string => lpcText(said(words));
    const stream = Buffer.concat([
      bytes(`${text("cr for nul")}\r`),
      bytes(text("no nul")),
      bytes(`${text("two")}\r${text("in one")}`),
      mudmodeFrame(text("X").replace('"X"', '"say "hi" there"')),
      mudmodeFrame(Buffer.from(text("caf\u00e9"), "latin1")),
      mudmodeFrame(text("two\nlines")),
      mudmodeFrame("({broken"),
      mudmodeFrame(`({"tell",5,"Dark Isle","bob","${mud}","alice",})`),
      mudmodeFrame(lpcText(["mystery", 5, "Dark Isle", "bob", mud, 0])),
      mudmodeFrame(text("after")),
    ]);
    // In pieces that respect nothing.
    for (let at = 0; at < stream.length; at += 7) peer.sendBytes(mud, stream.subarray(at, at + 7));
    const items = await arriving(8);
    expect(items.map((item) => (saidIn(item) as { text: string }).text)).toEqual([
      ...[
        "cr for nul",
        "no nul",
        "two",
        "in one",
        'say "hi" there',
        "caf\u00e9",
        "two\nlines",
        "after",
      ],
    ]);
    expect((await peer.next("error")).slice(6, 7)).toEqual(["bad-pkt"]);
    expect((await peer.next("error")).slice(6, 7)).toEqual(["unk-type"]);
  });

  it("come again after a length that no packet may have, on another connection", async () => {
    await linked();
    const { peer, mud } = network;
    await peer.next("startup-req-3");
    peer.sendBytes(mud, Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x28]));
    await peer.next("startup-req-3");
    await network.linked();
    network.says(...said("after"));
    expect(await arriving(1)).toHaveLength(1);
  });

  it("come questions, which are answered for the federation’s members", async () => {
    await online(bench, "acme", "alice", "carol");
    await online(bench, "dead-souls", "eve");
    await linked();
    const { peer, mud } = network;
    network.says("who-req", 5, "Dark Isle", "bob", mud, 0);
    expect(await peer.next("who-reply")).toEqual([
      ...["who-reply", 5, mud, 0, "Dark Isle", "bob"],
      expect.arrayContaining([
        ["alice", 0, ""],
        ["carol", 0, ""],
        ["eve.dead-souls", 0, ""],
      ]),
    ]);
    network.says("finger-req", 5, "Dark Isle", "bob", mud, 0, "Alice");
    expect((await peer.next("finger-reply")).slice(4, 7)).toEqual(["Dark Isle", "bob", "alice"]);
    network.says("finger-req", 5, "Dark Isle", "bob", mud, 0, "nobody");
    expect((await peer.next("error"))[6]).toBe("unk-user");
    network.says("locate-req", 5, "Dark Isle", "bob", 0, 0, "nobody");
    network.says("locate-req", 5, "Dark Isle", "bob", 0, 0, "eve.dead-souls");
    expect((await peer.next("locate-reply")).slice(6, 8)).toEqual([mud, "eve.dead-souls"]);
    network.says("chan-who-req", 5, "Dark Isle", "bob", mud, 0, "imud_gossip");
    expect(await peer.next("chan-who-reply")).toMatchObject({ 6: "imud_gossip", 7: [] });
    network.says("auth-mud-req", 5, "Dark Isle", 0, mud, 0);
    expect((await peer.next("auth-mud-reply"))[6]).toBeGreaterThan(0);
    expect(peer.of("locate-reply")).toHaveLength(1);
  });

  it("come questions about users of whom their MUD itself has told", async () => {
    const users = [{ name: "Grog", title: "the Loud", location: "the tavern", level: 7, idle: 5 }];
    const key = bench.keys.presenceSnapshot("dead-souls");
    await bench.redis.client.set(key, JSON.stringify({ users }), "EX", 30);
    await linked();
    const { peer, mud } = network;
    network.says("finger-req", 5, "Dark Isle", "bob", mud, 0, "grog.dead-souls");
    expect((await peer.next("finger-reply")).slice(6)).toEqual([
      ...["Grog", "the Loud", 0, 0, 0, 5, 0, "7", 0],
    ]);
    network.says("locate-req", 5, "Dark Isle", "bob", 0, 0, "grog.dead-souls");
    expect((await peer.next("locate-reply")).slice(6)).toEqual([mud, "Grog", 5, "the tavern"]);
    await bench.redis.client.del(key);
  });

  it("comes what all MUDs are told of a user, to those of the federation", async () => {
    await linked();
    await until(
      async () => {
        network.says("ucache-update", 5, "Dark Isle", 0, 0, 0, "bob", "Bob", 0);
        return ears.heard.filter(({ kind }) => kind === "i3.ucache-update").length;
      },
      (count) => count > 0,
    );
    const [told] = ears.heard.filter(({ kind }) => kind === "i3.ucache-update");
    expect(told).toMatchObject({
      topic: "inbox@dead-souls",
      body: { packet: { body: { user: "bob", visname: "Bob", gender: 0 } } },
    });
    expect(ears.heard.filter(({ topic }) => topic === "inbox@acme")).toEqual([]);
  });

  it("come answers to what members ask", async () => {
    await linked();
    const { peer, mud, tenant } = network;
    const ask = (text: string, id: string): void => {
      const { kind, body } = carryPacket(writePacket(parsed(text)), id);
      ears.say({ topic: `inbox@${tenant}`, from: "@dead-souls", kind, body });
    };
    // Ephemera are heard from some moment on, and nobody is told when.
    await until(
      async () => {
        ask('({"who-req",5,"Dead Souls","eve","Dark Isle",0,})', "w1");
        return peer.of("who-req").length;
      },
      (count) => count > 0,
    );
    expect(await peer.next("who-req")).toEqual([
      ...["who-req", 5, mud, "eve.dead-souls", "Dark Isle", 0],
    ]);
    network.says("who-reply", 5, "Dark Isle", 0, mud, "eve.dead-souls", [["Bob", 7, "L1"]]);
    const [answer] = await until(
      async () => ears.heard.filter(({ kind }) => kind === "i3.who-reply"),
      (found) => found.length > 0,
    );
    expect(answer).toMatchObject({
      topic: "inbox@dead-souls",
      from: `@${tenant}`,
      body: {
        id: "w1",
        to_user: "eve",
        packet: {
          type: "who-reply",
          from: { mud: "Dark Isle" },
          to: { mud: "Dead Souls", user: "eve" },
          body: { users: [{ visname: "Bob", idle: 7, extra: "L1" }] },
        },
      },
    });
    ask('({"locate-req",5,"Dead Souls","eve",0,0,"bob",})', "l1");
    await peer.next("locate-req");
    for (const place of ["Dark Isle", "Other"]) {
      network.says("locate-reply", 5, place, 0, mud, "eve.dead-souls", place, "Bob", 1, "here");
    }
    await until(
      async () => ears.heard.filter(({ kind }) => kind === "i3.locate-reply"),
      (found) => found.length === 2,
    );
  });
});

describe("whoever holds a link", () => {
  it("ends and begins it as an operator says", async () => {
    await linked();
    const { peer, mud, tenant, uplinks } = network;
    await uplinks.setEnabled(tenant, false);
    await until(
      async () => peer.connections.has(mud),
      (is) => !is,
    );
    await until(network.status.bind(network), ({ holder }) => holder === null);
    expect(await network.status()).toMatchObject({ connectedSince: null });
    await uplinks.setEnabled(tenant, true);
    await network.linked();
  });

  it("hands it over when it stops, and tells how it is meanwhile", async () => {
    await linked();
    const metrics = async (of: Worker): Promise<string> =>
      (await fetch(`http://127.0.0.1:${of.port}/metrics`)).text();
    await until(
      () => metrics(worker),
      (text) => new RegExp(`uplink_up\\{tenant="${network.tenant}".*\\} 1`).test(text),
    );
    const other = await bench.worker({ name: "worker-2" });
    await bench.append(network.tell("bob@Dark Isle", "one"));
    await network.peer.next("tell");
    await worker.stop();
    const since = performance.now();
    await until(network.status.bind(network), ({ holder }) => holder === "worker-2");
    await until(network.status.bind(network), ({ connectedSince }) => connectedSince !== null);
    expect(performance.now() - since).toBeLessThan(5000);
    await bench.append(network.tell("bob@Dark Isle", "two"));
    await network.peer.next("tell");
    expect(network.peer.of("tell").map((packet) => packet[7])).toEqual(["one", "two"]);
    expect(await metrics(other)).toMatch(/uplink_packets_total\{tenant="net-.*direction="out"/);
    worker = other;
  });

  it("lets what has waited too long go, and says so", async () => {
    await worker.stop();
    worker = await bench.worker({ name: "worker-3", uplinkPatienceMs: 1000 });
    await linked();
    const { peer } = network;
    await peer.close();
    await until(network.status.bind(network), ({ connectedSince }) => connectedSince === null);
    await bench.append(network.tell("bob@Dark Isle", "too late"), inChannel("too late"));
    const [error] = await until(
      async () => ears.heard.filter(({ topic }) => topic === "user:alice@acme"),
      (found) => found.length > 0,
    );
    expect(error).toMatchObject({
      kind: "i3.error",
      body: { packet: { body: { code: "unk-dst" } } },
    });
    await peer.open();
    await network.linked();
    await bench.append(network.tell("bob@Dark Isle", "in time"));
    expect((await peer.next("tell"))[7]).toBe("in time");
    expect(peer.of("channel-m")).toEqual([]);
  });
});
