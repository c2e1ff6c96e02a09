import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LpcValue } from "../mudmode/lpc-value.js";
import { decodeText } from "../mudmode/lpc.decoder.js";
import { lpcValue } from "../mudmode/mudmode.fixture.js";
import { catalogue, type Body, type PacketType } from "./catalogue.js";
import { forNextHop, readEnvelope } from "./envelope.js";
import { encodePacket } from "./packet-frame.js";
import { errorPacket, newPacket, readPacket, writePacket, type Packet } from "./packet.codec.js";
import { PacketError } from "./packet.error.js";

const parse = (text: string): LpcValue => decodeText(Buffer.from(text)).values[0] as LpcValue;
const read = (text: string): Packet => readPacket(parse(text));
const refused = (text: string): PacketError => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof PacketError) return error;
    throw error;
  }
  throw new Error(`not refused: ${text}`);
};

const description = {
  playerPort: 4000,
  tcpPort: 4001,
  udpPort: 0,
  mudlib: "Lib",
  baseMudlib: "Base",
  driver: "Driver",
  mudType: "LP",
  openStatus: "open for public",
  adminEmail: "a@b.c",
  services: new Map([["tell", 1]]),
  otherData: new Map<string, LpcValue>(),
};
const DESCRIPTION =
  '4000,4001,0,"Lib","Base","Driver","LP","open for public","a@b.c",(["tell":1,]),([]),';

/** Type, what stands on the wire behind the envelope, and what it means. */
type Example = { [T in PacketType]: [T, string, Body<T>] }[PacketType];
const message = { visname: "Ann", message: "hi" };
const onChannel = { channel: "lobby", ...message };
const inner: LpcValue[] = ["channel-m", 5, "M", 0, 0, 0, "lobby", "Ann", "hi"];
const INNER = '({"channel-m",5,"M",0,0,0,"lobby","Ann","hi",}),';
const irnMud = {
  name: "M",
  ip: "10.0.0.1",
  router: "*r",
  restart_delay: -1,
  disconnect_time: 0,
  player_port: 4000,
  imud_tcp_port: 4001,
  imud_udp_port: 0,
  mudlib: "Lib",
  base_mudlib: "Base",
  driver: "Driver",
  mud_type: "LP",
  open_status: "open",
  admin_email: "a@b.c",
  services: new Map(),
  other_data: new Map(),
};
const IRN_MUDS =
  '7,(["M":(["name":"M","ip":"10.0.0.1","router":"*r","restart_delay":-1,"disconnect_time":0,' +
  '"player_port":4000,"imud_tcp_port":4001,"imud_udp_port":0,"mudlib":"Lib","base_mudlib":"Base",' +
  '"driver":"Driver","mud_type":"LP","open_status":"open","admin_email":"a@b.c",' +
  '"services":([]),"other_data":([]),]),"Gone":0,]),';
const irnMuds = {
  listId: 7,
  muds: new Map([
    ["M", irnMud],
    ["Gone", null],
  ]),
};
const IRN_CHANNELS =
  '7,(["channels":(["lobby":({0,"M",({"Bad",}),}),"old":0,]),"listening":(["lobby":({"M",}),]),]),';
const irnChannels = {
  listId: 7,
  lists: {
    channels: new Map([
      ["lobby", { type: 0 as const, owner: "M", muds: ["Bad"] }],
      ["old", null],
    ]),
    listening: new Map([["lobby", ["M"]]]),
  },
};

const examples: Example[] = [
  [
    "startup-req-3",
    `99,1,2,${DESCRIPTION}`,
    { password: 99, oldMudlistId: 1, oldChanlistId: 2, ...description },
  ],
  [
    "startup-reply",
    '({({"*r","10.0.0.1 9000",}),}),99,',
    { routers: [{ name: "*r", host: "10.0.0.1", port: 9000 }], password: 99 },
  ],
  ["shutdown", "600,", { restartDelay: 600 }],
  [
    "mudlist",
    `7,(["M":({-1,"10.0.0.1",${DESCRIPTION}}),"Gone":0,]),`,
    {
      mudlistId: 7,
      muds: new Map([
        ["M", { state: -1, address: "10.0.0.1", ...description }],
        ["Gone", null],
      ]),
    },
  ],
  [
    "chanlist-reply",
    '7,(["lobby":({"M",2,}),"old":0,]),',
    {
      chanlistId: 7,
      channels: new Map([
        ["lobby", { host: "M", type: 2 as const }],
        ["old", null],
      ]),
    },
  ],
  ["chanlist-req", "", {}],
  ["tell", '"Ann","hi",', message],
  ["emoteto", '"Ann","hi",', message],
  ["beep", '"Ann",', { visname: "Ann" }],
  ["who-req", "", {}],
  [
    "who-reply",
    '({({"Ann",5,"Wizard",}),}),',
    { users: [{ visname: "Ann", idle: 5, extra: "Wizard" }] },
  ],
  ["finger-req", '"ann",', { user: "ann" }],
  [
    "finger-reply",
    '"Ann","the Wise",0,0,"Mon Jan 1",-1,0,"Wizard","plan",',
    {
      visname: "Ann",
      title: "the Wise",
      realName: null,
      email: null,
      loginOutTime: "Mon Jan 1",
      idle: -1,
      ipName: null,
      level: "Wizard",
      extra: "plan",
    },
  ],
  ["locate-req", '"ann",', { user: "ann" }],
  ["locate-reply", '"M","Ann",5,"here",', { mud: "M", visname: "Ann", idle: 5, status: "here" }],
  ["channel-m", '"lobby","Ann","hi",', onChannel],
  ["channel-e", '"lobby","Ann","hi",', onChannel],
  [
    "channel-t",
    '"lobby","O","bob","$N waves at $O","$N waves","Ann","Bob",',
    {
      channel: "lobby",
      targetMud: "O",
      targetUser: "bob",
      messageOthers: "$N waves at $O",
      messageTarget: "$N waves",
      visname: "Ann",
      targetVisname: "Bob",
    },
  ],
  ["channel-add", '"lobby",1,', { channel: "lobby", channelType: 1 }],
  ["channel-remove", '"lobby",', { channel: "lobby" }],
  [
    "channel-admin",
    '"lobby",({"A",}),({"B","C",}),',
    { channel: "lobby", add: ["A"], remove: ["B", "C"] },
  ],
  ["channel-listen", '"lobby",1,', { channel: "lobby", on: true }],
  ["chan-who-req", '"lobby",', { channel: "lobby" }],
  ["chan-who-reply", '"lobby",({"Ann",}),', { channel: "lobby", visnames: ["Ann"] }],
  ["chan-user-req", '"ann",', { user: "ann" }],
  ["chan-user-reply", '"ann","Ann",1,', { user: "ann", visname: "Ann", gender: 1 }],
  ["chan-filter-req", `"lobby",${INNER}`, { channel: "lobby", packet: inner }],
  ["chan-filter-reply", `"lobby",${INNER}`, { channel: "lobby", packet: inner }],
  ["chan-ack", '"Channel added",', { message: "Channel added" }],
  ["ucache-update", '"ann","Ann",2,', { user: "ann", visname: "Ann", gender: 2 }],
  ["auth-mud-req", "", {}],
  ["auth-mud-reply", "4711,", { sessionKey: 4711 }],
  ["oob-req", "", {}],
  [
    "error",
    `"unk-dst","No such MUD",${INNER}`,
    { code: "unk-dst", message: "No such MUD", packet: inner },
  ],
  [
    "irn-startup-req",
    '(["client_password":1,"server_password":2,]),',
    { passwords: { client_password: 1, server_password: 2 } },
  ],
  ["irn-mudlist-req", "7,", { listId: 7 }],
  ["irn-mudlist-delta", IRN_MUDS, irnMuds],
  ["irn-mudlist-altered", IRN_MUDS, irnMuds],
  ["irn-chanlist-req", "7,", { listId: 7 }],
  ["irn-chanlist-delta", IRN_CHANNELS, irnChannels],
  ["irn-chanlist-altered", IRN_CHANNELS, irnChannels],
  ["irn-data", INNER, { packet: inner }],
  ["irn-ping", "1700000000,1,", { sentAt: 1_700_000_000, code: 1 }],
  ["irn-shutdown", "0,", { restartDelay: 0 }],
];

describe("every type of packet", () => {
  it("has an example here", () => {
    expect(examples.map(([type]) => type)).toEqual(Object.keys(catalogue));
  });

  it.each(examples)("%s is read and written as documented", (type, fields, body) => {
    const wire = `({"${type}",5,"M","ann","O",0,${fields}})`;
    const packet = { type, ttl: 5, from: { mud: "M", user: "ann" }, to: { mud: "O", user: null } };
    expect(read(wire)).toEqual({ ...packet, body });
    const written = encodePacket(writePacket({ ...packet, body } as Packet));
    expect(written.subarray(4).toString()).toBe(`${wire}\0`);
  });
});

/**
 * Every string and int of every example becomes a hostile one, so every reader meets
 * it. Backtracking over its length, or looking for each character behind each, would outlast the test's time.
 */
it.each([":", " ", "1", "a ", "%^A", "\\", "-"].map((piece) => [piece]))(
  "reads fields that repeat %j without end in proportion to their length",
  (piece) => {
    const hostile = piece.repeat(100_000);
    const spoilt = (value: LpcValue): LpcValue => {
      if (Array.isArray(value)) return value.map(spoilt);
      if (!(value instanceof Map)) return hostile;
      return new Map(Array.from(value, ([key, item]) => [key, spoilt(item)]));
    };
    for (const [type, fields] of examples) {
      const packet = parse(`({"${type}",5,"M","ann","O",0,${fields}})`) as LpcValue[];
      try {
        readPacket([...packet.slice(0, 6), ...packet.slice(6).map(spoilt)]);
      } catch (error) {
        expect(error).toBeInstanceOf(PacketError);
      }
    }
  },
  5_000,
);

it("reads nothing but what it can write again", () => {
  const type = fc.constantFrom(...Object.keys(catalogue), "startup-req-1", "mail", 0);
  const array = fc.tuple(
    fc.tuple(type, fc.oneof(fc.constant(5), lpcValue)),
    fc.array(fc.oneof(lpcValue, fc.constantFrom("M", 0, "1", 2)), { maxLength: 18 }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        lpcValue,
        array.map(([head, rest]) => [...head, ...rest]),
      ),
      (value) => {
        let packet: Packet;
        try {
          packet = readPacket(value);
        } catch (error) {
          expect(error).toBeInstanceOf(PacketError);
          return;
        }
        const written = writePacket(packet);
        expect(readPacket(written)).toEqual(packet);
        expect(encodePacket(written)).toBeInstanceOf(Buffer);
      },
    ),
    { numRuns: 1_000 },
  );
});

describe("the envelope", () => {
  const envelope = (text: string): unknown => readEnvelope(parse(text)).envelope;

  it("has users in lower case, and 0 or an empty string for none", () => {
    expect(envelope('({"tell",5,"M","Ann","O","BOB",})')).toMatchObject({
      from: { mud: "M", user: "ann" },
      to: { mud: "O", user: "bob" },
    });
    expect(envelope('({"x",5,"M","","",0,})')).toMatchObject({
      from: { mud: "M", user: null },
      to: { mud: null, user: null },
    });
    const packet = newPacket("who-req", { mud: "M", user: "Ann" }, { mud: "O", user: "" }, {});
    expect(writePacket(packet)).toEqual(["who-req", 5, "M", "ann", "O", 0]);
  });

  it.each([
    "7",
    "({})",
    '({"tell",5,"M",0,0})',
    '({5,5,"M",0,0,0,})',
    '({"tell",({}),"M",0,0,0,})',
    '({"tell",5,0,0,0,0,})',
  ])("is refused as bad-pkt: %s", (text) => {
    expect(refused(text)).toMatchObject({ code: "bad-pkt" });
  });

  it("loses a hop each time, and ends after the last", () => {
    const hop = (ttl: number | string): unknown => {
      const { packet, envelope: head } = readEnvelope(["x", ttl, "M", 0, 0, 0, "rest"]);
      return forNextHop(packet, head)?.[1];
    };
    expect([hop(5), hop("5"), hop(1), hop(1_000), hop(0), hop(-3)]).toEqual([
      4,
      4,
      0,
      199,
      undefined,
      undefined,
    ]);
    const packet: LpcValue[] = ["unheard-of", 5, "M", 0, 0, 0, [1], "rest"];
    expect(forNextHop(packet, readEnvelope(packet).envelope)).toEqual(packet.with(1, 4));
  });

  it("is written only if it is one", () => {
    const from = { mud: "M", user: null };
    const to = { mud: null, user: null };
    expect(() => writePacket({ ...newPacket("who-req", from, to, {}), ttl: 201 })).toThrow("ttl");
    expect(() => writePacket(newPacket("who-req", { ...from, mud: "" }, to, {}))).toThrow("name");
  });
});

describe("what peers send otherwise", () => {
  it("an int as a string", () => {
    expect(read('({"channel-listen",5,"M",0,"*r",0,"lobby","1",})').body).toMatchObject({
      on: true,
    });
  });

  it("ids and passwords below 0, and no other data", () => {
    const wire = `({"startup-req-3","5","M",0,"*r",0,-1,-1,-1,${DESCRIPTION.replace("([]),", "0,")}})`;
    expect(read(wire).body).toMatchObject({
      password: -1,
      oldMudlistId: -1,
      otherData: new Map(),
    });
  });

  it("older versions of startup-req", () => {
    const first = DESCRIPTION.replace('"a@b.c",', "");
    const old = read(`({"startup-req-1",5,"M",0,"*r",0,0,0,0,${first}})`);
    expect(old).toMatchObject({ type: "startup-req-3", body: { adminEmail: "" } });
    expect(old.body).toMatchObject({ services: new Map([["tell", 1]]) });
    const second = read(`({"startup-req-2",5,"M",0,"*r",0,0,0,0,${DESCRIPTION}})`);
    expect(second).toMatchObject({ type: "startup-req-3", body: { adminEmail: "a@b.c" } });
  });

  it("a channel's type as an empty array", () => {
    expect(read('({"chanlist-reply",5,"*r",0,"M",0,7,(["a":({"M",({}),}),]),})').body).toEqual({
      chanlistId: 7,
      channels: new Map([["a", { host: "M", type: 0 }]]),
    });
  });

  it("one bad entry in a list of good ones", () => {
    const wire = `({"mudlist",5,"*r",0,"M",0,7,(["A":"?","M":({-1,"10.0.0.1",}),5:0,]),})`;
    const { muds } = read(wire).body as Body<"mudlist">;
    expect([...muds.keys()]).toEqual(["M"]);
  });

  it("services that are no numbers", () => {
    const services = '(["tell":"1","who":({}),5:1,"http":8080,])';
    const wire = `({"startup-req-3",5,"M",0,"*r",0,0,0,0,${DESCRIPTION.replace('(["tell":1,])', services)}})`;
    expect(read(wire).body).toMatchObject({
      services: new Map([
        ["tell", 1],
        ["http", 8080],
      ]),
    });
  });

  it("0 or an empty array for a list or mapping", () => {
    expect(read('({"who-reply",5,"O",0,"M","ann",0,})').body).toEqual({ users: [] });
    expect(read('({"mudlist",5,"*r",0,"M",0,7,({}),})').body).toMatchObject({ muds: new Map() });
  });

  it("fewer fields than a reply has, and more", () => {
    expect(read('({"finger-reply",5,"O",0,"M","ann","Bob",})').body).toMatchObject({
      visname: "Bob",
      extra: null,
    });
    expect(read('({"tell",5,"O",0,"M","ann","Bob","hi","more",})').body).toEqual({
      visname: "Bob",
      message: "hi",
    });
  });

  it("an error without the packet", () => {
    expect(read('({"error",5,"*r",0,"M","ann","unk-dst","?",0,})').body).toMatchObject({
      packet: null,
    });
  });

  it("a router's address with a colon", () => {
    expect(
      read('({"startup-reply",5,"*r",0,"M",0,({({"*r","h.example:9000"}),({0,0}),}),1,})').body,
    ).toEqual({ routers: [{ name: "*r", host: "h.example", port: 9000 }], password: 1 });
  });
});

describe("a router's port", () => {
  it.each([0, 1, 65_535, 65_536, 99_999])("is one of TCP: %i", (port) => {
    const { routers } = read(`({"startup-reply",5,"*r",0,"M",0,({({"*r","h ${port}",}),}),1,})`)
      .body as Body<"startup-reply">;
    expect(routers).toHaveLength(port >= 1 && port <= 65_535 ? 1 : 0);
  });

  it("stands behind a host of a bounded length", () => {
    const wire = `({"startup-reply",5,"*r",0,"M",0,({({"*r","${"h".repeat(300)} 9000",}),}),1,})`;
    expect(read(wire).body).toMatchObject({ routers: [] });
  });
});

describe("errors", () => {
  it("are unk-type for a type that is not known, also one that objects have", () => {
    const text = '({"constructor",5,"M","ann","O",0,1,})';
    expect(refused(text)).toMatchObject({ code: "unk-type", packet: parse(text) });
  });

  it("name the field that cannot be read", () => {
    expect(refused('({"tell",5,"M","ann","O","bob",({}),"hi",})')).toMatchObject({
      code: "bad-pkt",
      message: "tell: bad visname",
    });
  });

  it.each(['"99999999999999999999"', "1.0e300", "9223372036854775807", '"1x"', '""'])(
    "are bad-pkt for %s where an int is due",
    (value) => {
      expect(refused(`({"auth-mud-reply",5,"M",0,"O",0,${value},})`).code).toBe("bad-pkt");
    },
  );

  it("go without the packet if that does not fit", () => {
    const to = { mud: "M", user: "ann" };
    const large = ["tell", 5, "M", "ann", "O", "bob", "Ann", "x".repeat(2 * 1024 * 1024 - 60)];
    const error = (packet: LpcValue[]): LpcValue[] =>
      writePacket(errorPacket("*r", to, "unk-dst", "No such MUD", packet));
    expect(decodeText(encodePacket(error(large)).subarray(4)).values[0]).toHaveProperty("8", 0);
    expect(decodeText(encodePacket(error([1])).subarray(4)).values[0]).toHaveProperty("8", [1]);
    expect(() => encodePacket([...large, "x".repeat(100)])).toThrow("2097152 at most");
  });
});
