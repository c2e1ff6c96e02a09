import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NetworkMud } from "@tellwire/contract";
import { AppendRepository } from "./append.repository.js";
import { ConsumerRepository } from "./consumer.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { FederationRepository } from "./federation.repository.js";
import { LeaseLostError, LeaseRepository, type Lease } from "./lease.repository.js";
import { TenantRepository } from "./tenant.repository.js";
import { UPLINK, UplinkRepository } from "./uplink.repository.js";
import { UplinkStateRepository } from "./uplink-state.repository.js";

let database: TestDatabase;
let uplinks: UplinkRepository;
let states: UplinkStateRepository;
let leases: LeaseRepository;
let consumers: ConsumerRepository;

const description = {
  playerPort: 4000,
  tcpPort: 0,
  udpPort: 0,
  mudlib: "Tellwire",
  baseMudlib: "",
  driver: "Node",
  mudType: "Gateway",
  openStatus: "open",
  adminEmail: "root@example.com",
  services: { tell: 1 },
};
const NET = {
  tenant: "net",
  federation: "muds",
  mud: "Our MUD",
  description,
  routers: [{ name: "*i4", host: "router.example.com", port: 8080 }],
  home: null,
};
const mud = (state = -1): NetworkMud => ({ ...description, state, address: "192.0.2.1" });

beforeAll(async () => {
  database = await startTestDatabase();
  const { db } = database.connection;
  uplinks = new UplinkRepository(db);
  states = new UplinkStateRepository(db);
  leases = new LeaseRepository(db);
  consumers = new ConsumerRepository(db);
  for (const tenant of ["net", "other"]) await new TenantRepository(db).create(tenant);
});
beforeEach(async () => {
  await database.connection.pool.query("truncate leases, consumer_cursors, uplinks cascade");
  await uplinks.add(NET);
});
afterAll(() => database.stop());

const take = async (): Promise<Lease> =>
  (await leases.acquire("net", UPLINK, "worker-1", 3_600_000))!;

describe("an uplink", () => {
  it("is set up once, and carries what comes to its inbox from then on", async () => {
    expect(await uplinks.add({ ...NET, mud: "Another" })).toBe(false);
    const version = expect.any(Number);
    expect(await uplinks.find("net")).toEqual({ ...NET, enabled: true, version });
    expect(await uplinks.find("other")).toBeNull();
    const { positions } = await consumers.positions("net", UPLINK);
    expect(positions).toEqual([{ topic: "inbox@net", cursor: 0, head: 0 }]);
  });

  it("is offered while nobody holds it", async () => {
    expect(await uplinks.enabled()).toMatchObject([{ tenant: "net", free: true }]);
    const lease = await take();
    expect(await uplinks.enabled()).toMatchObject([{ free: false }]);
    await leases.release(lease);
    expect(await uplinks.enabled()).toMatchObject([{ free: true }]);
    await uplinks.setEnabled("net", false);
    expect(await uplinks.enabled()).toEqual([]);
    expect(await uplinks.setEnabled("none", true)).toBe(false);
  });

  it("joins each channel to one of the network, from its newest message on", async () => {
    const topic = "channel:lobby@muds";
    const log = new AppendRepository(database.connection.pool);
    await log.append({ publishes: [publish({ topic }), publish({ topic })], heads: [] });
    const uplink = (await uplinks.find("net"))!;
    expect(await uplinks.carry(uplink, "lobby", "imud_gossip")).toBe(true);
    expect(await uplinks.carry(uplink, "lobby", "dchat")).toBe(false);
    expect(await uplinks.carry(uplink, "dchat", "imud_gossip")).toBe(false);
    expect(await uplinks.channels("net")).toEqual([{ channel: "lobby", remote: "imud_gossip" }]);
    expect((await consumers.positions("net", UPLINK)).positions).toContainEqual({
      topic,
      cursor: 2,
      head: 2,
    });
    expect((await uplinks.find("net"))!.version).toBeGreaterThan(uplink.version);
    expect(await uplinks.drop(uplink, "lobby")).toBe(true);
    expect(await uplinks.drop(uplink, "lobby")).toBe(false);
    expect((await consumers.positions("net", UPLINK)).positions).toHaveLength(1);
  });

  it("goes with all it knew", async () => {
    await states.savePassword(await take(), "*i4", 1234);
    const { version } = (await uplinks.find("net"))!;
    expect(await uplinks.remove("net")).toBe(true);
    expect(await uplinks.remove("net")).toBe(false);
    expect((await consumers.positions("net", UPLINK)).positions).toEqual([]);
    await uplinks.add(NET);
    expect((await uplinks.find("net"))!.version).not.toBe(version);
    expect((await states.load("net")).passwords).toEqual({});
  });
});

describe("what a network has told", () => {
  const muds = (...entries: [string, NetworkMud | null][]) => ({
    router: "*i4",
    id: 7,
    entries: new Map(entries),
  });

  it("is kept as deltas, with their ids and the passwords", async () => {
    const lease = await take();
    await states.savePassword(lease, "*i4", -5);
    await states.savePassword(lease, "*yatmim", 6);
    await states.saveMudlist(lease, muds(["Dark Isle", mud()], ["Gone", mud(0)]), true);
    await states.saveMudlist(lease, { ...muds(["Gone", null], ["New", mud()]), id: 8 }, false);
    const channels = new Map([["chat", { host: "Dark Isle", type: 2 as const }]]);
    await states.saveChanlist(lease, { router: "*i4", id: 3, entries: channels }, false);
    expect(await states.load("net")).toEqual({
      passwords: { "*i4": -5, "*yatmim": 6 },
      listsRouter: "*i4",
      mudlistId: 8,
      chanlistId: 3,
      muds: new Map([
        ["Dark Isle", mud()],
        ["New", mud()],
      ]),
      channels,
    });
    await states.saveMudlist(lease, { ...muds(["Else", mud()]), router: "*yatmim" }, true);
    expect(await states.load("net")).toMatchObject({
      listsRouter: "*yatmim",
      chanlistId: 0,
      muds: new Map([["Else", mud()]]),
      channels: new Map(),
    });
  });

  it("is known to the federation, as long as the network’s tenant is a member", async () => {
    const federations = new FederationRepository(database.connection.db);
    await federations.create("muds");
    await states.saveMudlist(await take(), muds(["Dark Isle", mud(0)], ["Arda", mud()]), true);
    expect(await federations.find("muds")).toMatchObject({ foreign: [] });
    await federations.change("muds", "net", "join");
    expect(await federations.find("muds")).toMatchObject({
      foreign: [
        { tenant: "net", name: "Arda", entry: mud() },
        { tenant: "net", name: "Dark Isle", entry: mud(0) },
      ],
    });
  });

  it("is written by whoever has the lease, and by nobody else", async () => {
    const old = (await leases.acquire("net", UPLINK, "worker-2", 0))!;
    await states.connected(old, "*i4");
    await take();
    for (const write of [
      () => states.savePassword(old, "*i4", 1),
      () => states.connected(old, "*other"),
      () => states.disconnected(old, "lost"),
      () => states.saveMudlist(old, muds(["Dark Isle", mud()]), true),
      () => states.saveChanlist(old, { router: "*i4", id: 1, entries: new Map() }, true),
    ]) {
      await expect(write()).rejects.toThrow(LeaseLostError);
    }
    expect(await states.load("net")).toMatchObject({ passwords: {}, listsRouter: null });
    const [status] = await uplinks.list();
    expect(status).toMatchObject({ holder: "worker-1", router: "*i4", muds: 0, lastError: null });
    expect(status!.connectedSince).toBeInstanceOf(Date);
  });
});
