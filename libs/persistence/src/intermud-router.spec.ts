import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestDatabase, type TestDatabase } from "./database.fixture.js";
import {
  IntermudRouterRepository,
  type RouterChange,
  type RouterMud,
} from "./intermud-router.repository.js";
import { TenantRepository } from "./tenant.repository.js";

let database: TestDatabase;
let rows: IntermudRouterRepository;

beforeAll(async () => {
  database = await startTestDatabase();
  rows = new IntermudRouterRepository(database.connection.db, "net");
  await new TenantRepository(database.connection.db).create("net");
});
beforeEach(() =>
  database.connection.pool.query(
    "truncate intermud_muds, intermud_channels, intermud_returns, intermud_routers, channels cascade",
  ),
);
afterAll(() => database.stop());

const mud = (name: string, change: Partial<RouterMud> = {}): RouterMud => ({
  name,
  tenant: name.toLowerCase(),
  native: true,
  made: true,
  foreign: false,
  password: 2 ** 31 - 1,
  router: "*r",
  address: "10.0.0.1",
  description: '({"é\u2028",})',
  connected: true,
  connection: { process: "edge.1", id: "c1" },
  droppedAt: 0,
  state: -1,
  removed: false,
  changedIn: 1_800_000_000,
  ...change,
});

const channel = (name: string): RouterChange["channels"][number] => ({
  name,
  host: "A",
  type: 2,
  muds: ["B", 'C "x"'],
  listeners: ["A"],
  removed: false,
  changedIn: 7,
  alteredIn: 8,
});

const LISTS = { mudlistId: 3, chanlistId: 4, mudlistFloor: 1, chanlistFloor: 2 };

function changed(change: Partial<RouterChange>, since = 0) {
  const whole: RouterChange = {
    lists: LISTS,
    muds: [],
    channels: [],
    forgottenMuds: [],
    forgottenChannels: [],
    sent: [],
    ...change,
  };
  return rows.change(since, null, async ({ delta }) => ({ change: whole, result: delta }));
}

describe("the rows of the router", () => {
  it("come back as they were stored", async () => {
    expect(await rows.delta(0)).toBeNull();
    const away = mud("B", { connection: null, connected: false, droppedAt: 9, state: 600 });
    const { version, result } = await changed({
      muds: [mud("A"), away],
      channels: [channel("x y")],
    });
    expect(result).toMatchObject({ version: 0, muds: [] });
    expect(version).toBe(1);
    expect(await rows.delta(0)).toEqual({
      ...LISTS,
      version: 1,
      whole: true,
      muds: [mud("A"), away],
      channels: [channel("x y")],
    });
  });

  it("are told from a version on", async () => {
    await changed({ muds: [mud("A")], channels: [channel("x")] });
    await changed({ muds: [mud("B")] });
    expect(await rows.delta(1)).toMatchObject({
      version: 2,
      whole: false,
      muds: [{ name: "B" }],
      channels: [],
    });
    expect(await rows.delta(2)).toMatchObject({ version: 2, whole: false, muds: [] });
    // Postgres was restored to an earlier point.
    expect(await rows.delta(3)).toMatchObject({ version: 2, whole: true, muds: [{}, {}] });
  });

  it("are told whole to who knows what has been forgotten", async () => {
    await changed({ muds: [mud("A"), mud("B")], channels: [channel("x")] });
    await changed({ forgottenMuds: ["A"], forgottenChannels: ["x"] });
    expect(await rows.delta(1)).toMatchObject({ whole: true, muds: [{ name: "B" }], channels: [] });
    expect(await rows.delta(2)).toMatchObject({ whole: false, muds: [] });
  });

  it("have no new version for what only a MUD’s return needs, and its ids only rise", async () => {
    await changed({ muds: [mud("A")] });
    expect((await changed({ sent: [{ mud: "A", mudlistId: 9, chanlistId: 5 }] })).version).toBe(1);
    await rows.sent([
      { mud: "B", chanlistId: 2 },
      { mud: "A", mudlistId: 8, chanlistId: 6 },
    ]);
    const session = "0199c0de-0000-7000-8000-000000000001";
    await rows.setSession("A", session);
    const { result } = await rows.change(0, "A", async ({ back }) => ({
      change: null,
      result: back,
    }));
    expect(result).toEqual({ sessionId: session, mudlistId: 9, chanlistId: 6 });
  });

  it("are changed by one after the other, each of which sees what the one before has stored", async () => {
    const seen: number[] = [];
    const add = (i: number) =>
      rows.change(0, null, async ({ delta }) => {
        seen.push(delta.muds.length);
        const lists = { ...LISTS, mudlistId: delta.mudlistId + 1 };
        const change = { lists, muds: [mud(`M${i}`)], channels: [], sent: [] };
        return { change: { ...change, forgottenMuds: [], forgottenChannels: [] }, result: null };
      });
    await Promise.all(Array.from({ length: 12 }, (_, i) => add(i)));
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(await rows.delta(0)).toMatchObject({ version: 12, mudlistId: 12 });
  });

  it("stay as they are if a decision fails", async () => {
    await changed({ muds: [mud("A")] });
    const failing = rows.change(0, null, async ({ tx }) => {
      await tx.deleteFrom("intermud_muds").execute();
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await rows.delta(0)).toMatchObject({ version: 1, muds: [{ name: "A" }] });
  });

  it("are another federation's in another federation", async () => {
    await new TenantRepository(database.connection.db).create("other");
    const others = new IntermudRouterRepository(database.connection.db, "other");
    await changed({ muds: [mud("A")] });
    expect(await others.delta(0)).toBeNull();
  });
});

it("gives the turn to look to one of many", async () => {
  await changed({});
  const take = () =>
    rows.change(0, null, async ({ tx }) => ({
      change: null,
      result: await rows.takesTurn(tx, 60),
    }));
  const turns = await Promise.all(Array.from({ length: 6 }, take));
  expect(turns.filter(({ result }) => result)).toHaveLength(1);
});

it("finds the channels of the federation that are not as the list says", async () => {
  const open = { visibility: "public", read: "none", publish: "none", join: "none" } as const;
  const shut = { visibility: "private", read: "guest", publish: "member", join: "guest" } as const;
  const topics = [
    { topic: "channel:new@net", policy: open },
    { topic: "channel:listed@net", policy: open },
    { topic: "channel:shut@net", policy: shut },
    { topic: "channel:theirs@net", policy: shut },
  ];
  const own = (name: string) => ({ ...channel(name), host: "*r" });
  const found = await rows.change(0, null, async ({ tx }) => {
    await rows.setPolicies(tx, topics);
    return { change: null, result: await rows.strayChannels(tx, "*r") };
  });
  expect(found.result.open).toEqual(["channel:listed@net", "channel:new@net"]);
  await changed({ channels: [own("listed"), own("shut"), own("gone")] });
  const { result } = await rows.change(0, null, async ({ tx }) => ({
    change: null,
    result: {
      stray: await rows.strayChannels(tx, "*r"),
      taken: await Promise.all(
        ["theirs", "listed", "free"].map((name) => rows.isTaken(tx, `channel:${name}@net`)),
      ),
    },
  }));
  expect(result).toEqual({
    stray: { open: ["channel:new@net"], closed: ["gone", "shut"] },
    taken: [true, false, false],
  });
});
