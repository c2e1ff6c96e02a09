import { beforeEach, describe, expect, it } from "vitest";
import { readPacket, type PacketOf } from "../packets/packet.codec.js";
import type { LpcValue } from "../mudmode/lpc-value.js";
import { irnLists } from "./irn-lists.js";
import { decideAbsences } from "./absences.js";
import {
  decideFromRouter,
  decideIrnStartup,
  decideRouterGone,
  irnPing,
  irnStartup,
} from "./irn.js";
import { delivered, errorOf, parse, RouterInTest } from "./router.fixture.js";
import type { Outcome } from "./router-view.js";

const DAY = 24 * 60 * 60;

/** Two routers that are connected; each tells the other its lists. */
let here: RouterInTest;
let there: RouterInTest;

function take(router: RouterInTest, from: RouterInTest, packet: LpcValue): Outcome {
  const outcome = decideFromRouter(router.view, from.name, packet, router.now);
  router.apply(outcome.changes);
  return outcome;
}

function exchange(): void {
  const none = { mudlistId: 0, chanlistId: 0 };
  for (const packet of irnLists(here.view, there.name, none)) take(there, here, packet);
  for (const packet of irnLists(there.view, here.name, none)) take(here, there, packet);
}

beforeEach(() => {
  here = new RouterInTest("*here");
  there = new RouterInTest("*there");
  here.view = { ...here.view, routers: new Set(["*there"]) };
  there.view = { ...there.view, routers: new Set(["*here"]) };
  here.register("A");
  there.register("B");
  here.tell("A", '({"channel-add",5,"A",0,"*here",0,"lobby",0,})');
  exchange();
});

/** Hands on what one router relays to the other. */
const onward = ({ relays }: Outcome): Outcome[] =>
  relays.map(({ packet }) => take(there, here, packet));

describe("a connection between routers", () => {
  const own = { name: "*here", password: 1 };
  const peer = { name: "*there", password: 2 };
  const startup = (from: typeof own, to: typeof own): PacketOf<"irn-startup-req"> =>
    readPacket(irnStartup(from, to)) as PacketOf<"irn-startup-req">;

  it("begins with both passwords", () => {
    expect(decideIrnStartup(peer, [own], startup(own, peer))).toBe(own);
    for (const request of [
      startup({ ...own, password: 9 }, peer),
      startup(own, { ...peer, password: 9 }),
      startup({ ...own, name: "*else" }, peer),
      startup(own, { ...peer, name: "*else" }),
    ]) {
      expect(() => decideIrnStartup(peer, [own], request)).toThrow("Unknown router");
    }
  });
});

describe("lists", () => {
  it("show MUDs and channels of both to the MUDs of each", () => {
    expect(there.view.muds.get("A")).toMatchObject({ router: "*here", state: -1, connected: true });
    expect(here.view.muds.get("B")).toMatchObject({ router: "*there", state: -1 });
    expect(there.view.channels.get("lobby")).toMatchObject({ host: "A", type: 0 });
  });

  it("change nothing when they are repeated", () => {
    const { mudlistId, chanlistId } = there.view;
    exchange();
    expect(there.view).toMatchObject({ mudlistId, chanlistId });
  });

  it("tell what is gone, on request", () => {
    const since = here.view.mudlistId;
    here.tell("A", '({"shutdown",5,"A",0,"*here",0,700000,})');
    const request = parse(`({"irn-mudlist-req",5,"*there",0,"*here",0,${since},})`);
    const [delta] = take(here, there, request).answers;
    expect(delta?.[7]).toEqual(new Map([["A", 0]]));
    take(there, here, delta as LpcValue[]);
    expect(there.view.muds.get("A")?.removed).toBe(true);
  });

  it("of a peer speak for its own MUDs and channels only", () => {
    const delta =
      '({"irn-mudlist-delta",5,"*there",0,"*here",0,9,(["A":0,"B":0,' +
      '"X":(["ip":"1.2.3.4","router":"*else",]),"Y":(["ip":"1.2.3.4",]),]),})';
    take(here, there, parse(delta));
    expect(here.view.muds.get("A")?.removed).toBe(false);
    expect(here.view.muds.get("B")?.removed).toBe(true);
    expect(here.view.muds.has("X")).toBe(false);
    expect(here.view.muds.get("Y")).toMatchObject({ router: "*there", connected: true });
    const channels =
      '({"irn-chanlist-delta",5,"*there",0,"*here",0,9,(["channels":(["lobby":({2,"Y",({}),}),' +
      '"other":({0,"A",({}),}),"mine":({1,"Y",({"A",}),}),]),"listening":([]),]),})';
    take(here, there, parse(channels));
    expect(here.view.channels.get("lobby")).toMatchObject({ host: "A", type: 0 });
    expect(here.view.channels.has("other")).toBe(false);
    expect(here.view.channels.get("mine")).toMatchObject({ host: "Y", type: 1, muds: ["A"] });
  });

  it("of a peer never take the name of a MUD of ours, until that is removed", () => {
    const claim = parse(
      '({"irn-mudlist-delta",5,"*there",0,"*here",0,9,(["A":(["ip":"1.2.3.4",]),"a":(["ip":"1.2.3.4",]),]),})',
    );
    const at = (): unknown => here.view.muds.get("A")?.router;
    here.drop("A");
    here.now += 6 * DAY;
    here.apply(decideAbsences(here.view, here.now));
    take(here, there, claim);
    expect([at(), here.view.muds.has("a")]).toEqual(["*here", false]);
    here.now += DAY;
    here.apply(decideAbsences(here.view, here.now));
    take(here, there, claim);
    expect(at()).toBe("*there");
  });

  it("of a peer take a name of another peer's only once it was left for five minutes", () => {
    const claim = (router: string, mud: string): void => {
      const delta = `({"irn-mudlist-delta",5,"${router}",0,"*here",0,9,(["Z":([${mud}]),]),})`;
      here.apply(decideFromRouter(here.view, router, parse(delta), here.now).changes);
    };
    const at = (): unknown => here.view.muds.get("Z")?.router;
    claim("*there", '"restart_delay":-1,');
    claim("*else", '"restart_delay":-1,');
    claim("*there", `"disconnect_time":${here.now},`);
    here.now += 299;
    claim("*else", '"restart_delay":-1,');
    expect(at()).toBe("*there");
    here.now += 1;
    claim("*else", '"restart_delay":-1,');
    expect(at()).toBe("*else");
  });

  it("tell a MUD as up while it may still come back in time", () => {
    here.drop("A");
    exchange();
    expect(there.view.muds.get("A")).toMatchObject({ state: -1, connected: true });
    here.register("A", { password: 4711 });
    exchange();
    expect(there.view.muds.get("A")).toMatchObject({ state: -1, connected: true });
    here.tell("A", '({"shutdown",5,"A",0,"*here",0,600,})');
    exchange();
    expect(there.view.muds.get("A")).toMatchObject({ state: 600, connected: false });
    there.now += 600;
    there.apply(decideAbsences(there.view, there.now));
    expect(there.view.muds.get("A")?.state).toBe(600);
  });

  it("do not bring back a MUD that was removed, nor down one that its router says is up", () => {
    here.drop("A");
    here.now += 400;
    here.apply(decideAbsences(here.view, here.now));
    exchange();
    const state = (): unknown => {
      const mud = there.view.muds.get("A");
      return mud?.removed ? "removed" : mud?.state;
    };
    expect(state()).toBe(0);
    there.now += 7 * DAY;
    const [delta] = irnLists(here.view, "*there", { mudlistId: 0, chanlistId: 0 });
    for (let i = 0; i < 3; i++) {
      there.apply(decideAbsences(there.view, there.now));
      take(there, here, delta as LpcValue);
      expect(state()).toBe("removed");
    }
  });

  it("leave out what no MUD here could tell of itself", () => {
    const long = "x".repeat(9_000);
    const delta =
      '({"irn-mudlist-delta",5,"*there",0,"*here",0,9,(["*X":([]),"Y":(["mudlib":"' +
      `${long}",]),"${long}":([]),"Z":([]),]),})`;
    take(here, there, parse(delta));
    expect([...here.view.muds.keys()]).toEqual(["A", "B", "Z"]);
    const many = Array.from({ length: 1_001 }, (_, i) => `"M${i}",`).join("");
    const channels =
      `({"irn-chanlist-delta",5,"*there",0,"*here",0,9,(["channels":(["${long}":({0,"Z",({}),}),` +
      `"many":({0,"Z",({${many}}),}),"fine":({0,"Z",({}),}),]),]),})`;
    take(here, there, parse(channels));
    expect([...here.view.channels.keys()]).toEqual(["lobby", "fine"]);
  });

  it("come in parts", () => {
    for (let i = 0; i < 250; i++) here.register(`M${i}`);
    const whole = { mudlistId: 0, chanlistId: 0 };
    const packets = irnLists(here.view, "*there", whole);
    expect(packets.map(([type]) => type)).toEqual([
      ...Array.from({ length: 3 }, () => "irn-mudlist-delta"),
      "irn-chanlist-delta",
    ]);
    for (const packet of packets) take(there, here, packet);
    expect(there.view.muds.size).toBe(252);
  });

  it("are read as other routers write them", () => {
    const coffeeMud =
      '({"irn-mudlist-delta",5,"*there",0,"*here",0,9,(["Z":[("player_port":4000,' +
      '"disconnect_time":1700000000,"ip":"1.2.3.4","restart_delay":-1,"router":"*there",]),]),})';
    take(here, there, parse(coffeeMud));
    expect(here.view.muds.get("Z")).toMatchObject({ state: -1, address: "1.2.3.4" });
  });
});

describe("packets", () => {
  it("reach a MUD of the other router", () => {
    const outcome = here.tell("A", '({"tell",5,"A","ann","B","bob","Ann","hi",})');
    expect(outcome.deliveries).toEqual([]);
    expect(onward(outcome).flatMap(delivered)).toEqual([
      'B: ({"tell",3,"A","ann","B","bob","Ann","hi",})',
    ]);
  });

  it("of a channel reach the listeners of the other router once", () => {
    there.tell("B", '({"channel-listen",5,"B",0,"*there",0,"lobby",1,})');
    here.tell("A", '({"channel-listen",5,"A",0,"*here",0,"lobby",1,})');
    const outcome = here.tell("A", '({"channel-m",5,"A","ann",0,0,"lobby","Ann","hi",})');
    expect(delivered(outcome)).toHaveLength(1);
    const arrived = onward(outcome);
    expect(arrived.flatMap(delivered)).toHaveLength(1);
    expect(arrived.flatMap(({ relays }) => relays)).toEqual([]);
  });

  it("of a broadcast reach all, and are not passed back", () => {
    const arrived = onward(here.tell("A", '({"locate-req",5,"A","ann",0,0,"bob",})'));
    expect(arrived.flatMap(delivered)).toHaveLength(1);
    expect(arrived.flatMap(({ relays }) => relays)).toEqual([]);
  });

  it("that cannot be delivered there come back as an error", () => {
    there.view = {
      ...there.view,
      muds: new Map([...there.view.muds].filter(([name]) => name !== "B")),
    };
    const [arrived] = onward(here.tell("A", '({"tell",5,"A","ann","B","bob","Ann","hi",})'));
    const back = take(here, there, arrived?.answers[0] as LpcValue[]);
    expect(delivered(back)[0]).toContain('A: ({"error",4,"*there",0,"A","ann","unk-dst"');
  });

  it("speak only for MUDs of the router they come from", () => {
    const forged =
      '({"irn-data",5,"*there",0,"*here",0,({"tell",5,"A","ann","A","bob","Ann","hi",}),})';
    expect(take(here, there, parse(forged))).toMatchObject({ deliveries: [], answers: [] });
    const another = '({"irn-shutdown",5,"*else",0,"*here",0,0,})';
    expect(take(here, there, parse(another)).close).toBe(false);
  });

  it.each([
    "7",
    "({})",
    '({"irn-data",5,"*there",0,"*here",0,7,})',
    '({"irn-new",5,"*there",0,0,0,})',
  ])("that nobody understands are ignored: %s", (text) => {
    expect(take(here, there, parse(text))).toMatchObject({ changes: [], answers: [] });
  });
});

describe("a channel of another router", () => {
  const admin = (channel: string, added: string, removed = ""): Outcome =>
    here.tell(
      "A",
      `({"channel-admin",5,"A",0,"*here",0,"${channel}",({${added}}),({${removed}}),})`,
    );
  const listen = (router: RouterInTest, mud: string, channel: string): void => {
    const { name } = router;
    router.tell(mud, `({"channel-listen",5,"${mud}",0,"${name}",0,"${channel}",1,})`);
  };
  const say = (mud: string, channel: string, ttl = 5): string =>
    `({"channel-m",${ttl},"${mud}","ann",0,0,"${channel}","Ann","hi",})`;
  const data = (packet: string): LpcValue[] =>
    parse(`({"irn-data",5,"*there",0,"*here",0,${packet},})`);

  it("keeps out whom its host banned, also if the other router does not", () => {
    listen(there, "B", "lobby");
    const since = { mudlistId: here.view.mudlistId, chanlistId: here.view.chanlistId };
    admin("lobby", '"B",');
    const [delta] = irnLists(here.view, "*there", since);
    take(there, here, delta as LpcValue);
    expect(there.view.channels.get("lobby")).toMatchObject({ muds: ["B"] });
    expect(there.view.listeners.get("lobby")).toEqual(new Set());
    expect(errorOf(there.tell("B", say("B", "lobby")))?.[0]).toBe("not-allowed");
    listen(here, "A", "lobby");
    const arrived = take(here, there, data(say("B", "lobby")));
    expect(arrived.deliveries).toEqual([]);
    expect(arrived.answers).toMatchObject([{ 6: { 6: "not-allowed" } }]);
  });

  it("has no listeners any more when it is gone there", () => {
    listen(there, "B", "lobby");
    here.tell("A", '({"channel-remove",5,"A",0,"*here",0,"lobby",})');
    for (const packet of irnLists(here.view, "*there", { mudlistId: 0, chanlistId: 1 })) {
      take(there, here, packet);
    }
    expect(there.view.channels.get("lobby")).toMatchObject({ removed: true });
    expect(there.view.listeners.get("lobby")).toEqual(new Set());
  });

  describe("that is filtered", () => {
    beforeEach(() => {
      here.tell("A", '({"channel-add",5,"A",0,"*here",0,"clean",2,})');
      admin("clean", '"B","C",');
      here.register("C");
      exchange();
      for (const mud of ["A", "C"]) listen(here, mud, "clean");
      listen(there, "B", "clean");
    });
    const request = (inner: string, from = "*there"): string =>
      `({"chan-filter-req",5,"${from}",0,"A",0,"clean",${inner},})`;

    it("asks the host there, and hears what comes of it everywhere", () => {
      const said = there.tell("B", say("B", "clean"));
      expect(said.deliveries).toEqual([]);
      const [asked] = said.relays.map(({ packet }) => take(here, there, packet));
      expect(asked && delivered(asked)).toEqual([
        `A: ${request(say("B", "clean", 4)).replace(',5,"*there"', ',4,"*there"')}`,
      ]);
      const filtered = say("B", "clean", 4).replace("hi", "h*");
      const reply = here.tell(
        "A",
        `({"chan-filter-reply",5,"A",0,"*there",0,"clean",${filtered},})`,
      );
      const heard = filtered.replace('channel-m",4', 'channel-m",3');
      expect(delivered(reply)).toEqual([`A: ${heard}`, `C: ${heard}`]);
      expect(onward(reply).flatMap(delivered)).toEqual([
        `B: ${heard.replace('channel-m",3', 'channel-m",2')}`,
      ]);
    });

    it("passes the host also if the other router passes no messages through it", () => {
      const arrived = take(here, there, data(say("B", "clean")));
      expect(delivered(arrived)[0]).toContain('A: ({"chan-filter-req",5,"*here",0,"A",0,"clean"');
    });

    it.each([
      ["of a MUD that is not there", request(say("C", "clean"))],
      ["of no message", request('({"tell",5,"B","ann","A","bob","Ann","hi",})')],
      ["of another channel", request(say("B", "lobby"))],
      ["in a MUD's name", request(say("B", "clean"), "B")],
    ])("takes no request %s", (_, packet) => {
      expect(take(here, there, data(packet)).deliveries).toEqual([]);
    });
  });
});

describe("what a foreign MUD says", () => {
  it.each([
    ["a list", '({"mudlist",5,"B",0,"A",0,1,([]),})'],
    ["a request for its own router", '({"channel-listen",5,"B",0,"A",0,"lobby",1,})'],
    ["a registration", '({"startup-req-3",5,"B",0,"A",0,0,0,0,})'],
    ["malformed", '({"tell",5,"B","ann","A","bob",})'],
  ])("is not passed on if it is %s", (_, packet) => {
    const data = parse(`({"irn-data",5,"*there",0,"*here",0,${packet},})`);
    expect(take(here, there, data)).toMatchObject({ deliveries: [], changes: [] });
  });
});

it("shows that it is alive, and answers no ping", () => {
  const ping = irnPing("*there", "*here", there.now);
  expect(ping).toEqual(["irn-ping", 5, "*there", 0, "*here", 0, there.now, 0]);
  expect(take(here, there, ping)).toMatchObject({ answers: [], close: false });
});

describe("a router that goes", () => {
  it("takes its MUDs with it until it is back", () => {
    expect(take(here, there, parse('({"irn-shutdown",5,"*there",0,"*here",0,0,})')).close).toBe(
      true,
    );
    expect(here.view.muds.get("B")).toMatchObject({ connected: false, state: 0 });
    const outcome = here.tell("A", '({"who-req",5,"A","ann","B",0,})');
    expect(errorOf(outcome)?.[0]).toBe("unk-dst");
    exchange();
    expect(here.view.muds.get("B")).toMatchObject({ connected: true, state: -1 });
  });

  it("leaves its MUDs free to register here after five minutes", () => {
    expect(errorOf(here.register("B"))?.[0]).toBe("unk-src");
    here.apply(decideRouterGone(here.view, "*there", here.now));
    here.now += 299;
    expect(errorOf(here.register("B"))?.[0]).toBe("unk-src");
    here.now += 1;
    expect(here.register("B").registered?.mud).toBe("B");
    expect(here.view.muds.get("B")).toMatchObject({ router: "*here", password: 4711 });
  });
});
