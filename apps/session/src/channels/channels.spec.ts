import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TopicAccess } from "@tellwire/contract";
import { TenantRepository } from "@tellwire/persistence";
import type { RpcClient } from "@tellwire/rpc";
import { as, Fixture, identity } from "../session.fixture.js";

const refused = (reason: string) => expect.objectContaining({ reason });

describe("channels", () => {
  let fixture: Fixture;
  let rpc: RpcClient;
  let channel: string;
  let n = 0;

  beforeAll(async () => {
    fixture = await Fixture.start({ replicas: 2 });
    rpc = (await fixture.edge()).rpc;
  });
  afterAll(() => fixture.stop());
  beforeEach(() => (channel = `channel:room-${n++}@acme`));

  const user = (name: string) => as(rpc, identity(name));
  const tenant = () => as(rpc, identity(null));
  const create = (visibility: "public" | "private" | "secret") =>
    user("owner")("channel.create", { channel, policy: { visibility } });
  const members = async () => {
    const listed = await tenant()("channel.members", { channel });
    return Object.fromEntries(listed.members.map((m) => [m.user.split("@")[0], m.role]));
  };
  const accessOf = async (name: string, use = false) => {
    const requests = [{ topic: channel, user: `${name}@acme` }];
    const [access] = await rpc.call("policy.access", { requests, create: use });
    return access as TopicAccess;
  };

  it("belong to who creates them; creating twice is once", async () => {
    const policy = { visibility: "private", read: "guest", publish: "member", join: "guest" };
    expect(await create("private")).toEqual({ channel, policy });
    expect(await create("private")).toEqual({ channel, policy });
    expect(await members()).toEqual({ owner: "owner" });
    await expect(user("bob")("channel.create", { channel })).rejects.toEqual(refused("conflict"));
  });

  it("come into being by being joined, owned by nobody", async () => {
    expect(await user("bob")("channel.join", { channel })).toEqual({ channel, role: "member" });
    expect(await members()).toEqual({ bob: "member" });
    expect((await accessOf("carol")).policy?.visibility).toBe("public");
  });

  it("come into being by first use, once, whoever comes at once", async () => {
    expect(await accessOf("alice")).toMatchObject({ policy: null, autoCreate: true });
    const policy = { visibility: "public", read: "none", publish: "none", join: "none" };
    const all = await Promise.all(["alice", "bob", "carol"].map((name) => accessOf(name, true)));
    expect(all.some((access) => access.policy !== null)).toBe(true);
    expect(await accessOf("dave")).toEqual({
      policy,
      role: "none",
      autoCreate: true,
      blocked: false,
    });
  });

  it("do not come into being where the tenant forbids it", async () => {
    const tenants = new TenantRepository(fixture.database.db);
    await tenants.setSettings("acme", { auto_create_channels: false });
    expect(await accessOf("alice", true)).toMatchObject({ policy: null, autoCreate: false });
    await expect(user("bob")("channel.join", { channel })).rejects.toEqual(refused("not_found"));
    await create("public");
    expect(await user("bob")("channel.join", { channel })).toMatchObject({ role: "member" });
    await tenants.setSettings("acme", {});
  });

  it("are joined by invitation if they are private", async () => {
    await create("private");
    await expect(user("bob")("channel.join", { channel })).rejects.toEqual(
      refused("not_permitted"),
    );
    await user("owner")("channel.invite", { channel, user: "bob" });
    expect(await user("bob")("channel.join", { channel })).toEqual({ channel, role: "member" });
    expect(await accessOf("bob")).toMatchObject({ role: "member" });
  });

  it("do not exist for others if they are secret", async () => {
    await create("secret");
    const bob = user("bob");
    const attempts = (name: string) =>
      Promise.allSettled([
        bob("channel.leave", { channel: name }),
        bob("channel.members", { channel: name }),
        bob("channel.policy", { channel: name }),
        bob("channel.policy", { channel: name, policy: { visibility: "public" } }),
        bob("channel.invite", { channel: name, user: "bob" }),
      ]);
    const refusals = await attempts(channel);
    expect(refusals.map((one) => one.status === "rejected" && one.reason.reason)).toEqual(
      Array.from({ length: 5 }, () => "not_found"),
    );
    // Word for word what is said of one that does not exist.
    expect(refusals).toEqual(await attempts("channel:does-not-exist@acme"));
    await expect(bob("channel.join", { channel })).rejects.toEqual(refused("not_found"));
    const listed = async (name: string) =>
      (await user(name)("channel.list", { limit: 1000 })).channels.map((c) => c.channel);
    expect(await listed("bob")).not.toContain(channel);
    expect(await listed("owner")).toContain(channel);
    await user("owner")("channel.invite", { channel, user: "bob", role: "guest" });
    expect(await listed("bob")).toContain(channel);
    expect((await bob("channel.members", { channel })).members).toHaveLength(2);
  });

  it("are ruled by rank", async () => {
    await create("private");
    const invite = (by: string, name: string, role: "owner" | "moderator" | "member" | null) =>
      user(by)("channel.invite", { channel, user: name, role });
    await invite("owner", "mod", "moderator");
    await invite("mod", "bob", "member");
    await expect(invite("mod", "eve", "moderator")).rejects.toEqual(refused("not_permitted"));
    await expect(invite("mod", "mod", "owner")).rejects.toEqual(refused("not_permitted"));
    await expect(invite("mod", "owner", null)).rejects.toEqual(refused("not_permitted"));
    await expect(invite("bob", "eve", "member")).rejects.toEqual(refused("not_permitted"));
    await expect(invite("eve", "eve", "member")).rejects.toEqual(refused("not_permitted"));
    await expect(
      user("mod")("channel.policy", { channel, policy: { visibility: "public" } }),
    ).rejects.toEqual(refused("not_permitted"));
    await invite("mod", "bob", null);
    expect(await members()).toEqual({ owner: "owner", mod: "moderator" });
  });

  it("keep their last owner, however many try to leave at once", async () => {
    await create("public");
    const owner = user("owner");
    await expect(owner("channel.leave", { channel })).rejects.toEqual(refused("conflict"));
    await expect(
      owner("channel.invite", { channel, user: "owner", role: "member" }),
    ).rejects.toEqual(refused("conflict"));
    await owner("channel.invite", { channel, user: "second", role: "owner" });
    const left = await Promise.allSettled(
      ["owner", "second"].map((name) => user(name)("channel.leave", { channel })),
    );
    expect(left.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(Object.values(await members())).toEqual(["owner"]);
  });

  it("take the defaults of another visibility, and what is named", async () => {
    await create("public");
    const { policy } = await user("owner")("channel.policy", {
      channel,
      policy: { visibility: "private", publish: "moderator" },
    });
    expect(policy).toEqual({
      visibility: "private",
      read: "guest",
      publish: "moderator",
      join: "guest",
    });
    expect((await user("bob")("channel.policy", { channel })).policy).toEqual(policy);
  });

  it("are no more than their tenant may have, however they are made", async () => {
    const tenants = new TenantRepository(fixture.database.db);
    await tenants.create("small", { limits: { channels: 1 } });
    const bob = as(rpc, identity("bob", { tenant: "small", user: "bob@small" }));
    await bob("channel.create", { channel: "channel:one" });
    // What is there is not touched by the bound.
    await bob("channel.create", { channel: "channel:one" });
    await bob("channel.join", { channel: "channel:one" });
    for (const operation of ["channel.create", "channel.join"] as const) {
      await expect(bob(operation, { channel: "channel:two" })).rejects.toEqual(
        refused("not_permitted"),
      );
    }
    const requests = [{ topic: "channel:two@small", user: "bob@small" }];
    expect(await rpc.call("policy.access", { requests, create: true })).toMatchObject([
      { policy: null, full: true },
    ]);
  });

  it("are managed by the tenant itself, with that permission", async () => {
    await create("secret");
    await tenant()("channel.invite", { channel, user: "bob", role: "owner" });
    expect(await members()).toEqual({ owner: "owner", bob: "owner" });
    const weak = as(rpc, identity(null, { permissions: ["subscribe", "channel"] }));
    await expect(weak("channel.members", { channel })).rejects.toEqual(refused("not_found"));
    await expect(weak("channel.join", { channel })).rejects.toEqual(refused("invalid_params"));
  });

  it("tell every cache what has changed, and nothing that has not", async () => {
    const heard = async () =>
      (await fixture.announced()).filter((e) => e.type === "policy" && e.topic === channel);
    const policy = (about: string | null) => ({ type: "policy", topic: channel, user: about });
    await create("private");
    await create("private");
    expect(await heard()).toEqual([policy(null)]);
    await user("owner")("channel.invite", { channel, user: "bob" });
    await user("owner")("channel.invite", { channel, user: "bob", role: null });
    expect(await heard()).toEqual([policy(null), policy("bob@acme"), policy("bob@acme")]);
  });

  it("are listed in pages, with their heads", async () => {
    await create("public");
    await fixture.publish(channel, "owner@acme");
    await fixture.publish(channel, "owner@acme");
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await user("bob")("channel.list", { limit: 2, after });
      seen.push(...page.channels.map((c) => c.channel));
      const own = page.channels.find((c) => c.channel === channel);
      if (own !== undefined) expect(own.head).toBe(2);
      after = seen.at(-1);
      if (!page.more) break;
    }
    expect(seen).toContain(channel);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("are refused with a name of something else", async () => {
    for (const name of ["user:bob", "inbox", "user:bob@acme"]) {
      await expect(user("bob")("channel.join", { channel: name })).rejects.toEqual(
        refused("invalid_params"),
      );
    }
  });

  it("need the permission, whatever the edge has let through", async () => {
    const weak = as(rpc, identity("bob", { permissions: ["publish"] }));
    await expect(weak("channel.create", { channel })).rejects.toEqual(refused("not_permitted"));
    await expect(weak("channel.list", {})).rejects.toEqual(refused("not_permitted"));
  });
});

describe("blocks", () => {
  let fixture: Fixture;
  let rpc: RpcClient;

  beforeAll(async () => {
    fixture = await Fixture.start();
    rpc = (await fixture.edge()).rpc;
  });
  afterAll(() => fixture.stop());

  it("shut an inbox to one user, until they are lifted", async () => {
    const blocked = async (user: string) => {
      const requests = [{ topic: "user:alice@acme", user }];
      return (await rpc.call("policy.access", { requests, create: false }))[0]?.blocked;
    };
    const alice = as(rpc, identity("alice"));
    expect(await alice("block", { user: "bob" })).toEqual({ user: "bob@acme", blocked: true });
    await alice("block", { user: "bob" });
    expect([await blocked("bob@acme"), await blocked("carol@acme")]).toEqual([true, false]);
    await alice("block", { user: "bob", blocked: false });
    expect(await blocked("bob@acme")).toBe(false);
    const event = { type: "block", user: "alice@acme", blocked: "bob@acme" };
    expect(await fixture.announced()).toEqual([event, event, event]);
  });
});
