import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  eventually,
  lpcText,
  Mud,
  mudmodeFrame,
  publish,
  startTestCluster,
  subscribe,
  type Lpc,
  type MudOptions,
  type TestCluster,
} from "@tellwire/testing";

import { DialectClient } from "./dialect-client.fixture.js";

let cluster: TestCluster;
const muds: Mud[] = [];

beforeAll(async () => {
  cluster = await startTestCluster({
    env: { TELLWIRE_I3_FEDERATION: "i3", TELLWIRE_DRAIN_MS: "2000" },
  });
});
afterAll(async () => {
  for (const mud of muds) mud.drop();
  await cluster.stop();
});

const newMud = (name: string): Mud => {
  const mud = new Mud(name);
  muds.push(mud);
  return mud;
};

/** A MUD that is registered, through the load balancer, which leads it to whichever edge has fewest. */
async function mudOf(name: string, options?: MudOptions): Promise<Mud> {
  const mud = newMud(name);
  await mud.register(cluster.cluster.mudPort, options);
  return mud;
}

/** Two MUDs that know one another. */
async function pair(one: string, other: string, options?: MudOptions): Promise<[Mud, Mud]> {
  const both = await Promise.all([mudOf(one, options), mudOf(other, options)]);
  await eventually(() => {
    expect(both[0].mudlist.has(other)).toBe(true);
    expect(both[1].mudlist.has(one)).toBe(true);
  });
  return both as [Mud, Mud];
}

/** Which edge a MUD is connected to, by its place. */
async function edgeOf(mud: string): Promise<number> {
  const [row] = await cluster.sql<{ process: string }>(
    "select process from intermud_muds where mud = $1",
    [mud],
  );
  return cluster.cluster.edges.findIndex(({ name }) => row?.process.startsWith(`${name}.`));
}

describe("MUDs of the JSON-RPC dialect", () => {
  it("and MUDs of mudmode tell, ask and hear each other", async () => {
    const tenant = await cluster.tenant({ shared_inbox: true });
    await cluster.cluster.tellwire("federation", "grant", "i3", tenant.name, "--name", "Luminari");
    await cluster.cluster.tellwire("federation", "accept", "i3", tenant.name);
    const mud = await mudOf("Old School");
    const client = await DialectClient.open("tcp", cluster, 0);
    await eventually(async () => {
      expect(await client.call("authenticate", { api_key: tenant.key })).toMatchObject({
        mud_name: "Luminari",
      });
    });
    await client.call("presence_sync", { users: [{ name: "Zoltan", level: 7, idle: 4 }] });
    const told = { target_mud: "old school", target_user: "Ann", from_user: "Bob" };
    await eventually(() => client.call("tell", { ...told, message: "hi" }));
    expect(await mud.next("tell")).toEqual([
      ...["tell", 5, "Luminari", "bob", "Old School", "ann", "Bob", "hi"],
    ]);
    mud.tell("Luminari", "ann", "bob", "hello");
    expect(await client.heard("tell_received")).toMatchObject({
      from_mud: "Old School",
      from_user: "ann",
      to_mud: "Luminari",
      to_user: "bob",
      message: "hello",
    });
    mud.send(["who-req", 5, "Old School", "ann", "Luminari", 0]);
    expect((await mud.next("who-reply"))[6]).toEqual([["Zoltan", 4, expect.anything()]]);
    const asked = client.call("who", { target_mud: "Old School" });
    const [, , asker, user] = await mud.next("who-req");
    expect(asker).toBe("Luminari");
    mud.send(["who-reply", 5, "Old School", 0, asker!, user!, [["Ann", 12, "a wizard"]]]);
    expect(await asked).toMatchObject({
      users: [expect.objectContaining({ name: "Ann", idle_time: 12, extra: "a wizard" })],
    });
    client.link.drop();
  });
});

describe("registration", () => {
  it("gives a password and the router's address, and lets a MUD come back by it only", async () => {
    const mud = newMud("Dead Souls Dev");
    await mud.open(cluster.cluster.mudPort);
    mud.startup({ password: -1, mudlistId: -1, chanlistId: -1 });
    const reply = await mud.next("startup-reply");
    expect(reply).toEqual([
      ...["startup-reply", 5, "*tellwire", 0, "Dead Souls Dev", 0],
      [["*tellwire", `127.0.0.1 ${cluster.cluster.mudPort}`]],
      expect.any(Number),
    ]);
    await eventually(() => expect(mud.mudlist.get("Dead Souls Dev")?.[0]).toBe(-1));
    const thief = newMud("Dead Souls Dev");
    await thief.open(cluster.cluster.mudPort);
    thief.startup({ password: 1 });
    expect((await thief.nextError())[0]).toBe("unk-src");
    await eventually(() => expect(thief.closed).toBe(true));
    // The connection that it seems to have is a lost one.
    const again = newMud("Dead Souls Dev");
    await again.register(cluster.cluster.mudPort, { password: mud.password });
    expect(again.password).toBe(mud.password);
    await eventually(() => expect(mud.closed).toBe(true));
    await again.next("mudlist");
  });

  it.each([1, 2] as const)("understands startup-req-%d", async (version) => {
    const mud = await mudOf(`Old ${version}`, { version });
    await eventually(() => expect(mud.mudlist.has(mud.name)).toBe(true));
  });

  it("tells those who are there what is new, and those who were away what they lack", async () => {
    const [early, late] = await pair("Early", "Late");
    const known = late.mudlistId;
    late.drop();
    const third = await mudOf("Third");
    await eventually(() => expect(early.mudlist.has("Third")).toBe(true));
    late.forget();
    await late.register(cluster.cluster.mudPort, { mudlistId: known });
    await eventually(() => expect(late.mudlist.has("Third")).toBe(true));
    expect(Object.keys((late.of("mudlist")[0] as Lpc[])[7] as object)).toEqual(["Third"]);
    third.ask("shutdown", 0);
    await eventually(() => expect(early.mudlist.get("Third")?.[0]).toBe(0));
    await eventually(() => expect(third.closed).toBe(true));
  });

  it("is asked for before anything else, and strangers are heard for a while only", async () => {
    const stranger = newMud("Stranger");
    await stranger.open(cluster.cluster.mudPort);
    stranger.tell("Early", "ann", "bob", "hi");
    expect((await stranger.nextError())[0]).toBe("unk-src");
    for (let i = 0; i < 25; i++) stranger.tell("Early", "ann", "bob", "hi");
    await eventually(() => expect(stranger.closed).toBe(true));
  });
});

describe("tells", () => {
  it("reach the other MUD, whichever edge it is at, and the sender itself", async () => {
    const [one, two] = await pair("Tell One", "Tell Two");
    one.tell("Tell Two", "Ann", "bob", 'She said "hi"\nand \\ left — é');
    expect(await two.next("tell")).toEqual([
      ...["tell", 5, "Tell One", "ann", "Tell Two", "bob", "Ann"],
      'She said "hi"\nand \\ left — é',
    ]);
    two.send(["emoteto", 5, "Tell Two", "bob", "tell one", "Ann", "Bob", "$N smiles."]);
    expect(await one.next("emoteto")).toEqual([
      ...["emoteto", 5, "Tell Two", "bob", "Tell One", "ann", "Bob", "$N smiles."],
    ]);
    one.send(["auth-mud-req", 5, "Tell One", 0, "Tell One", 0]);
    expect(await one.next("auth-mud-req")).toMatchObject({ 2: "Tell One", 4: "Tell One" });
    const rows = await cluster.sql<{ topic: string }>(
      "select topic from topics where topic like 'inbox@tell-%' order by topic",
    );
    expect(rows.map(({ topic }) => topic)).toEqual(["inbox@tell-one", "inbox@tell-two"]);
  });

  it("keep their order, and a crowd of them is not refused", async () => {
    const [one, two] = await pair("Order One", "Order Two");
    const texts = Array.from({ length: 600 }, (_, i) => `tell ${i}`);
    for (const text of texts) one.tell("Order Two", "ann", "bob", text);
    await eventually(() => expect(two.of("tell")).toHaveLength(texts.length));
    expect(two.of("tell").map((packet) => packet[7])).toEqual(texts);
    expect(one.of("error")).toEqual([]);
  });

  it("reach users of other tenants of the federation, and theirs reach MUDs", async () => {
    const tenant = await cluster.tenant();
    await cluster.cluster.tellwire("federation", "grant", "i3", tenant.name, "--name", "Acme Chat");
    await cluster.cluster.tellwire("federation", "accept", "i3", tenant.name);
    const alice = await cluster.connect("ws", cluster.edge(0), {
      api_key: tenant.key,
      user: "alice",
    });
    const mud = await mudOf("Mixed");
    await eventually(() => expect(mud.mudlist.has("Acme Chat")).toBe(true));
    mud.tell("Acme Chat", "Gandalf", "alice", "hello");
    await eventually(() =>
      expect(alice.events.messages(`user:alice@${tenant.name}`).at(-1)).toMatchObject({
        from: "gandalf@mixed",
        kind: "tell",
        body: { text: "hello", visname: "Gandalf" },
      }),
    );
    await publish(alice, "user:gandalf@mixed", { text: "and you" });
    expect(await mud.next("tell")).toEqual([
      ...["tell", 5, "Acme Chat", "alice", "Mixed", "gandalf", "alice", "and you"],
    ]);
    mud.send(["who-req", 5, "Mixed", "gandalf", "Acme Chat", 0]);
    expect((await mud.next("who-reply"))[6]).toEqual([["alice", 0, ""]]);
    mud.send(["locate-req", 5, "Mixed", "gandalf", 0, 0, "alice"]);
    expect((await mud.next("locate-reply")).slice(2, 8)).toEqual([
      ...["Acme Chat", 0, "Mixed", "gandalf", "Acme Chat", "alice"],
    ]);
    mud.send(["finger-req", 5, "Mixed", "gandalf", "Acme Chat", 0, "nobody"]);
    expect((await mud.nextError())[0]).toBe("unk-user");
  });
});

describe("channels", () => {
  /** A channel with its host and two who listen. */
  async function channel(name: string, type: number): Promise<[Mud, Mud, Mud]> {
    const host = await mudOf(`${name} Host`);
    const [one, two] = await pair(`${name} One`, `${name} Two`);
    host.ask("channel-add", name, type);
    for (const mud of [host, one, two]) {
      await eventually(() => expect(mud.chanlist.get(name)).toEqual([host.name, type]));
    }
    return [host, one, two];
  }
  const tuneIn = async (name: string, ...all: Mud[]): Promise<void> => {
    for (const mud of all) mud.ask("channel-listen", name, 1);
    await eventually(async () => {
      const [row] = await cluster.sql<{ listeners: string[] }>(
        "select listeners from intermud_channels where channel = $1",
        [name],
      );
      expect(row?.listeners).toEqual(expect.arrayContaining(all.map((mud) => mud.name)));
    });
    // Heard by all means heard by each from here on.
    const [first] = all as [Mud];
    await eventually(() => {
      first.say(name, "Probe", "are you there?");
      for (const mud of all) expect(mud.of("channel-m").length).toBeGreaterThan(0);
    });
  };
  const said = (mud: Mud): Lpc[] =>
    mud.of("channel-m").flatMap((packet) => (packet[7] === "Probe" ? [] : [packet[8]!]));

  it("carry messages, emotes and targeted emotes to who listens, also the sender", async () => {
    const [host, one, two] = await channel("gossip", 0);
    await tuneIn("gossip", one, two);
    one.say("gossip", "Ann", "hello, all");
    one.send(["channel-e", 5, one.name, "ann", 0, 0, "gossip", "Ann", "$N waves."]);
    one.send([
      ...["channel-t", 5, one.name, "ann", 0, 0, "gossip", two.name, "bob"],
      ...["$N pokes $O.", "$N pokes you.", "Ann", "Bob"],
    ]);
    for (const mud of [one, two]) {
      expect(await mud.next("channel-e")).toEqual([
        ...["channel-e", 5, one.name, "ann", 0, 0, "gossip", "Ann", "$N waves."],
      ]);
      expect(await mud.next("channel-t")).toEqual([
        ...["channel-t", 5, one.name, "ann", 0, 0, "gossip", two.name, "bob"],
        ...["$N pokes $O.", "$N pokes you.", "Ann", "Bob"],
      ]);
      expect(said(mud)).toEqual(["hello, all"]);
    }
    two.ask("channel-listen", "gossip", 0);
    one.ask("channel-remove", "gossip");
    expect((await one.nextError())[0]).toBe("not-allowed");
    expect(host.of("channel-m")).toEqual([]);
    host.ask("channel-remove", "gossip");
    await eventually(() => expect(one.chanlist.has("gossip")).toBe(false));
    one.say("gossip", "Ann", "anybody?");
    expect((await one.nextError())[0]).toBe("unk-channel");
  });

  it("ban and admit MUDs", async () => {
    const [host, one, two] = await channel("banning", 0);
    await tuneIn("banning", one, two);
    host.ask("channel-admin", "banning", [two.name], []);
    await eventually(() => {
      two.say("banning", "Bob", "let me in");
      expect(two.of("error").length).toBeGreaterThan(0);
    });
    expect((await two.nextError())[0]).toBe("not-allowed");
    one.say("banning", "Ann", "he is gone");
    await eventually(() => expect(said(one)).toContain("he is gone"));
    expect(said(two)).not.toContain("he is gone");
    host.ask("channel-add", "admitting", 1);
    await eventually(() => expect(one.chanlist.has("admitting")).toBe(true));
    one.ask("channel-listen", "admitting", 1);
    expect((await one.nextError())[0]).toBe("not-allowed");
    host.ask("channel-admin", "admitting", [one.name], []);
    await eventually(async () => {
      const [row] = await cluster.sql<{ muds: string[] }>(
        "select muds from intermud_channels where channel = 'admitting'",
      );
      expect(row?.muds).toEqual([one.name]);
    });
    await tuneIn("admitting", one);
  });

  it("pass through their host where they are filtered", async () => {
    const [host, one, two] = await channel("filtered", 2);
    host.ask("channel-admin", "filtered", [one.name, two.name], []);
    const stored = async (row: object): Promise<void> => {
      const [found] = await cluster.sql(
        "select muds, listeners from intermud_channels where channel = 'filtered'",
      );
      expect(found).toMatchObject(row);
    };
    await eventually(() => stored({ muds: [one.name, two.name] }));
    two.ask("channel-listen", "filtered", 1);
    await eventually(() => stored({ listeners: [two.name] }));
    one.say("filtered", "Ann", "dash it");
    const request = await host.next("chan-filter-req");
    const inner = request[7] as Lpc[];
    expect(request.slice(0, 7)).toEqual([
      ...["chan-filter-req", 5, "*tellwire", 0, host.name, 0, "filtered"],
    ]);
    expect(inner.slice(2)).toEqual([one.name, "ann", 0, 0, "filtered", "Ann", "dash it"]);
    await eventually(() => {
      host.ask("chan-filter-reply", "filtered", inner.with(8, "d**h it"));
      expect(said(two)[0]).toBe("d**h it");
    });
    expect((await two.next("channel-m")).slice(2, 4)).toEqual([one.name, "ann"]);
  });

  it("are one topic for every member of the federation", async () => {
    const tenant = await cluster.tenant();
    await cluster.cluster.tellwire("federation", "grant", "i3", tenant.name, "--name", "Chatters");
    await cluster.cluster.tellwire("federation", "accept", "i3", tenant.name);
    const carol = await cluster.connect("ws", cluster.edge(1), {
      api_key: tenant.key,
      user: "carol",
    });
    await subscribe(carol, "channel:salon@i3");
    await publish(carol, "channel:salon@i3", "first words");
    const mud = await mudOf("Visitor");
    await eventually(() => expect(mud.chanlist.get("salon")).toEqual(["*tellwire", 0]));
    mud.ask("channel-listen", "salon", 1);
    mud.say("salon", "Gimli", "well met");
    await eventually(() =>
      expect(carol.events.messages("channel:salon@i3").at(-1)).toMatchObject({
        from: "gimli@visitor",
        kind: "channel_message",
        body: { text: "well met", visname: "Gimli" },
      }),
    );
    await publish(carol, "channel:salon@i3", { text: "and you" });
    await eventually(() => expect(said(mud)).toEqual(["well met", "and you"]));
    expect(mud.of("channel-m").at(-1)?.slice(2, 4)).toEqual(["Chatters", "carol"]);
  });
});

describe("requests", () => {
  it("are passed to the MUD that is asked, and its answers to who asked, between edges", async () => {
    const [one, two] = await pair("Asker", "Asked");
    one.send(["who-req", 5, "Asker", "ann", "Asked", 0]);
    expect(await two.next("who-req")).toEqual(["who-req", 4, "Asker", "ann", "Asked", 0]);
    two.send(["who-reply", 5, "Asked", 0, "Asker", "ann", [["%^RED%^Bob", 5, "wizard"]]]);
    expect((await one.next("who-reply"))[6]).toEqual([["%^RED%^Bob", 5, "wizard"]]);
    one.send(["finger-req", 5, "Asker", "ann", "Asked", 0, "bob"]);
    expect((await two.next("finger-req"))[6]).toBe("bob");
    const told = ["Bob", "the Bold", 0, 0, "now", -1, 0, "5", 0];
    two.send(["finger-reply", 5, "Asked", 0, "Asker", "ann", ...told]);
    expect((await one.next("finger-reply")).slice(6)).toEqual(told);
    one.send(["locate-req", 5, "Asker", "ann", 0, 0, "bob"]);
    // Also back to the sender.
    for (const mud of [one, two]) expect((await mud.next("locate-req"))[6]).toBe("bob");
    two.send(["locate-reply", 5, "Asked", 0, "Asker", "ann", "Asked", "Bob", 7, "here"]);
    expect((await one.next("locate-reply")).slice(6)).toEqual(["Asked", "Bob", 7, "here"]);
    two.send(["mail", 5, "Asked", "bob", "Asker", "ann", 7, { a: ["x", { b: 1 }] }]);
    expect((await one.next("mail")).slice(6)).toEqual([7, { a: ["x", { b: 1 }] }]);
  });

  it("that cannot be are answered with the error of the protocol, and the packet", async () => {
    const mud = await mudOf("Mistaken");
    const tell = ["tell", 5, "Mistaken", "ann", "Nowhere", "bob", "Ann", "hi"];
    mud.send(tell);
    expect(await mud.nextError()).toEqual(["unk-dst", "Nowhere is unknown", tell]);
    const cases: [packet: Lpc[], code: string][] = [
      [["who-req", 5, "Mistaken", "ann", "*tellwire", 0], "not-imp"],
      [["no-such-type", 5, "Mistaken", "ann", "*tellwire", 0], "unk-type"],
      [["mudlist", 5, "Mistaken", 0, "Mistaken", 0, 1, {}], "not-allowed"],
      [["tell", 5, "Somebody Else", "ann", "Mistaken", "bob", "Ann", "hi"], "unk-src"],
      [["tell", 5, "Mistaken", "ann", "Mistaken", "bob"], "bad-pkt"],
      [["channel-m", 5, "Mistaken", "ann", 0, 0, "no-such-channel", "Ann", "hi"], "unk-channel"],
    ];
    for (const [packet, code] of cases) {
      mud.send(packet);
      const error = await mud.nextError();
      expect([error[0], error[2]]).toEqual([code, packet]);
    }
  });
});

describe("what peers send otherwise", () => {
  it("is understood", async () => {
    const [one, two] = await pair("Odd", "Even");
    const tell = lpcText(["tell", 5, "Odd", "ann", "Even", "bob", "Ann", "1"]);
    const frame = mudmodeFrame(tell);
    // In any chunking.
    for (const byte of frame) one.sendBytes(Buffer.of(byte));
    // Without NUL, with CR instead, two in a frame.
    const bare = (text: string): void => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(Buffer.byteLength(text));
      one.sendBytes(Buffer.concat([head, Buffer.from(text)]));
    };
    bare(tell.replace('"1"', '"2"'));
    bare(`${tell.replace('"1"', '"3"')}\r`);
    bare(`${tell.replace('"1"', '"4"')}\r${tell.replace('"1"', '"5"')}`);
    // Strings as they are, blanks, Latin-1, a line end as LF.
    one.sendText('({"tell",5,"Odd","ann","Even","bob","Ann","say "6" to \\ me",})');
    one.sendText('({"tell", 5,"Odd", "ann","Even","bob","Ann","7",})');
    one.sendText(Buffer.from('({"tell",5,"Odd","ann","Even","bob","Ann","8 \xe9",})', "latin1"));
    one.sendText('({"tell",5,"Odd","ann","Even","bob","Ann","9\nnine",})');
    const texts = ["1", "2", "3", "4", "5", 'say "6" to \\ me', "7", "8 é", "9\nnine"];
    await eventually(() => expect(two.of("tell").map((packet) => packet[7])).toEqual(texts));
    one.ask("chanlist-req");
    await one.next("chanlist-reply");
    one.send(["channel-listen", 5, "Odd", 0, "*tellwire", 0, "no-such", "1"]);
    expect((await one.nextError())[0]).toBe("unk-channel");
    expect(one.of("error").length).toBe(1);
  });

  it("and is no packet is bad-pkt, and ends nobody's link but that of who says nothing else", async () => {
    const [one, two] = await pair("Noise", "Silence");
    for (const text of ["({1 2})", "nonsense", '({"tell",5,"Noise",', "({".repeat(500)]) {
      one.sendText(text);
      expect((await one.nextError())[0]).toBe("bad-pkt");
    }
    one.tell("Silence", "ann", "bob", "still here");
    expect((await two.next("tell"))[7]).toBe("still here");
    // Not a frame: where the next would begin is unknown.
    const http = connect(cluster.cluster.mudPort, "127.0.0.1");
    http.write("GET / HTTP/1.1\r\n\r\n");
    expect((await http.toArray()).length).toBeGreaterThan(0);
    one.sendBytes(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await eventually(() => expect(one.closed).toBe(true));
    expect(two.closed).toBe(false);
  });
});

it("stands whatever MUDs and strangers send", async () => {
  const [one, two] = await pair("Fuzz", "Calm");
  const pids = cluster.cluster.edges.map(({ pid }) => pid);
  const wild: (Lpc | string)[] = [0, "", "Fuzz", "Calm", "*tellwire", "lobby", -1, [], {}, [[[]]]];
  const pick = (): Lpc => wild[Math.floor(Math.random() * wild.length)] as Lpc;
  const types = [
    ...["tell", "emoteto", "beep", "who-req", "who-reply", "finger-reply", "locate-req", "error"],
    ...["channel-m", "channel-t", "channel-add", "channel-listen", "channel-admin", "chanlist-req"],
    ...["chan-filter-reply", "ucache-update", "auth-mud-req", "oob-begin", "irn-data", "mudlist"],
  ];
  for (let i = 0; i < 400; i++) {
    const type = types[i % types.length]!;
    one.send([type, 5, "Fuzz", pick(), pick(), pick(), ...Array.from({ length: i % 9 }, pick)]);
    if (i % 4 === 0) one.sendText(Buffer.from(Array.from({ length: i % 50 }, () => i % 256)));
  }
  // More values in a frame than a call may have arguments.
  const stranger = newMud("Flood");
  await stranger.open(cluster.cluster.mudPort);
  stranger.sendText("0 ".repeat(30_000));
  await eventually(() => expect(stranger.closed).toBe(true));
  one.sendText("0 ".repeat(900_000));
  two.tell("Calm", "ann", "bob", "all is well");
  await eventually(() => expect(two.of("tell").at(-1)?.[7]).toBe("all is well"));
  expect(cluster.cluster.edges.map(({ pid }) => pid)).toEqual(pids);
});

describe("an edge that ends", () => {
  it("by kill -9: its MUDs come back to the other, and miss nothing that was accepted", async () => {
    const [one, two] = await pair("Sender", "Receiver");
    const listener = await mudOf("Killed Host");
    listener.ask("channel-add", "wake", 0);
    await eventually(() => expect(two.chanlist.has("wake")).toBe(true));
    two.ask("channel-listen", "wake", 1);
    one.tell("Receiver", "ann", "bob", "before");
    await two.next("tell");
    const victim = await edgeOf("Receiver");
    const edge = cluster.cluster.edges[victim]!;
    const back = async (mud: Mud): Promise<void> => {
      mud.drop();
      await eventually(() => mud.register(cluster.cluster.mudPort), 15_000);
    };
    const fresh = newMud("Witness");
    process.kill(edge.pid!, "SIGKILL");
    await eventually(() => expect(two.closed).toBe(true));
    if (one.closed) await back(one);
    // Whoever is thought to be there is told: what is accepted waits for it.
    const texts = Array.from({ length: 20 }, (_, i) => `while you were away ${i}`);
    for (const text of texts) one.tell("Receiver", "ann", "bob", text);
    await eventually(async () => {
      const [row] = await cluster.sql<{ head: number }>(
        "select head from topics where topic = 'inbox@receiver'",
      );
      expect(row?.head).toBe(1 + texts.length);
    });
    await back(two);
    await eventually(() => {
      const got = two.of("tell").map((packet) => packet[7]);
      expect(got.filter((text) => text !== "before")).toEqual(texts);
    });
    expect(one.of("error")).toEqual([]);
    await fresh.register(cluster.cluster.mudPort);
    await eventually(() => expect(fresh.mudlist.get("Receiver")?.[0]).toBe(-1));
  });

  it("in good order: its MUDs are told to come back at once, and get nothing twice", async () => {
    const edges = cluster.cluster.edges;
    for (const edge of edges) if (edge.pid === undefined) await edge.start();
    const [one, two] = await pair("Mover", "Stayer");
    one.tell("Stayer", "ann", "bob", "once");
    await two.next("tell");
    const leaving = edges[await edgeOf("Stayer")]!;
    await Promise.all([
      leaving.stop(),
      two.next("shutdown").then(async (packet) => {
        expect(packet).toEqual(["shutdown", 5, "*tellwire", 0, "Stayer", 0, 1]);
        await eventually(() => expect(two.closed).toBe(true));
        await eventually(() => two.register(cluster.cluster.mudPort), 15_000);
      }),
    ]);
    if (one.closed) await eventually(() => one.register(cluster.cluster.mudPort), 15_000);
    one.tell("Stayer", "ann", "bob", "twice?");
    await eventually(() =>
      expect(two.of("tell").map((packet) => packet[7])).toEqual(["once", "twice?"]),
    );
  });
});

it("forgets a MUD's password for its administrator", async () => {
  const mud = await mudOf("Forgetful");
  mud.drop();
  await cluster.cluster.tellwire("mud", "forget-password", "i3", "Forgetful");
  const anew = newMud("Forgetful");
  await anew.register(cluster.cluster.mudPort, { password: 0 });
  expect(anew.password).toBeGreaterThan(0);
  expect(anew.password).not.toBe(mud.password);
  const list = await cluster.cluster.tellwire("mud", "list", "i3", "--json");
  expect(list).toContain('"mud":"Forgetful","tenant":"forgetful","by":"mudmode"');
});
