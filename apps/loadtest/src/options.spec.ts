import { expect, test } from "vitest";
import { listOf, readOptions } from "./options.js";
import { SCENARIOS } from "./scenarios.js";

const URL_OPTION = ["--url", "http://127.0.0.1:8080", "--tcp-url", "tcp://127.0.0.1:8081"];
const read = (...args: string[]) => readOptions([...URL_OPTION, ...args])!;
const DISTURB = ["--disturb", "true"];

test.each(Object.keys(SCENARIOS))("%s can be played as it is, and its phases are whole", (name) => {
  const { spec, scenario } = read(name, ...DISTURB);
  expect(scenario).toMatchObject({ connections: spec.connections, roomSize: spec.room });
  const phases = spec.phases ?? [];
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  expect(seconds).toBeCloseTo(phases.length === 0 ? 0 : 1);
  // Who leaves, or is closed for being slow, must return from its cursor.
  const comesBack = phases.some(({ churn, stalled, disturbed }) => churn ?? stalled ?? disturbed);
  expect(spec.returning === true || !comesBack).toBe(true);
});

test("options take the place of the scenario's own figures", () => {
  const { spec, scenario, missed, withinSeconds } = read(
    ...["reconnect-storm", "--connections", "50", "--room", "5", "--size", "1000", "--rate", "7"],
    ...["--minutes", "2", "--workers", "3", "--missed", "9", "--within", "1"],
  );
  expect(spec).toMatchObject({ connections: 50, room: 5, size: 1_000, rate: 7, seconds: 120 });
  expect(scenario).toMatchObject({ connections: 50, roomSize: 5, textSize: 1_000, workers: 3 });
  expect([missed, withinSeconds]).toEqual([9, 1]);
});

test("mixed means that all protocols take turns", () => {
  expect(read("baseline").scenario.otherProtocols).toEqual([]);
  expect(read("baseline", "--protocol", "mixed").scenario.otherProtocols).toHaveLength(2);
  expect(read("mixed").scenario.otherProtocols).toHaveLength(3);
});

test("processes are given by name", () => {
  expect(read("baseline", "--pids", "edges=1,2", "--pids", "redis=3").processes).toEqual({
    edges: [1, 2],
    redis: [3],
  });
});

test.each([
  [["nonsense"], "no scenario is called nonsense"],
  [["baseline", "surplus"], 'what is "surplus"?'],
  [["baseline", "--rate", "-1"], "--rate"],
  [["baseline", "--rate", "many"], "--rate: many is not a number"],
  [["baseline", "--rate", "Infinity"], "--rate"],
  [["baseline", "--workers", "1.5"], "--workers: 1.5 is not a whole number"],
  [["baseline", "--connections", "0"], "--connections"],
  [["baseline", "--repeat", "0.5"], "--repeat"],
  [["inbox", "--connections", "1"], "nobody writes to himself"],
  [["tells", "--connections", "1"], "nobody writes to himself"],
  [["tells", "--protocol", "ws"], "tells are told by MUDs"],
  [["tells", "--size", "2049"], "nothing longer than 2048 bytes"],
  [["inbox", "--protocol", "intermud"], "no users' inboxes"],
  [["churn", "--protocol", "intermud"], "no cursors"],
  [["fan-in", "--connections", "5", "--room", "5"], "others must publish"],
  [["soak", "--seconds", "60"], "nothing can be told of growth"],
  [["rolling-restart"], "needs --disturb"],
  [["baseline", "--protocol", "smoke"], "none of ws, tcp, socketio, mixed, intermud"],
  [["baseline", "--tcp-url", "127.0.0.1:8081"], "not tcp://HOST:PORT"],
  [["baseline", "--pids", "edges"], "NAME=PID"],
  [["baseline", "--unknown"], "unknown"],
])("%j is refused", (args, why) => {
  expect(() => read(...args)).toThrow(why);
});

test("a scenario needs a cluster, the list does not", () => {
  expect(() => readOptions(["baseline"])).toThrow("--url is missing");
  expect(readOptions(["list"])).toBeNull();
  for (const name of Object.keys(SCENARIOS)) expect(listOf(SCENARIOS)).toContain(name);
});

test("who speaks over TCP needs its address, and no other does", () => {
  expect(read("baseline", "--protocol", "tcp").scenario.target).toMatchObject({
    url: "http://127.0.0.1:8080/",
    tcpUrl: "tcp://127.0.0.1:8081",
  });
  const url = ["--url", "http://127.0.0.1:8080"];
  expect(() => readOptions(["mixed", ...url])).toThrow("--tcp-url is missing");
  expect(readOptions(["baseline", ...url])!.scenario.target.tcpUrl).toBeUndefined();
});

test("who speaks intermud is one of the demo MUDs, several times over where there are too few", () => {
  expect(read("tells", "--connections", "3").scenario.muds).toEqual([
    { name: "demo-mud-1", apiKey: "demo-key-mud-1" },
    { name: "demo-mud-2", apiKey: "demo-key-mud-2" },
    { name: "demo-mud-3", apiKey: "demo-key-mud-3" },
  ]);
  expect(read("tcp-idle", "--protocol", "intermud").scenario.muds).toHaveLength(200);
  expect(read("tcp-idle").scenario.muds).toBeUndefined();
});

test("whether arguments make sense can be asked without a cluster", () => {
  expect(readOptions(["rolling-restart", "--check"])!.check).toBe(true);
  expect(() => readOptions(["rolling-restrat", "--check"])).toThrow("no scenario");
});

test("an idle Socket.IO connection may take more memory", () => {
  expect(read("idle").spec.targets).toMatchObject({ edgeBytes: 20_000, setUp: 100 });
  expect(read("idle", "--protocol", "socketio").spec.targets).toMatchObject({
    edgeBytes: 32_768,
    setUp: 100,
  });
  expect(read("idle").spec.targets!.edgeBytes).toBe(20_000);
});
