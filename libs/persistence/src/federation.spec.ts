import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AccessRepository } from "./access.repository.js";
import { startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { FederationRepository } from "./federation.repository.js";
import { KeyRepository } from "./key.repository.js";
import { TenantRepository } from "./tenant.repository.js";

describe("federations", () => {
  let database: TestDatabase;
  let federations: FederationRepository;
  let tenants: TenantRepository;
  let access: AccessRepository;
  let net: string;
  let n = 0;

  beforeAll(async () => {
    database = await startTestDatabase();
    const { db, pool } = database.connection;
    federations = new FederationRepository(db);
    tenants = new TenantRepository(db);
    access = new AccessRepository(pool, 100_000);
    for (const tenant of ["one", "two", "acme"]) await tenants.create(tenant);
    await tenants.setSettings("two", { shared_inbox: true });
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    net = `net-${++n}`;
    await federations.create(net);
  });

  const refused = (reason: string) => expect.objectContaining({ reason });
  const federated = async (topic: string, user: string, create = false): Promise<boolean> => {
    const [answer] = await access.load([{ topic, user }], create);
    return answer!.federated === true;
  };

  it("are tenants of their name, made once", async () => {
    expect(await federations.create(net)).toBe(false);
    expect(await tenants.find(net)).toMatchObject({ status: "active" });
    expect(await federations.create("acme")).toBe(true);
    expect(await federations.find("one")).toBeNull();
  });

  it.each([
    ["grant", "accept"],
    ["accept", "grant"],
  ] as const)("count a member once both sides agree: %s, then %s", async (first, second) => {
    await federations.change(net, "one", "join");
    const half = await federations.change(net, "two", first, "Second MUD");
    expect(half).toMatchObject({ granted: first === "grant", accepted: first === "accept" });
    expect(await federations.isMember(net, "two")).toBe(false);
    expect(await federations.areFellows("one", "two")).toBe(false);
    expect(await federations.change(net, "two", second)).toEqual({
      federation: net,
      tenant: "two",
      name: "Second MUD",
      granted: true,
      accepted: true,
    });
    expect(await federations.isMember(net, "two")).toBe(true);
    expect(await federations.areFellows("one", "two")).toBe(true);
    expect(await federations.find(net)).toEqual({
      federation: net,
      members: [
        { tenant: "one", name: "one", sharedInbox: false },
        { tenant: "two", name: "Second MUD", sharedInbox: true },
      ],
      foreign: [],
    });
    expect(await federations.leave(net, "two")).toBe(true);
    expect(await federations.leave(net, "two")).toBe(false);
    expect(await federations.areFellows("one", "two")).toBe(false);
  });

  it("have each name once, without regard to case, and none that is unfit", async () => {
    await federations.change(net, "one", "join", "Dark Isle");
    await expect(federations.change(net, "two", "join", "dark ISLE")).rejects.toEqual(
      refused("conflict"),
    );
    expect(await federations.memberships(net)).toHaveLength(1);
    for (const name of ["", " Isle", "Isle\n", "x".repeat(129)]) {
      await expect(federations.change(net, "two", "join", name)).rejects.toEqual(
        refused("invalid_params"),
      );
    }
    for (const [federation, tenant] of [
      ["nowhere", "one"],
      [net, "nobody"],
    ] as const) {
      await expect(federations.change(federation, tenant, "grant")).rejects.toEqual(
        refused("not_found"),
      );
    }
    await expect(federations.change(net, net, "join")).rejects.toEqual(refused("invalid_params"));
  });

  it("let members near their channels and each other's inboxes, and nobody else", async () => {
    await federations.change(net, "one", "join");
    await federations.change(net, "two", "join");
    for (const asker of ["alice@one", "@one"]) {
      expect(await federated(`channel:chat@${net}`, asker)).toBe(true);
      expect(await federated("user:bob@two", asker)).toBe(true);
      expect(await federated("inbox@two", asker)).toBe(true);
      expect(await federated("channel:lobby@two", asker)).toBe(false);
      expect(await federated("user:eve@acme", asker)).toBe(false);
      expect(await federated(`user:root@${net}`, asker)).toBe(false);
    }
    for (const asker of ["eve@acme", "@acme", "x@nowhere"]) {
      expect(await federated(`channel:chat@${net}`, asker)).toBe(false);
      expect(await federated("user:bob@two", asker)).toBe(false);
    }
    await tenants.setStatus("two", "disabled");
    expect(await federated("user:bob@two", "alice@one")).toBe(false);
    await tenants.setStatus("two", "active");
    await tenants.setStatus(net, "disabled");
    expect(await federated("user:bob@two", "alice@one")).toBe(false);
    expect(await federated(`channel:chat@${net}`, "alice@one")).toBe(false);
    expect(await federations.find(net)).toBeNull();
  });

  it("have public channels made by their members' use, not by a stranger's", async () => {
    await federations.change(net, "one", "join");
    await federated(`channel:a@${net}`, "eve@acme", true);
    await federated(`channel:b@${net}`, "alice@one", true);
    await federated(`channel:c@${net}`, "@one", true);
    const { rows } = await database.connection.pool.query(
      "select topic from channels where tenant_id = $1 order by 1",
      [net],
    );
    expect(rows.map(({ topic }) => topic)).toEqual([`channel:b@${net}`, `channel:c@${net}`]);
  });

  it("are told with what is known of a tenant and of its keys", async () => {
    await federations.change(net, "two", "join");
    const traits = { sharedInbox: true, federations: [net] };
    expect(await tenants.active("two")).toEqual({ limits: {}, ...traits });
    expect(await tenants.active("acme")).toEqual({ limits: {} });
    const keys = new KeyRepository(database.connection.db);
    const key = { name: "k", permissions: ["*"] as const, limits: {}, demo: false };
    for (const tenant of ["two", "acme"]) await keys.create({ ...key, tenant, hash: tenant });
    expect(await keys.findByHash("two")).toMatchObject(traits);
    expect(await keys.findByHash("acme")).not.toHaveProperty("federations");
    await federations.leave(net, "two");
  });
});
