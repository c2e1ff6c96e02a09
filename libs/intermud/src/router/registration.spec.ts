import { describe, expect, it } from "vitest";
import { chanlistPackets, mudlistPackets } from "./list-deltas.js";
import { decideAbsences, decideProcessGone } from "./absences.js";
import { encodePacket } from "../packets/packet-frame.js";
import { CONNECTION, errorOf, RouterInTest } from "./router.fixture.js";
import { nextListId } from "./router-view.js";

const DAY = 24 * 60 * 60;

function routerWith(...names: string[]): RouterInTest {
  const router = new RouterInTest();
  for (const name of names) router.register(name);
  return router;
}
const drop = (router: RouterInTest, name: string): void => router.drop(name);
const pass = (router: RouterInTest, seconds: number): void => {
  router.now += seconds;
  router.apply(decideAbsences(router.view, router.now));
};
const state = (router: RouterInTest, name: string): unknown => {
  const mud = router.view.muds.get(name);
  return mud?.removed ? "removed" : mud?.state;
};

describe("registration", () => {
  it("gives a new MUD a password, the routers, and the ids it had", () => {
    const outcome = new RouterInTest().register("M", { password: -1 });
    expect(outcome.answers).toEqual([
      ["startup-reply", 5, "*r", 0, "M", 0, [["*r", "10.0.0.1 9000"]], 4711],
    ]);
    expect(outcome.registered).toEqual({ mud: "M", oldMudlistId: 0, oldChanlistId: 0 });
    expect(outcome.changes).toMatchObject([
      { announce: true, mud: { name: "M", address: "10.1.1.1", connected: true, state: -1 } },
    ]);
  });

  it("takes a MUD back by its password only", () => {
    const router = routerWith("M");
    drop(router, "M");
    for (const password of [0, -1, 4712]) {
      const refused = router.register("M", { password });
      expect(errorOf(refused)?.[0]).toBe("unk-src");
      expect(refused).toMatchObject({ changes: [], close: true });
      expect(refused.registered).toBeUndefined();
    }
    const back = router.register("M", { password: 4711 });
    expect(back.answers[0]?.at(-1)).toBe(4711);
    expect(router.view.muds.get("M")).toMatchObject({ connected: true, password: 4711 });
  });

  it("answers a request that is said again by its connection, with the password it has got", () => {
    const router = routerWith("M");
    const again = router.register("M", { password: 0 });
    expect(again.answers[0]?.at(-1)).toBe(4711);
    const other = { process: "p1", id: "c2" };
    expect(errorOf(router.register("M", { password: 0, connection: other }))?.[0]).toBe("unk-src");
  });

  it("gives a new password where the old one has been forgotten", () => {
    const router = routerWith("M");
    drop(router, "M");
    const mud = { ...router.view.muds.get("M")!, password: 0 };
    router.apply([{ kind: "mud", mud, announce: false }]);
    expect(router.register("M", { password: 99 }).answers[0]?.at(-1)).toBe(4711);
    drop(router, "M");
    expect(errorOf(router.register("M", { password: 99 }))?.[0]).toBe("unk-src");
  });

  it("tells others of a MUD that came back changed, not of one that did not", () => {
    const router = routerWith("M");
    drop(router, "M");
    expect(router.register("M", { password: 4711 }).changes).toMatchObject([{ announce: false }]);
    const changed = router.register("M", { password: 4711, services: '"who":1,' });
    expect(changed.changes).toMatchObject([{ announce: true }]);
  });

  it.each(["*other", "*r", "a\\u0007b".replace("\\u0007", "\u0007"), "x".repeat(129)])(
    "refuses the name %j",
    (name) => {
      const refused = new RouterInTest().register(name);
      expect(errorOf(refused)?.[0]).toBe("not-allowed");
      expect(refused.close).toBe(true);
    },
  );

  it("refuses a description that would burden every list", () => {
    const nested = (levels: number): string =>
      `${"({".repeat(levels)}${",})".repeat(levels)}`.replace("({,", "({");
    for (const otherData of [
      `(["a":"${"x".repeat(8 * 1024)}",])`,
      `(["a":"${"é".repeat(4 * 1024)}",])`,
      `(["a":${nested(8)},])`,
    ]) {
      const refused = new RouterInTest().register("M", { otherData });
      expect(errorOf(refused)?.[0]).toBe("not-allowed");
      expect(refused).toMatchObject({ changes: [], close: true });
    }
    const otherData = `(["a":${nested(7)},"b":"${"x".repeat(7 * 1024)}",])`;
    expect(errorOf(new RouterInTest().register("M", { otherData }))).toBeUndefined();
  });

  it("refuses a name that differs from another in case only", () => {
    const router = routerWith("Mud");
    expect(errorOf(router.register("MUD", { password: 4711 }))?.[0]).toBe("not-allowed");
    expect([...router.view.muds.keys()]).toEqual(["Mud"]);
  });

  it("believes only the ids of lists that were sent", () => {
    const router = routerWith("M");
    const has = (lists: string): unknown => {
      const { registered } = router.register("M", { password: 4711, lists });
      return [registered?.oldMudlistId, registered?.oldChanlistId];
    };
    expect(has("5,5")).toEqual([0, 0]);
    router.apply([{ kind: "sent", mud: "M", mudlistId: 70 }]);
    router.apply([{ kind: "sent", mud: "M", chanlistId: 80 }]);
    expect(has("70,80")).toEqual([70, 80]);
    expect(has("69,81")).toEqual([69, 0]);
    expect(has("71,-1")).toEqual([0, -1]);
    router.tell("M", '({"chanlist-req",5,"M",0,"*r",0,})');
    expect(router.view.muds.get("M")).toMatchObject({
      sentMudlistId: 70,
      sentChanlistId: router.view.chanlistId,
    });
  });

  it("is once for a connection", () => {
    const router = routerWith("M", "O");
    const text = '({"startup-req-3",5,"O",0,"*r",0,4711,0,0,})';
    expect(errorOf(router.tell("M", text))?.[0]).toBe("bad-proto");
  });

  it("answers a malformed request, and closes", () => {
    const outcome = new RouterInTest().tell(null, '({"startup-req-3",5,"M",0,"*r",0,({}),0,0,})');
    expect(outcome.answers[0]?.slice(0, 8)).toEqual([
      "error",
      5,
      "*r",
      0,
      "M",
      0,
      "bad-pkt",
      "startup-req-3: bad password",
    ]);
    expect(outcome.close).toBe(true);
  });
});

describe("the end of a connection", () => {
  const later = { process: "p2", id: "c2" };

  it("is nothing if the MUD has another by now", () => {
    const router = routerWith("M");
    router.register("M", { password: 4711, connection: later });
    router.drop("M", CONNECTION);
    expect(router.view.muds.get("M")).toMatchObject({ connected: true, connection: later });
    const shutdown = router.tell("M", '({"shutdown",5,"M",0,"*r",0,0,})', CONNECTION);
    expect(shutdown).toMatchObject({ changes: [], close: true });
    router.drop("M", later);
    expect(router.view.muds.get("M")).toMatchObject({ connected: false, connection: null });
  });

  it("is known of all connections of a process that was killed", () => {
    const router = routerWith("A", "B");
    router.register("C", { connection: later });
    router.apply(decideProcessGone(router.view, CONNECTION.process, router.now));
    const connected = Array.from(router.view.muds.values(), (mud) => mud.connected);
    expect(connected).toEqual([false, false, true]);
    pass(router, 300);
    expect(["A", "B", "C"].map((name) => state(router, name))).toEqual([0, 0, -1]);
  });
});

describe("a MUD that is away", () => {
  it("is down after 5 minutes, and removed after 7 days", () => {
    const router = routerWith("M");
    const before = router.view.mudlistId;
    drop(router, "M");
    pass(router, 299);
    expect([state(router, "M"), router.view.mudlistId]).toEqual([-1, before]);
    pass(router, 1);
    expect([state(router, "M"), router.view.mudlistId]).toEqual([0, router.now]);
    pass(router, 7 * DAY - 301);
    expect(state(router, "M")).toBe(0);
    pass(router, 1);
    expect(state(router, "M")).toBe("removed");
    const { mudlistId } = router.view;
    pass(router, 7 * DAY);
    expect(router.view.mudlistId).toBe(mudlistId);
  });

  it("is not down if it is back in time", () => {
    const router = routerWith("M");
    drop(router, "M");
    pass(router, 200);
    router.register("M", { password: 4711 });
    pass(router, 200);
    expect(state(router, "M")).toBe(-1);
  });

  it("gives up its name, and no longer listens, once it is removed", () => {
    const router = routerWith("M", "H");
    router.tell("H", '({"channel-add",5,"H",0,"*r",0,"lobby",0,})');
    router.tell("M", '({"channel-listen",5,"M",0,"*r",0,"lobby",1,})');
    drop(router, "M");
    pass(router, 7 * DAY);
    expect(router.view.listeners.get("lobby")).toEqual(new Set());
    expect(router.register("M").answers[0]?.[0]).toBe("startup-reply");
  });

  it("takes its channels with it when it is removed", () => {
    const router = routerWith("M", "H");
    router.tell("H", '({"channel-add",5,"H",0,"*r",0,"lobby",0,})');
    router.tell("M", '({"channel-listen",5,"M",0,"*r",0,"lobby",1,})');
    drop(router, "H");
    pass(router, 7 * DAY);
    expect(router.view.channels.get("lobby")).toMatchObject({ removed: true });
    expect(router.view.listeners.get("lobby")).toEqual(new Set());
  });

  it("is forgotten 30 days after; who has an older list than that gets the whole", () => {
    const router = routerWith("M", "H");
    router.tell("M", '({"channel-add",5,"M",0,"*r",0,"lobby",0,})');
    const since = router.view.mudlistId;
    router.tell("M", `({"shutdown",5,"M",0,"*r",0,${8 * DAY},})`);
    const gone = router.view.mudlistId;
    const names = (id: number): unknown => [
      ...((mudlistPackets(router.view, "H", id)[0]?.[7] as Map<string, unknown>) ?? []).keys(),
    ];
    pass(router, 29 * DAY);
    expect(names(since)).toEqual(["M"]);
    pass(router, DAY + 60);
    expect([router.view.muds.has("M"), router.view.channels.has("lobby")]).toEqual([false, false]);
    router.register("N");
    expect(names(since)).toEqual(["H", "N"]);
    expect(names(gone)).toEqual(["N"]);
  });

  it.each([
    [0, 0, true],
    [1, -1, false],
    [300, -1, false],
    [301, 301, true],
    [7 * DAY, 7 * DAY, true],
    [7 * DAY + 1, "removed", true],
  ])("that said %i seconds is shown as %s", (delay, shown, announced) => {
    const router = routerWith("M");
    const { mudlistId } = router.view;
    const outcome = router.tell("M", `({"shutdown",5,"M",0,"*r",0,${delay},})`);
    expect(outcome.close).toBe(true);
    expect(state(router, "M")).toBe(shown);
    expect(router.view.mudlistId > mudlistId).toBe(announced);
  });

  it("longer than it said is down without a time", () => {
    const router = routerWith("M");
    router.tell("M", '({"shutdown",5,"M",0,"*r",0,600,})');
    pass(router, 599);
    expect(state(router, "M")).toBe(600);
    pass(router, 1);
    expect(state(router, "M")).toBe(0);
  });
});

describe("lists", () => {
  it("have ids that grow, with the time if it is later", () => {
    expect([nextListId(5, 3), nextListId(5, 6), nextListId(5, 9)]).toEqual([6, 6, 9]);
  });

  it("come as deltas: what changed since, and 0 for what is gone", () => {
    const router = routerWith("A", "B");
    const since = router.view.mudlistId;
    router.register("C");
    router.tell("A", `({"shutdown",5,"A",0,"*r",0,${8 * DAY},})`);
    const [packet, ...more] = mudlistPackets(router.view, "B", since);
    expect(more).toEqual([]);
    expect(packet?.slice(0, 7)).toEqual(["mudlist", 5, "*r", 0, "B", 0, since + 2]);
    expect(packet?.[7]).toEqual(
      new Map<string, unknown>([
        [
          "C",
          [
            -1,
            "10.1.1.1",
            4000,
            0,
            0,
            "Lib",
            "Base",
            "Driver",
            "LP",
            "open",
            "a@b.c",
            new Map([["tell", 1]]),
            new Map(),
          ],
        ],
        ["A", 0],
      ]),
    );
    expect(mudlistPackets(router.view, "B", since + 2)).toEqual([]);
  });

  it.each([0, -1, 2_000_000_000])("come whole to a MUD with the list %i", (since) => {
    const router = routerWith("A", "B", "C");
    router.tell("A", `({"shutdown",5,"A",0,"*r",0,${8 * DAY},})`);
    const [packet] = mudlistPackets(router.view, "B", since);
    expect(packet?.[7]).toEqual(
      new Map([
        ["B", expect.any(Array)],
        ["C", expect.any(Array)],
      ]),
    );
  });

  it("of channels tell hosts and types", () => {
    const router = routerWith("H");
    router.tell("H", '({"channel-add",5,"H",0,"*r",0,"lobby",2,})');
    router.tell("H", '({"channel-add",5,"H",0,"*r",0,"old",0,})');
    const since = router.view.chanlistId;
    router.tell("H", '({"channel-remove",5,"H",0,"*r",0,"old",})');
    const content = (id: number): unknown => chanlistPackets(router.view, "H", id)[0]?.[7];
    expect(content(0)).toEqual(new Map([["lobby", ["H", 2]]]));
    expect(content(since)).toEqual(new Map([["old", 0]]));
  });

  it("come in parts, of which a MUD may lose any and ask for the rest", () => {
    const names = Array.from({ length: 250 }, (_, i) => `M${i}`);
    const router = routerWith(...names);
    const parts = mudlistPackets(router.view, "M0", 0);
    expect(parts).toHaveLength(3);
    parts.forEach((_, received) => {
      const has = new Set<string>();
      const take = (packet: unknown[]): void => {
        for (const name of (packet[7] as Map<string, unknown>).keys()) has.add(name);
      };
      parts.slice(0, received).forEach(take);
      mudlistPackets(router.view, "M0", (parts[received - 1]?.[6] as number) ?? 0).forEach(take);
      expect(has.size).toBe(250);
    });
    expect(parts.at(-1)?.[6]).toBe(router.view.mudlistId);
  });

  it("have parts of a bounded length, whatever MUDs tell of themselves", () => {
    const router = new RouterInTest();
    const otherData = `(["a":"${"é".repeat(3_900)}",])`;
    for (let i = 0; i < 30; i++) router.register(`M${i}`, { otherData });
    const parts = mudlistPackets(router.view, "M0", 0);
    const names = parts.flatMap((part) => [...(part[7] as Map<string, unknown>).keys()]);
    expect(names).toHaveLength(30);
    for (const part of parts) expect(encodePacket(part).length).toBeLessThan(66 * 1024);
  });
});
