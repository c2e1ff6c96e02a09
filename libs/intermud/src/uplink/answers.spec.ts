import { expect, it } from "vitest";
import { readPacket, writePacket } from "../packets/packet.codec.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import { parse } from "../router/router.fixture.js";
import { answerRequest, type Presence } from "./answers.js";
import { listsOf } from "./network-lists.js";
import { startupRequest } from "./startup.js";

const presence: Presence = {
  mud: "M",
  users: [
    {
      name: "ann",
      visname: "Ann",
      title: "the Wise",
      realName: null,
      email: null,
      loginOutTime: "Mon Jan 1",
      idle: 7,
      ipName: null,
      level: "Wizard",
      extra: null,
      status: "in the tavern",
      gender: 1,
    },
  ],
  channels: new Map([["lobby", ["Ann"]]]),
  sessionKey: 4711,
};

const answer = (text: string): string | undefined => {
  const packet = answerRequest(presence, readPacket(parse(text)));
  return packet && encodeText(writePacket(packet));
};

it.each([
  ['({"who-req",5,"O","bob","M",0,})', '({"who-reply",5,"M",0,"O","bob",({({"Ann",7,"",}),}),})'],
  [
    '({"finger-req",5,"O","bob","M",0,"ANN",})',
    '({"finger-reply",5,"M",0,"O","bob","Ann","the Wise",0,0,"Mon Jan 1",7,0,"Wizard",0,})',
  ],
  [
    '({"finger-req",5,"O","bob","M",0,"eve",})',
    '({"error",5,"M",0,"O","bob","unk-user","No such user: eve",({"finger-req",5,"O","bob","M",0,"eve",}),})',
  ],
  [
    '({"locate-req",5,"O","bob",0,0,"ann",})',
    '({"locate-reply",5,"M",0,"O","bob","M","Ann",7,"in the tavern",})',
  ],
  ['({"locate-req",5,"O","bob",0,0,"eve",})', undefined],
  [
    '({"chan-who-req",5,"O","bob","M",0,"lobby",})',
    '({"chan-who-reply",5,"M",0,"O","bob","lobby",({"Ann",}),})',
  ],
  [
    '({"chan-who-req",5,"O","bob","M",0,"other",})',
    '({"error",5,"M",0,"O","bob","unk-channel","Not listening to other",({"chan-who-req",5,"O","bob","M",0,"other",}),})',
  ],
  [
    '({"chan-user-req",5,"O",0,"M",0,"ann",})',
    '({"chan-user-reply",5,"M",0,"O",0,"ann","Ann",1,})',
  ],
  [
    '({"chan-user-req",5,"O",0,"M",0,"eve",})',
    '({"error",5,"M",0,"O",0,"unk-user","No such user: eve",({"chan-user-req",5,"O",0,"M",0,"eve",}),})',
  ],
  ['({"auth-mud-req",5,"O",0,"M",0,})', '({"auth-mud-reply",5,"M",0,"O",0,4711,})'],
  [
    '({"chan-filter-req",5,"*r",0,"M",0,"lobby",({"channel-m",}),})',
    '({"chan-filter-reply",5,"M",0,"*r",0,"lobby",({"channel-m",}),})',
  ],
  ['({"tell",5,"O","bob","M","ANN","Bob","hi",})', undefined],
  ['({"who-reply",5,"O","bob","M","ann",({}),})', undefined],
  [
    '({"tell",5,"O","bob","M","eve","Bob","hi",})',
    '({"error",5,"M",0,"O","bob","unk-user","No such user: eve",({"tell",5,"O","bob","M","eve","Bob","hi",}),})',
  ],
  [
    '({"emoteto",5,"O","bob","M",0,"Bob","hi",})',
    '({"error",5,"M",0,"O","bob","unk-user","No such user: none",({"emoteto",5,"O","bob","M",0,"Bob","hi",}),})',
  ],
])("%s is answered with %s", (request, reply) => {
  expect(answer(request)).toBe(reply);
});

it("registers with what it has of an earlier time", () => {
  const description = {
    playerPort: 4000,
    tcpPort: 0,
    udpPort: 0,
    mudlib: "Lib",
    baseMudlib: "Base",
    driver: "Driver",
    mudType: "LP",
    openStatus: "open",
    adminEmail: "a@b.c",
    services: new Map([["tell", 1]]),
    otherData: new Map(),
  };
  const lists = { ...listsOf(undefined, "*r"), mudlistId: 7, chanlistId: 8 };
  const request = (router: string, ids: string): string =>
    `({"startup-req-3",5,"M",0,"${router}",0,4711,${ids},4000,0,0,"Lib","Base","Driver","LP",` +
    '"open","a@b.c",(["tell":1,]),([]),})';
  const mud = { name: "M", description };
  expect(encodeText(startupRequest(mud, "*r", 4711, lists))).toBe(request("*r", "7,8"));
  expect(encodeText(startupRequest(mud, "*q", 4711, lists))).toBe(request("*q", "0,0"));
  expect(encodeText(startupRequest(mud, "*r", 4711, undefined))).toBe(request("*r", "0,0"));
});
