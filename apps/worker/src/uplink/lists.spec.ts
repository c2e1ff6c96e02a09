import { expect, it } from "vitest";
import { listsOf, type MudEntry } from "@tellwire/intermud";
import { keptChannels, keptMuds, listsOfState, storedMuds } from "./lists.js";

const mud = (change: Partial<MudEntry> = {}): MudEntry => ({
  state: -1,
  address: "192.0.2.1",
  playerPort: 4000,
  tcpPort: 0,
  udpPort: 0,
  mudlib: "Lib\0",
  baseMudlib: "",
  driver: "",
  mudType: "",
  openStatus: "",
  adminEmail: "",
  services: new Map([["tell", 1]]),
  otherData: new Map([["x", "y"]]),
  ...change,
});
const empty = listsOf(undefined, "*peer");

it("keeps of a mudlist what can be a MUD, and not more than a bound", () => {
  const told = new Map<string, MudEntry | null>([
    ["Isle", mud()],
    ["Gone", null],
    ["*router", mud()],
    ["Bell\u0007", mud()],
    ["Huge", mud({ mudlib: "x".repeat(9000) })],
  ]);
  const kept = keptMuds(empty, told);
  expect([...kept.keys()]).toEqual(["Isle", "Gone"]);
  const stored = storedMuds(kept);
  expect(stored.get("Isle")).toMatchObject({ mudlib: "Lib", services: { tell: 1 } });
  expect(stored.get("Gone")).toBeNull();

  const many = new Map(Array.from({ length: 6000 }, (_, n) => [`MUD ${n}`, mud()] as const));
  const full = { ...empty, muds: keptMuds(empty, many) as Map<string, MudEntry> };
  expect(full.muds.size).toBe(5000);
  const more = keptMuds(
    full,
    new Map([
      ["MUD 1", mud()],
      ["MUD 5999", mud()],
    ]),
  );
  expect([...more.keys()]).toEqual(["MUD 1"]);
});

it("keeps of a chanlist what can be a channel", () => {
  const told = new Map([
    ["chat", { host: "Isle", type: 0 as const }],
    ["with blank", { host: "Isle", type: 0 as const }],
    ["gone", null],
  ]);
  expect([...keptChannels(empty, told).keys()]).toEqual(["chat", "gone"]);
});

it("gives lists back as they were stored", () => {
  const muds = storedMuds(keptMuds(empty, new Map([["Isle", mud()]]))) as never;
  const state = {
    passwords: {},
    listsRouter: "*peer",
    mudlistId: 3,
    chanlistId: 4,
    muds,
    channels: new Map(),
  };
  expect(listsOfState(state)).toMatchObject({
    router: "*peer",
    mudlistId: 3,
    muds: new Map([["Isle", { ...mud(), mudlib: "Lib", otherData: new Map() }]]),
  });
  expect(listsOfState({ ...state, listsRouter: null })).toBeUndefined();
});
