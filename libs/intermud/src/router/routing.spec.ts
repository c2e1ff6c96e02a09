import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { LpcValue } from "../mudmode/lpc-value.js";
import { MudmodeDecoder } from "../mudmode/mudmode.codec.js";
import type { MudmodeError } from "../mudmode/mudmode.error.js";
import { frameAround, lpcValue } from "../mudmode/mudmode.fixture.js";
import { catalogue } from "../packets/catalogue.js";
import { encodePacket } from "../packets/packet-frame.js";
import { irnLists } from "./irn-lists.js";
import { decideFromRouter } from "./irn.js";
import { chanlistPackets, mudlistPackets } from "./list-deltas.js";
import { delivered, errorOf, parse, RouterInTest } from "./router.fixture.js";
import { decideMalformed } from "./routing.js";

let router: RouterInTest;
beforeEach(() => {
  router = new RouterInTest();
  for (const name of ["A", "B"]) router.register(name);
  router.register("C", { services: '"ucache":1,' });
});

const tell = (to: string, ttl = 5): string => `({"tell",${ttl},"A","ann",${to},"bob","Ann","hi",})`;

describe("a packet for a MUD", () => {
  it("is delivered to it, with one hop less", () => {
    expect(delivered(router.tell("A", tell('"B"')))).toEqual([`B: ${tell('"B"', 4)}`]);
  });

  it("finds it in any case", () => {
    expect(delivered(router.tell("A", tell('"b"')))).toEqual([`B: ${tell('"b"', 4)}`]);
  });

  it("comes back if it is for its sender", () => {
    expect(delivered(router.tell("A", '({"auth-mud-req",5,"A",0,"A",0,})'))).toEqual([
      'A: ({"auth-mud-req",4,"A",0,"A",0,})',
    ]);
  });

  it("arrives whole if its type is not known", () => {
    expect(delivered(router.tell("A", '({"mail",5,"A",0,"B",0,7,({"x",}),})'))).toEqual([
      'B: ({"mail",4,"A",0,"B",0,7,({"x",}),})',
    ]);
  });

  it("ends without a word when it has no hop left", () => {
    expect(router.tell("A", tell('"B"', 0))).toMatchObject({ answers: [], deliveries: [] });
  });

  it("is unk-dst, with the packet, if there is no such MUD, or it is away", () => {
    const unknown = router.tell("A", tell('"X"'));
    expect(unknown.answers[0]).toEqual([
      "error",
      5,
      "*r",
      0,
      "A",
      "ann",
      "unk-dst",
      "X is unknown",
      parse(tell('"X"')),
    ]);
    router.drop("B");
    expect(errorOf(router.tell("A", tell('"B"')))?.slice(0, 2)).toEqual([
      "unk-dst",
      "B is not connected",
    ]);
  });

  it("is bad-pkt if a known type has not its form", () => {
    const text = '({"tell",5,"A","ann","B","bob","Ann",})';
    expect(errorOf(router.tell("A", text))).toEqual(["bad-pkt", "tell: bad message", parse(text)]);
  });
});

describe("a sender", () => {
  it("has to register first, whatever the packet holds", () => {
    expect(errorOf(router.tell(null, tell('"B"')))?.[0]).toBe("unk-src");
    const malformed = '({"tell",5,"A","ann","B","bob",})';
    expect(errorOf(router.tell(null, malformed))?.[0]).toBe("unk-src");
    expect(errorOf(router.tell("C", malformed))?.[0]).toBe("unk-src");
  });

  it("cannot speak as another", () => {
    const outcome = router.tell("C", tell('"B"'));
    expect(errorOf(outcome)?.[0]).toBe("unk-src");
    expect(outcome.answers[0]?.[4]).toBe("C");
    expect(outcome.deliveries).toEqual([]);
  });

  it.each([
    '({"mudlist",5,"A",0,"B",0,1,([]),})',
    '({"startup-reply",5,"A",0,"B",0,({}),1,})',
    '({"chanlist-reply",5,"A",0,"B",0,1,([]),})',
    '({"irn-data",5,"A",0,"B",0,({}),})',
    '({"irn-unheard-of",5,"A",0,"B",0,})',
    '({"startup-reply",5,"A",0,"B",0,"malformed",})',
  ])("cannot speak as a router: %s", (text) => {
    expect(errorOf(router.tell("A", text))?.[0]).toBe("not-allowed");
  });
});

describe("a broadcast", () => {
  it("goes to every connected MUD, also its sender", () => {
    router.drop("B");
    expect(delivered(router.tell("A", '({"locate-req",5,"A","ann",0,0,"bob",})'))).toEqual([
      'A: ({"locate-req",4,"A","ann",0,0,"bob",})',
      'C: ({"locate-req",4,"A","ann",0,0,"bob",})',
    ]);
  });

  it("of ucache-update goes to those with that service", () => {
    expect(delivered(router.tell("A", '({"ucache-update",5,"A",0,0,0,"ann","Ann",1,})'))).toEqual([
      'C: ({"ucache-update",4,"A",0,0,0,"ann","Ann",1,})',
    ]);
  });

  it("is refused for what is meant for one MUD, or not known", () => {
    expect(errorOf(router.tell("A", tell("0")))?.[0]).toBe("bad-proto");
    expect(errorOf(router.tell("A", '({"mail",5,"A",0,0,0,})'))?.[0]).toBe("unk-type");
  });
});

describe("a packet for the router", () => {
  it("is not-imp or unk-type if it has no answer", () => {
    expect(errorOf(router.tell("A", '({"who-req",5,"A","ann","*r",0,})'))?.[0]).toBe("not-imp");
    expect(errorOf(router.tell("A", '({"mail",5,"A","ann","*r",0,})'))?.[0]).toBe("unk-type");
  });

  it("may ask for the channels", () => {
    router.tell("A", '({"channel-add",5,"A",0,"*r",0,"lobby",0,})');
    const { answers } = router.tell("B", '({"chanlist-req",5,"B",0,"*r",0,})');
    expect(answers[0]?.[7]).toEqual(new Map([["lobby", ["A", 0]]]));
  });
});

it("never answers an error with an error", () => {
  for (const target of ['"X"', '"*r"', "0"]) {
    const text = `({"error",5,"A",0,${target},0,"unk-user","?",0,})`;
    expect(router.tell("A", text)).toMatchObject({ answers: [], deliveries: [] });
  }
  expect(router.tell("A", '({"error",5,"A",0,"B",0,({}),})').answers).toEqual([]);
  expect(delivered(router.tell("A", '({"error",5,"A",0,"B",0,"unk-user","?",0,})'))).toHaveLength(
    1,
  );
});

it("answers bytes that are no packet, and closes where no other can follow", () => {
  const fault = (frame: Buffer): MudmodeError =>
    (new MudmodeDecoder().push(frame)[0] as { error: MudmodeError }).error;
  const bad = fault(frameAround('({"tell",5,"A","Ann","B",({1 2}),})'));
  expect(decideMalformed(router.view, router.arrival("A"), bad)).toMatchObject({
    answers: [["error", 5, "*r", 0, "A", "ann", "bad-pkt", "A comma was expected", 0]],
    close: false,
  });
  const tooLong = fault(Buffer.from("GET / HTTP/1.1"));
  expect(decideMalformed(router.view, router.arrival(null), tooLong)).toMatchObject({
    answers: [["error", 5, "*r", 0, 0, 0, "bad-pkt", expect.any(String), 0]],
    close: true,
  });
});

it("answers what nobody could send in full", () => {
  // It came unescaped, and would be written with twice the bytes.
  const long = '"'.repeat(1024 * 1024);
  for (const packet of [
    [long, 5, "A", 0, "*r", 0],
    ["tell", 5, "A", "ann", long, "bob", "Ann", "hi"],
    ["tell", 5, "A", long, "X", "bob", "Ann", "hi"],
    ["tell", 5, long, 0, "X", "bob", "Ann", "hi"],
  ]) {
    for (const sender of ["A", null]) {
      const { answers } = router.tell(sender, packet);
      expect(answers).toHaveLength(1);
      encodePacket(answers[0] as LpcValue[]);
    }
  }
});

it("never throws, and sends only what can be sent", () => {
  router.view = { ...router.view, routers: new Set(["*peer"]) };
  const delta = '({"irn-mudlist-delta",5,"*peer",0,"*r",0,9,(["F":([]),]),})';
  router.apply(decideFromRouter(router.view, "*peer", parse(delta), router.now).changes);
  router.tell("B", '({"channel-add",5,"B",0,"*r",0,"lobby",0,})');
  router.tell("B", '({"channel-listen",5,"B",0,"*r",0,"lobby",1,})');
  const type = fc.constantFrom(...Object.keys(catalogue), "startup-req-1", "mail");
  const mud = fc.constantFrom<LpcValue>("A", "B", "X", "*r", 0);
  const rest = fc.array(fc.oneof(lpcValue, fc.constantFrom<LpcValue>("A", "lobby", 0, 1)), {
    maxLength: 17,
  });
  const packet = fc
    .tuple(type, mud, mud, rest)
    .map(([name, from, to, fields]) => [name, 5, from, 0, to, 0, ...fields] as LpcValue[]);
  const to = (target: LpcValue, ...head: LpcValue[]) => {
    return fc.tuple(lpcValue, fc.array(lpcValue)).map(([first, more]): LpcValue => {
      const [name, ...fields] = head;
      return [name ?? "mail", 5, "A", 0, target, 0, ...fields, first, ...more];
    });
  };
  const sent = fc.oneof(to("B"), to("F"), to(0, "locate-req"), to(0, "channel-m", "lobby", "Ann"));
  const description = Array.from({ length: 11 }, () => 0);
  const registering = to("*r", "startup-req-3", 4711, 0, 0, ...description.slice(1));
  const kinds = new Set<LpcValue | undefined>();
  const send = (packets: LpcValue[][]): void => {
    for (const each of packets) {
      encodePacket(each);
      kinds.add(each[0]);
    }
  };
  fc.assert(
    fc.property(
      fc.oneof(packet, sent, registering, lpcValue),
      fc.constantFrom("A", null),
      (value, sender) => {
        const { answers, deliveries, relays } = router.tell(sender, value);
        send([...answers, ...deliveries.map((each) => each.packet)]);
        send(relays.map((each) => each.packet));
      },
    ),
    { numRuns: 1_000 },
  );
  send(mudlistPackets(router.view, "A", 0));
  send(chanlistPackets(router.view, "A", 0));
  send(irnLists(router.view, "*peer", { mudlistId: 0, chanlistId: 0 }));
  const told = ["mudlist", "chanlist-reply", "irn-mudlist-delta", "irn-chanlist-delta"];
  const said = ["error", "startup-reply", "mail", "channel-m", "irn-data"];
  expect([...kinds]).toEqual(expect.arrayContaining([...told, ...said]));
});
