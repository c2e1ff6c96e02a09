import { beforeEach, describe, expect, it } from "vitest";
import { readPacket, type PacketOf } from "../packets/packet.codec.js";
import type { LpcValue } from "../mudmode/lpc-value.js";
import { irnLists } from "./irn-lists.js";
import { decideFromRouter, decideIrnStartup, decideRouterGone, irnStartup } from "./irn.js";
import { delivered, errorOf, parse, RouterInTest } from "./router.fixture.js";
import type { Outcome } from "./router-view.js";

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

  it("leaves its MUDs free to register here", () => {
    expect(errorOf(here.register("B"))?.[0]).toBe("unk-src");
    here.apply(decideRouterGone(here.view, "*there", here.now));
    expect(here.register("B").registered?.mud).toBe("B");
    expect(here.view.muds.get("B")).toMatchObject({ router: "*here", password: 4711 });
  });
});
