import { describe, expect, it } from "vitest";
import { parse } from "../router/router.fixture.js";
import { readPacket, type Packet } from "../packets/packet.codec.js";
import { matchReply, type Pending } from "./requests.js";

const read = (text: string): Packet => readPacket(parse(text));

const who: Pending = { type: "who-req", mud: "Other", user: "ann" };
const later: Pending = { ...who };
const finger: Pending = { type: "finger-req", mud: "Other", user: "ann" };
const locate: Pending = { type: "locate-req", mud: null, user: "ann" };
const lobby: Pending = { type: "chan-who-req", mud: "Other", user: "ann", channel: "lobby" };
const tell: Pending = { type: "tell", mud: "Third", user: "ann" };
const all = [who, later, finger, locate, lobby, tell];

describe("a reply", () => {
  const whoReply = (from: string, user: string): Packet =>
    read(`({"who-reply",5,"${from}",0,"M","${user}",({}),})`);

  it("is to the oldest request of its kind, MUD and user", () => {
    const match = matchReply(all, whoReply("OTHER", "Ann"));
    expect(match).toMatchObject({ kind: "reply", last: true });
    expect((match as { request: Pending }).request).toBe(who);
    expect(matchReply(all, whoReply("Third", "ann"))).toBeUndefined();
    expect(matchReply(all, whoReply("Other", "bob"))).toBeUndefined();
    expect(matchReply([finger], whoReply("Other", "ann"))).toBeUndefined();
  });

  it("to a locate may be followed by others, from any MUD", () => {
    const reply = read('({"locate-reply",5,"Third",0,"M","ann","Third","Bob",5,"here",})');
    expect(matchReply(all, reply)).toEqual({ kind: "reply", request: locate, last: false });
  });

  it("to a chan-who is for its channel", () => {
    const reply = (channel: string): Packet =>
      read(`({"chan-who-reply",5,"Other",0,"M","ann","${channel}",({}),})`);
    expect(matchReply(all, reply("lobby"))).toMatchObject({ request: lobby });
    expect(matchReply(all, reply("other"))).toBeUndefined();
  });

  it("is nothing else", () => {
    expect(
      matchReply(all, read('({"tell",5,"Third","ann","M","ann","Bob","hi",})')),
    ).toBeUndefined();
  });
});

describe("of several requests of a user", () => {
  const asked = (type: Pending["type"], name: string, mud: string | null = "Other"): Pending => ({
    type,
    mud,
    user: "ann",
    name,
  });
  const request = (pending: Pending[], text: string): Pending | undefined =>
    (matchReply(pending, read(text)) as { request: Pending } | undefined)?.request;
  const FINGER = '({"finger-reply",5,"Other",0,"M","ann",';

  it("a reply is to the one about the user it names", () => {
    const fingers = [asked("finger-req", "bob"), asked("finger-req", "eve")];
    expect(request(fingers, `${FINGER}"Eve",})`)).toBe(fingers[1]);
    expect(request(fingers, `${FINGER}"%^RED%^E%^RESET%^ve",})`)).toBe(fingers[1]);
    expect(request(fingers, `${FINGER}"Sir Eve",})`)).toBe(fingers[1]);
    expect(request(fingers, `${FINGER}"Robert",})`)).toBe(fingers[0]);
    expect(request(fingers, `${FINGER}0,})`)).toBe(fingers[0]);
    const locates = [asked("locate-req", "bob", null), asked("locate-req", "eve", null)];
    const located = '({"locate-reply",5,"Third",0,"M","ann","Third","Eve",5,"here",})';
    expect(request(locates, located)).toBe(locates[1]);
    const users = [asked("chan-user-req", "bob"), asked("chan-user-req", "eve")];
    const user = (name: string): string =>
      `({"chan-user-reply",5,"Other",0,"M","ann","${name}","Bob",1,})`;
    expect(request(users, user("EVE"))).toBe(users[1]);
    expect(request(users, user("joe"))).toBeUndefined();
  });

  it("an error is about the one whose packet it carries, or whom it names", () => {
    const error = (message: string, packet: string): string =>
      `({"error",5,"Other",0,"M","ann","unk-user","${message}",${packet},})`;
    const tells = [asked("tell", "bob"), asked("tell", "eve")];
    expect(request(tells, error("?", '({"tell",5,"M","ann","Other","Eve","Ann","hi",})'))).toBe(
      tells[1],
    );
    expect(request(tells, error("No such user: Eve", "0"))).toBe(tells[1]);
    const fingers = [asked("finger-req", "bob"), asked("finger-req", "eve")];
    expect(request(fingers, error("?", '({"finger-req",5,"M","ann","Other",0,"Eve",})'))).toBe(
      fingers[1],
    );
    const whos: Pending[] = ["lobby", "den"].map((channel) => ({
      type: "chan-who-req",
      mud: "Other",
      user: "ann",
      channel,
    }));
    expect(request(whos, error("?", '({"chan-who-req",5,"M","ann","Other",0,"den",})'))).toBe(
      whos[1],
    );
  });
});

describe("an error", () => {
  const error = (from: string, message: string, packet: string): Packet =>
    read(`({"error",5,"${from}",0,"M","ann","unk-dst","${message}",${packet},})`);

  it("is about the packet it carries", () => {
    const packet = '({"finger-req",5,"M","ann","other",0,"bob",})';
    expect(matchReply(all, error("*r", "?", packet))).toEqual({ kind: "error", request: finger });
    const unasked = '({"finger-req",5,"M","ann","Fourth",0,"bob",})';
    expect(matchReply(all, error("*r", "?", unasked))).toBeUndefined();
  });

  it("without one is about the MUD it comes from, or names", () => {
    expect(matchReply(all, error("Third", "No such user", "0"))).toMatchObject({ request: tell });
    expect(matchReply(all, error("*r", "third is unknown", "0"))).toMatchObject({ request: tell });
    expect(matchReply(all, error("*r", "?", "0"))).toBeUndefined();
    expect(matchReply(all, error("Third", "?", "({})"))).toMatchObject({ request: tell });
  });

  it("about a locate is no news", () => {
    const packet = '({"locate-req",5,"M","ann",0,0,"bob",})';
    expect(matchReply(all, error("Other", "?", packet))).toEqual({ kind: "noise" });
  });
});
