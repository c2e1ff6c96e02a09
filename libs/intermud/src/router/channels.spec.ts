import { beforeEach, describe, expect, it } from "vitest";
import { delivered, errorOf, parse, RouterInTest } from "./router.fixture.js";
import type { Outcome } from "./router-view.js";

let router: RouterInTest;
beforeEach(() => {
  router = new RouterInTest();
  for (const name of ["H", "A", "B"]) router.register(name);
});

const add = (channel: string, type: number, mud = "H"): Outcome =>
  router.tell(mud, `({"channel-add",5,"${mud}","boss","*r",0,"${channel}",${type},})`);
const listen = (mud: string, on: number | string = 1): Outcome =>
  router.tell(mud, `({"channel-listen",5,"${mud}",0,"*r",0,"lobby",${on},})`);
const admin = (added: string, removed = "", mud = "H"): Outcome =>
  router.tell(
    mud,
    `({"channel-admin",5,"${mud}","boss","*r",0,"lobby",({${added}}),({${removed}}),})`,
  );
const message = (mud: string, ttl = 5): string =>
  `({"channel-m",${ttl},"${mud}","ann",0,0,"lobby","Ann","hi",})`;
const say = (mud: string): Outcome => router.tell(mud, message(mud));
const code = (outcome: Outcome): unknown => errorOf(outcome)?.[0];
const listeners = (): string[] => [...(router.view.listeners.get("lobby") ?? [])];

describe("any MUD", () => {
  it("may make a channel, which all are told of", () => {
    expect(add("lobby", 1).changes).toMatchObject([
      { kind: "channel", announce: true, channel: { name: "lobby", host: "H", type: 1, muds: [] } },
    ]);
    expect(router.view.chanlistId).toBe(router.now);
  });

  it("may not take another's, nor an impossible name, nor a hundred", () => {
    add("lobby", 0);
    expect(code(add("lobby", 0, "A"))).toBe("not-allowed");
    expect(code(add("a b", 0))).toBe("not-allowed");
    expect(code(add("lobby", 3))).toBe("bad-pkt");
    for (let i = 1; i < 100; i++) expect(code(add(`c${i}`, 0))).toBeUndefined();
    expect(code(add("one-more", 0))).toBe("not-allowed");
  });

  it("may not make a hundred names pass through one", () => {
    for (let i = 0; i < 100; i++) {
      add(`c${i}`, 0);
      router.tell("H", `({"channel-remove",5,"H",0,"*r",0,"c${i}",})`);
    }
    expect(code(add("one-more", 0))).toBe("not-allowed");
    expect(code(add("c0", 0))).toBeUndefined();
  });
});

describe("the host alone", () => {
  it("removes its channel, and nobody listens any more", () => {
    add("lobby", 0);
    listen("A");
    const remove = (mud: string): Outcome =>
      router.tell(mud, `({"channel-remove",5,"${mud}",0,"*r",0,"lobby",})`);
    expect(code(remove("A"))).toBe("not-allowed");
    remove("H");
    expect(code(say("A"))).toBe("unk-channel");
    expect(code(remove("H"))).toBe("unk-channel");
    add("lobby", 0);
    expect(listeners()).toEqual([]);
  });

  it("says who may use it", () => {
    add("lobby", 0);
    expect(code(admin('"B",', "", "A"))).toBe("not-allowed");
    expect(admin('"A","B",').changes).toMatchObject([
      { announce: false, channel: { muds: ["A", "B"] } },
    ]);
    admin("", '"A",');
    expect(router.view.channels.get("lobby")?.muds).toEqual(["B"]);
    const many = Array.from({ length: 1_001 }, (_, i) => `"M${i}",`).join("");
    expect(code(admin(many))).toBe("not-allowed");
    expect(code(admin(many, many))).toBe("not-allowed");
    expect(code(admin("", many))).toBe("not-allowed");
    expect(code(admin(`"${"x".repeat(129)}",`))).toBe("not-allowed");
  });

  it("names MUDs in any case", () => {
    add("lobby", 0);
    listen("A");
    admin('"a",');
    expect(listeners()).toEqual([]);
    expect(code(say("A"))).toBe("not-allowed");
    admin("", '"a",');
    expect(code(say("A"))).toBeUndefined();
  });

  it("changes its type, and the list begins anew", () => {
    add("lobby", 0);
    listen("A");
    admin('"B",');
    add("lobby", 1);
    expect(router.view.channels.get("lobby")).toMatchObject({ type: 1, muds: [] });
    expect(listeners()).toEqual([]);
  });
});

describe("listening", () => {
  it("is on and off, also by a string", () => {
    add("lobby", 0);
    listen("A", '"1"');
    listen("B");
    listen("A", 0);
    expect(listeners()).toEqual(["B"]);
  });

  it("needs a channel", () => {
    expect(code(listen("A"))).toBe("unk-channel");
  });

  it.each([
    [0, "not-allowed", undefined],
    [1, undefined, "not-allowed"],
    [2, undefined, "not-allowed"],
  ])("on a channel of type %i is for those its list lets in", (type, named, unnamed) => {
    add("lobby", type);
    admin('"A",');
    expect([code(listen("A")), code(listen("B")), code(listen("H"))]).toEqual([
      named,
      unnamed,
      undefined,
    ]);
    expect(code(listen("A", 0))).toBeUndefined();
  });

  it("ends with the permission", () => {
    add("lobby", 0);
    listen("A");
    listen("B");
    admin('"A",');
    expect(listeners()).toEqual(["B"]);
  });
});

describe("a message", () => {
  it("goes to all who listen and are connected, also back", () => {
    add("lobby", 0);
    for (const mud of ["H", "A", "B"]) listen(mud);
    router.drop("H");
    expect(delivered(say("A"))).toEqual([`A: ${message("A", 4)}`, `B: ${message("A", 4)}`]);
  });

  it("may come from a MUD that does not listen, but not from one kept out", () => {
    add("lobby", 0);
    listen("B");
    expect(delivered(say("A"))).toHaveLength(1);
    admin('"A",');
    expect(code(say("A"))).toBe("not-allowed");
    expect(errorOf(say("A"))?.[2]).toEqual(parse(message("A")));
  });

  it("needs a channel", () => {
    expect(code(say("A"))).toBe("unk-channel");
  });

  it("may be an emote, also at somebody", () => {
    add("lobby", 0);
    listen("B");
    const emote = '({"channel-e",5,"A","ann",0,0,"lobby","Ann","$N waves",})';
    const targeted =
      '({"channel-t",5,"A","ann",0,0,"lobby","B","bob","$N waves at $O","$N waves","Ann","Bob",})';
    expect(delivered(router.tell("A", emote))).toHaveLength(1);
    expect(delivered(router.tell("A", targeted))).toHaveLength(1);
  });
});

describe("a filtered channel", () => {
  beforeEach(() => {
    add("lobby", 2);
    admin('"A","B",');
    listen("B");
  });
  const reply = (mud: string, inner: string): Outcome =>
    router.tell(mud, `({"chan-filter-reply",5,"${mud}",0,"*r",0,"lobby",${inner},})`);

  it("sends messages to its host, and what comes back to the listeners", () => {
    expect(delivered(say("A"))).toEqual([
      `H: ({"chan-filter-req",5,"*r",0,"H",0,"lobby",${message("A", 4)},})`,
    ]);
    const filtered = message("A", 4).replace("hi", "h*");
    expect(delivered(reply("H", filtered))).toEqual([
      `B: ${filtered.replace('channel-m",4', 'channel-m",3')}`,
    ]);
  });

  it("lets its host speak unfiltered", () => {
    expect(delivered(say("H"))).toEqual([`B: ${message("H", 4)}`]);
  });

  it("is silent while its host is away", () => {
    router.drop("H");
    expect(code(say("A"))).toBe("unk-dst");
  });

  it("has its host speak only for those who may, and only while it is filtered", () => {
    router.register("C");
    admin('"X",');
    for (const nobody of ["X", "C", "a"]) {
      expect(code(reply("H", message(nobody)))).toBe("not-allowed");
    }
    add("lobby", 0);
    expect(code(reply("H", message("A")))).toBe("not-allowed");
  });

  it("takes replies from its host only, and only messages of its own", () => {
    expect(code(reply("A", message("A")))).toBe("not-allowed");
    expect(code(reply("H", message("A").replace("lobby", "other")))).toBe("bad-pkt");
    expect(code(reply("H", '({"tell",5,"A","ann","B","bob","Ann","hi",})'))).toBe("bad-pkt");
    expect(code(reply("H", "({})"))).toBe("bad-pkt");
  });
});
