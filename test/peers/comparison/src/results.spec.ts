import { expect, test } from "vitest";
import { without } from "./results.js";
import { TELLWIRE } from "./systems.js";
import type { TurnResult } from "./turn.js";

const turn = (group: number, system: string, connections = 100): TurnResult => ({
  at: "",
  system,
  kind: "rooms",
  connections,
  roomSize: 10,
  group,
  steps: [],
});

test("only what is measured anew goes, and turns of Tellwire that no peer is left for", () => {
  const shared = [turn(1, "nchan"), turn(1, "rabbitmq"), turn(1, TELLWIRE)];
  const alone = [turn(2, "nchan"), turn(2, TELLWIRE)];
  const more = [turn(3, "nchan", 1_000), turn(3, TELLWIRE, 1_000)];
  const wanted = { peers: ["nchan"], pairs: 5, connections: [100], roomSize: 10 };
  expect(without([...shared, ...alone, ...more], wanted)).toEqual([...shared.slice(1), ...more]);
});
