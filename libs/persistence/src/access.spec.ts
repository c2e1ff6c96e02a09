import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessRepository } from "./access.repository.js";
import { BlockRepository } from "./block.repository.js";
import { ChannelRepository } from "./channel.repository.js";
import { startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { TenantRepository } from "./tenant.repository.js";

const SECRET = { visibility: "secret", read: "guest", publish: "member", join: "guest" } as const;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const PUBLIC = { visibility: "public", read: "none", publish: "none", join: "none" } as const;

describe("access", () => {
  let database: TestDatabase;
  let access: AccessRepository;

  beforeAll(async () => {
    database = await startTestDatabase();
    const { db } = database.connection;
    access = new AccessRepository(database.connection.pool, 100_000);
    const tenants = new TenantRepository(db);
    for (const tenant of ["acme", "rival", "closed"]) await tenants.create(tenant);
    await tenants.create("strict", { auto_create_channels: false });
    await tenants.setStatus("closed", "disabled");
    await new ChannelRepository(db, 100_000).change("channel:secret@acme", [], () => ({
      change: { policy: SECRET, members: [["alice@acme", "moderator"]] },
      result: null,
    }));
    await new BlockRepository(db).set("alice@acme", "bob@acme", true);
  });
  afterAll(() => database.stop());

  const nothing = { policy: null, role: "none", autoCreate: true, blocked: false };

  it("is told in the order of the questions, repeated ones too", async () => {
    const asked = [
      { topic: "channel:secret@acme", user: "alice@acme" },
      { topic: "user:alice@acme", user: "bob@acme" },
      { topic: "channel:secret@acme", user: "bob@acme" },
      { topic: "inbox@acme", user: null },
      { topic: "channel:secret@acme", user: "alice@acme" },
      { topic: "user:bob@acme", user: "alice@acme" },
      { topic: "channel:secret@acme", user: null },
      { topic: "channel:none@nowhere", user: null },
    ];
    expect(await access.load(asked)).toEqual([
      { ...nothing, policy: SECRET, role: "moderator" },
      { ...nothing, blocked: true },
      { ...nothing, policy: SECRET },
      nothing,
      { ...nothing, policy: SECRET, role: "moderator" },
      nothing,
      { ...nothing, policy: SECRET },
      { ...nothing, autoCreate: false },
    ]);
    expect(await access.load([])).toEqual([]);
  });

  it("makes public channels on first use, only where that is allowed, and only on demand", async () => {
    const one = async (topic: string, user: string | null, create: boolean) =>
      (await access.load([{ topic, user }], create))[0];
    expect(await one("channel:new@acme", "alice@acme", false)).toEqual(nothing);
    expect(await one("channel:new@acme", "alice@acme", true)).toEqual({
      ...nothing,
      policy: PUBLIC,
    });
    expect(await one("channel:new@acme", "bob@acme", false)).toEqual({
      ...nothing,
      policy: PUBLIC,
    });
    expect((await one("channel:secret@acme", "bob@acme", true))?.policy).toEqual(SECRET);
    expect((await one("channel:new@acme", "bob@rival", true))?.policy).toEqual(PUBLIC);
    for (const [topic, user] of [
      ["channel:new@rival", "alice@acme"],
      ["channel:new@strict", "alice@strict"],
      ["channel:new@closed", "alice@closed"],
      ["channel:new@nowhere", null],
      ["user:new@acme", "alice@acme"],
      ["inbox@acme", null],
    ] as const) {
      expect((await one(topic, user, true))?.policy).toBeNull();
    }
    const { rows } = await database.connection.pool.query("select topic from channels order by 1");
    expect(rows.map((row) => row.topic)).toEqual(["channel:new@acme", "channel:secret@acme"]);
  });

  it("makes no more channels than a tenant may have: its own limit, or the default", async () => {
    const { db } = database.connection;
    const tenants = new TenantRepository(db);
    await tenants.create("small", { limits: { channels: 3 } });
    await tenants.create("usual");
    const ask = (tenant: string, count: number) =>
      new AccessRepository(database.connection.pool, 5).load(
        Array.from({ length: 2 * count }, (_, i) => ({
          topic: `channel:${i % count}@${tenant}`,
          user: `user-${i}@${tenant}`,
        })),
        true,
      );
    for (const [tenant, most] of [
      ["small", 3],
      ["usual", 5],
    ] as const) {
      const before = await ask(tenant, most - 1);
      expect(before.every(({ policy }) => policy !== null)).toBe(true);
      for (let n = 0; n < 2; n++) {
        const more = await ask(tenant, most + 2);
        expect(more.filter(({ policy }) => policy !== null)).toHaveLength(2 * most);
        const refused = more.filter(({ full }) => full === true);
        expect(refused).toEqual(upTo(4).map(() => ({ ...nothing, full: true })));
      }
      const { rows } = await database.connection.pool.query(
        "select from channels where tenant_id = $1",
        [tenant],
      );
      expect(rows).toHaveLength(most);
      await new ChannelRepository(db, 5).change(`channel:0@${tenant}`, [], ({ full }) => {
        expect(full).toBe(false);
        return { change: {}, result: null };
      });
      await new ChannelRepository(db, 5).change(`channel:new@${tenant}`, [], ({ full }) => {
        expect(full).toBe(true);
        return { change: {}, result: null };
      });
    }
  });

  it("makes each of many channels once, whoever asks at once", async () => {
    const asked = Array.from({ length: 2000 }, (_, i) => ({
      topic: `channel:many-${i % 500}@acme`,
      user: `user-${i}@acme`,
    }));
    const answers = await Promise.all([
      access.load(asked, true),
      access.load(asked.toReversed(), true),
      access.load(asked, true),
    ]);
    expect(answers.flat().every((one) => one.policy?.visibility === "public")).toBe(true);
  });
});
