import { expect, it } from "vitest";
import type { Body } from "../packets/catalogue.js";
import { readPacket } from "../packets/packet.codec.js";
import { mudlistPackets } from "../router/list-deltas.js";
import { RouterInTest } from "../router/router.fixture.js";
import {
  listsOf,
  mergeChanlist,
  mergeMudlist,
  type MudlistMerge,
  type NetworkLists,
} from "./network-lists.js";

const none: NetworkLists = listsOf(undefined, "*r");

const mudlist = (id: number, states: Record<string, number | null>): Body<"mudlist"> => ({
  mudlistId: id,
  muds: new Map(
    Object.entries(states).map(([name, state]) => {
      const entry = readPacket(["mudlist", 5, "*r", 0, 0, 0, 1, new Map([[name, [state ?? 0]]])]);
      const { muds } = entry.body as Body<"mudlist">;
      return [name, state === null ? null : (muds.get(name) ?? null)];
    }),
  ),
});
const told = (
  lists: NetworkLists,
  id: number,
  states: Record<string, number | null>,
): MudlistMerge => mergeMudlist(lists, mudlist(id, states));

it("takes each mudlist as a delta, and tells who came and went", () => {
  const first = told(none, 7, { A: -1, B: -1, C: 0, D: -1, E: -1 });
  expect(first).toMatchObject({ online: ["A", "B", "D", "E"], offline: [] });
  const second = told(first.lists, 8, { B: 0, C: -1, D: null, E: 600, F: null });
  expect(second).toMatchObject({ online: ["C"], offline: ["B", "D", "E"] });
  expect([...second.lists.muds.keys()]).toEqual(["A", "B", "C", "E"]);
  expect(second.lists.mudlistId).toBe(8);
});

it("is not moved by a copy", () => {
  const first = told(none, 7, { A: -1, B: 0 });
  const copy = told(first.lists, 7, { A: -1, B: 0 });
  expect(copy).toMatchObject({ online: [], offline: [], lists: first.lists });
});

it("takes a router's id also if it begins anew", () => {
  expect(told({ ...none, mudlistId: 9_000 }, 5, { A: -1 }).lists.mudlistId).toBe(5);
});

it("begins anew at another router", () => {
  const { lists } = told(none, 7, { A: -1 });
  expect(listsOf(lists, "*R")).toBe(lists);
  expect(listsOf(lists, "*q")).toEqual({ ...none, router: "*q" });
});

it("keeps the channels likewise", () => {
  const channels = new Map([
    ["a", { host: "A", type: 0 as const }],
    ["b", null],
  ]);
  const known = { ...none, channels: new Map([["b", { host: "B", type: 1 as const }]]) };
  expect(mergeChanlist(known, { chanlistId: 3, channels })).toEqual({
    ...none,
    chanlistId: 3,
    channels: new Map([["a", { host: "A", type: 0 }]]),
  });
});

it("comes to the router's list, whenever it asks for what it lacks", () => {
  const router = new RouterInTest();
  let lists = none;
  const update = (): void => {
    for (const packet of mudlistPackets(router.view, "M", lists.mudlistId)) {
      lists = mergeMudlist(lists, readPacket(packet).body as Body<"mudlist">).lists;
    }
  };
  for (const name of ["A", "B", "C"]) router.register(name);
  update();
  router.tell("A", '({"shutdown",5,"A",0,"*r",0,700000,})');
  router.register("D");
  router.tell("B", '({"shutdown",5,"B",0,"*r",0,0,})');
  update();
  const states = Array.from(lists.muds, ([name, { state }]) => [name, state]);
  expect(Object.fromEntries(states)).toEqual({ B: 0, C: -1, D: -1 });
});
