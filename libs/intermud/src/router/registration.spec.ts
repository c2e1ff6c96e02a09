import { describe, expect, it } from "vitest";
import { chanlistPackets, mudlistPackets } from "./list-deltas.js";
import { decideAbsences, decideDrop } from "./registration.js";
import { errorOf, RouterInTest } from "./router.fixture.js";
import { nextListId } from "./router-view.js";

const DAY = 24 * 60 * 60;

function routerWith(...names: string[]): RouterInTest {
  const router = new RouterInTest();
  for (const name of names) router.register(name);
  return router;
}
const drop = (router: RouterInTest, name: string): void =>
  router.apply(decideDrop(router.view, name, router.now));
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
});
