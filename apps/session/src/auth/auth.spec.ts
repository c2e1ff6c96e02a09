import { jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashKey } from "@tellwire/contract";
import { KeyRepository, TenantRepository } from "@tellwire/persistence";
import type { RpcClient } from "@tellwire/rpc";
import { as, Fixture, identity } from "../session.fixture.js";

const refused = (reason: string) => expect.objectContaining({ reason });

describe("authentication", () => {
  let fixture: Fixture;
  let rpc: RpcClient;

  beforeAll(async () => {
    fixture = await Fixture.start();
    rpc = (await fixture.edge()).rpc;
  });
  afterAll(() => fixture.stop());

  const giver = () => as(rpc, identity(null, { keyId: "key-7" }));

  it("finds keys by their hash until they are revoked or their tenant is disabled", async () => {
    const keys = new KeyRepository(fixture.database.db);
    const tenants = new TenantRepository(fixture.database.db);
    await tenants.create("small", { limits: { connections: 3 } });
    const hash = hashKey("secret");
    const given = { tenant: "small", hash, name: "x", limits: { rate: 5 }, demo: false };
    const id = await keys.create({ ...given, permissions: ["publish"] });
    const found = {
      id,
      tenant: "small",
      permissions: ["publish"],
      limits: { rate: 5 },
      tenantLimits: { connections: 3 },
      demo: false,
    };
    const lookup = () => rpc.call("key.lookup", { hash });
    expect(await lookup()).toEqual(found);
    await tenants.setStatus("small", "disabled");
    expect(await lookup()).toBeNull();
    expect(await rpc.call("tenant.lookup", { tenant: "small" })).toBeNull();
    await tenants.setStatus("small", "active");
    expect(await rpc.call("tenant.lookup", { tenant: "small" })).toEqual({
      limits: { connections: 3 },
    });
    await keys.revoke("small", id);
    expect(await lookup()).toBeNull();
    // An edge that starts only now must refuse the tokens that the key gave.
    expect(await rpc.call("revocations.list", {})).toContainEqual({
      tenant: "small",
      tokenId: null,
      user: null,
      keyId: id,
      before: expect.any(Number),
    });
    expect(await rpc.call("key.lookup", { hash: hashKey("other") })).toBeNull();
    expect(await rpc.call("tenant.lookup", { tenant: "nobody" })).toBeNull();
  });

  it("gives tokens that carry a whole identity, for as long as is asked", async () => {
    const made = await giver()("token.create", { user: "alice", ttl: 60 });
    const { payload, protectedHeader } = await jwtVerify(made.token, fixture.publicKey, {
      algorithms: ["EdDSA"],
    });
    expect(protectedHeader.alg).toBe("EdDSA");
    expect(payload).toMatchObject({
      sub: "alice@acme",
      tenant: "acme",
      jti: made.token_id,
      perms: ["publish", "subscribe", "presence", "channel"],
      kid: "key-7",
    });
    expect((payload.exp as number) - (payload.iat as number)).toBeCloseTo(60, 3);
    expect(made.user).toBe("alice@acme");
    expect(Date.parse(made.expires_at)).toBeCloseTo((payload.exp as number) * 1000, -1);
  });

  it("gives no more than the giver has", async () => {
    const weak = as(rpc, identity(null, { permissions: ["act_as", "publish"] }));
    const { token } = await weak("token.create", { user: "alice" });
    const { payload } = await jwtVerify(token, fixture.publicKey);
    expect(payload["perms"]).toEqual(["publish"]);
    await expect(
      weak("token.create", { user: "alice", permissions: ["critical"] }),
    ).rejects.toEqual(refused("not_permitted"));
    await expect(weak("token.create", { user: "alice", permissions: ["fly"] })).rejects.toEqual(
      refused("invalid_params"),
    );
    const user = as(rpc, identity("bob"));
    await expect(user("token.create", { user: "alice" })).rejects.toEqual(refused("not_permitted"));
  });

  it("revokes a token, or all that a user had until now, and says so", async () => {
    const { token_id } = await giver()("token.create", { user: "alice" });
    const before = await fixture.redis.time();
    await giver()("token.revoke", { token_id });
    await giver()("token.revoke", { user: "alice" });
    const { token } = await giver()("token.create", { user: "alice" });
    const { payload } = await jwtVerify(token, fixture.publicKey);

    const list = (await rpc.call("revocations.list", {})).filter(({ keyId }) => keyId === null);
    expect(list).toEqual([
      { tenant: "acme", tokenId: token_id, user: null, keyId: null, before: expect.any(Number) },
      {
        tenant: "acme",
        tokenId: null,
        user: "alice@acme",
        keyId: null,
        before: expect.any(Number),
      },
    ]);
    const [, ofUser] = list;
    expect(ofUser?.before).toBeGreaterThanOrEqual(before);
    // A token made right afterwards is not caught.
    expect((payload.iat as number) * 1000).toBeGreaterThanOrEqual(ofUser?.before as number);
    expect(await fixture.announced()).toEqual(
      list.map(({ keyId: _, ...one }) => ({ type: "revoked", ...one })),
    );
  });

  it("forgets a revoked user's sessions, so that none is resumed", async () => {
    const who = { tenant: "acme", user: "eve@acme", keyId: "key", tokenId: null };
    const { sessionId } = await rpc.call("session.open", { ...who, sessionId: null });
    const other = { ...who, user: "bob@acme" };
    const kept = await rpc.call("session.open", { ...other, sessionId: null });
    await giver()("token.revoke", { user: "eve" });
    expect((await rpc.call("session.open", { ...who, sessionId })).resumed).toBe(false);
    const again = await rpc.call("session.open", { ...other, sessionId: kept.sessionId });
    expect(again.resumed).toBe(true);
  });
});
