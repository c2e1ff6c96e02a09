import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import {
  hashKey,
  PERMISSIONS,
  TellwireError,
  type KeyRecord,
  type Limits,
} from "@tellwire/contract";
import { SignJWT } from "jose";
import { AttemptLimiter } from "../limits/attempt-limiter.js";
import { ApiKeys } from "./api-keys.js";
import { Authenticator, type Credentials } from "./authenticator.js";
import { RevocationList } from "./revocation-list.js";
import { TenantDirectory } from "./tenant-directory.js";
import { TokenVerifier } from "./token-verifier.js";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const address = "203.0.113.7";

const record = (id: string, rest: Partial<KeyRecord> = {}): KeyRecord => ({
  id,
  tenant: "acme",
  permissions: ["publish", "subscribe", "act_as", "admin"],
  limits: { rate: 10 },
  tenantLimits: { rate: 100 },
  demo: false,
  ...rest,
});

/** What the session service knows, and what it was asked. */
let keys: Map<string, KeyRecord>;
let tenants: Map<string, Limits>;
let asked: string[];
let away: boolean;
let revocations: RevocationList;
let apiKeys: ApiKeys;
/** By how much this machine's clock is behind that of the cluster, in milliseconds. */
let behind: number;
const clock = (): number => Date.now() + behind;

const rpc = {
  call: (async (name: string, params: { hash: string; tenant: string }) => {
    asked.push(name);
    if (away) throw new TellwireError("upstream");
    if (name === "key.lookup") return keys.get(params.hash) ?? null;
    const limits = tenants.get(params.tenant);
    return limits === undefined ? null : { limits };
  }) as never,
};

function authenticator(options: { demoKeys?: boolean; failures?: number } = {}): Authenticator {
  const { demoKeys = false, failures = 100 } = options;
  return new Authenticator(
    apiKeys,
    new TokenVerifier(publicKey, clock),
    new TenantDirectory(rpc),
    revocations,
    new AttemptLimiter({ rate: 0.001, burst: failures }),
    demoKeys,
  );
}

beforeEach(() => {
  keys = new Map([
    [hashKey("secret"), record("k1")],
    [hashKey("plain"), record("k2", { permissions: ["publish"] })],
    [hashKey("all"), record("k3", { permissions: ["*"] })],
    [hashKey("demo"), record("k4", { demo: true })],
  ]);
  tenants = new Map([["acme", {}]]);
  asked = [];
  away = false;
  behind = 0;
  revocations = new RevocationList(clock);
  apiKeys = new ApiKeys(rpc);
});

interface Claims {
  [claim: string]: unknown;
}
const now = (): number => Date.now() / 1000;

function token(claims: Claims = {}, key: KeyObject | Uint8Array = privateKey, alg = "EdDSA") {
  const all: Claims = {
    sub: "alice",
    tenant: "acme",
    jti: randomUUID(),
    iat: now(),
    exp: now() + 60,
    perms: ["publish"],
    kid: "k1",
    ...claims,
  };
  return new SignJWT(all).setProtectedHeader({ alg }).sign(key);
}

const refusal = (reason: string) => expect.objectContaining({ reason });

describe("an API key", () => {
  it("opens its tenant, with its own permissions and limits", async () => {
    expect(await authenticator().identify({ apiKey: "secret", address })).toEqual({
      tenant: "acme",
      user: null,
      permissions: ["publish", "subscribe", "act_as", "admin"],
      keyId: "k1",
      tokenId: null,
      expiresAt: null,
      limits: { rate: 10 },
    });
  });

  it("acts as a user without the rights of the tenant", async () => {
    const auth = authenticator();
    const alice = await auth.identify({ apiKey: "secret", user: "alice", address });
    expect(alice).toMatchObject({ user: "alice@acme", permissions: ["publish", "subscribe"] });
    const bob = await auth.identify({ apiKey: "all", user: "bob@acme", address });
    expect(bob.permissions).toEqual(PERMISSIONS.filter((p) => p !== "admin" && p !== "act_as"));
  });

  const refused: [string, Partial<Credentials>, string][] = [
    ["nothing", {}, "not_authenticated"],
    ["an unknown key", { apiKey: "guess" }, "not_authenticated"],
    ["a demo key where they are not allowed", { apiKey: "demo" }, "not_authenticated"],
    ["another tenant", { apiKey: "secret", tenant: "other" }, "not_permitted"],
    ["a user of another tenant", { apiKey: "secret", user: "a@other" }, "not_permitted"],
    ["a user without act_as", { apiKey: "plain", user: "alice" }, "not_permitted"],
    ["a user name that is none", { apiKey: "secret", user: "a@b@c" }, "invalid_params"],
    ["a key and a token", { apiKey: "secret", token: "t" }, "invalid_params"],
  ];
  it.each(refused)("is refused with %s", async (_, shown, reason) => {
    await expect(authenticator().identify({ ...shown, address })).rejects.toEqual(refusal(reason));
  });

  it("for demonstrations opens where the configuration allows it", async () => {
    const identity = await authenticator({ demoKeys: true }).identify({ apiKey: "demo", address });
    expect(identity.keyId).toBe("k4");
  });

  it("is asked about once, by its hash, until it changes", async () => {
    const auth = authenticator();
    const identify = () => auth.identify({ apiKey: "secret", address });
    await Promise.all([identify(), identify()]);
    await identify();
    expect(asked).toEqual(["key.lookup"]);
    keys.clear();
    apiKeys.onControl({ type: "key", tenant: "acme", keyId: "k1", revoked: true });
    await expect(identify()).rejects.toEqual(refusal("not_authenticated"));
  });

  it("cannot be guessed at without bound, while known keys go on", async () => {
    const auth = authenticator({ failures: 3 });
    await auth.identify({ apiKey: "secret", address });
    for (let i = 0; i < 3; i++) {
      await expect(auth.identify({ apiKey: `guess ${i}`, address })).rejects.toEqual(
        refusal("not_authenticated"),
      );
    }
    await expect(auth.identify({ apiKey: "guess", address })).rejects.toEqual(
      refusal("rate_limited"),
    );
    await auth.identify({ apiKey: "secret", address });
    await auth.identify({ apiKey: "all", address: "203.0.113.8" });
    expect(asked).toHaveLength(5);
  });

  it("shared by many clients is no guessing, and neither is an outage", async () => {
    const auth = authenticator({ failures: 2 });
    away = true;
    for (let i = 0; i < 5; i++) {
      await expect(auth.identify({ apiKey: "all", address })).rejects.toEqual(refusal("upstream"));
    }
    away = false;
    const many = Array.from({ length: 50 }, () => auth.identify({ apiKey: "all", address }));
    expect(await Promise.all(many)).toHaveLength(50);
  });
});

describe("a token", () => {
  it("opens a session of its user, without the rights of the tenant", async () => {
    const exp = Math.floor(now()) + 60;
    const perms = ["publish", "admin", "act_as", "no such"];
    const jti = randomUUID();
    const shown = { token: await token({ exp, perms, jti }), address };
    expect(await authenticator().identify({ ...shown, user: "alice", tenant: "acme" })).toEqual({
      tenant: "acme",
      user: "alice@acme",
      permissions: ["publish"],
      keyId: "k1",
      tokenId: jti,
      expiresAt: exp * 1000,
      limits: {},
    });
    expect(asked).toEqual(["tenant.lookup"]);
  });

  it("is verified without a call once its tenant is known", async () => {
    const auth = authenticator();
    await auth.identify({ token: await token(), address });
    away = true;
    await auth.identify({ token: await token({ sub: "bob" }), address });
    expect(asked).toEqual(["tenant.lookup"]);
  });

  const other = generateKeyPairSync("ed25519").privateKey;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const publicBytes = publicKey.export({ type: "spki", format: "der" });
  const bad: [string, () => string | Promise<string>][] = [
    ["no token", () => "abc"],
    ["another signer", () => token({}, other)],
    ["another algorithm", () => token({}, rsa, "RS256")],
    ["the public key as a shared secret", () => token({}, publicBytes, "HS256")],
    [
      "no signature",
      async () => {
        const [, payload] = (await token()).split(".");
        return `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
      },
    ],
    ["no expiry", () => token({ exp: undefined })],
    ["no time of issue", () => token({ iat: undefined })],
    ["a time of issue to come", () => token({ iat: now() + 3600, exp: now() + 7200 })],
    ["no id", () => token({ jti: undefined })],
    ["no tenant", () => token({ tenant: undefined })],
    ["a user of another tenant", () => token({ sub: "alice@other" })],
    ["no permissions", () => token({ perms: "publish" })],
    ["a tenant that is gone", () => token({ tenant: "gone" })],
  ];
  it.each(bad)("is refused with %s", async (_, make) => {
    const identified = authenticator().identify({ token: await make(), address });
    await expect(identified).rejects.toEqual(refusal("not_authenticated"));
  });

  it("is refused for another user or tenant", async () => {
    const auth = authenticator();
    const shown = { token: await token(), address };
    await expect(auth.identify({ ...shown, user: "bob" })).rejects.toEqual(
      refusal("not_permitted"),
    );
    await expect(auth.identify({ ...shown, tenant: "other" })).rejects.toEqual(
      refusal("not_permitted"),
    );
  });

  it("ends, also when it was verified before", async () => {
    const auth = authenticator();
    const old = token({ iat: now() - 120, exp: now() - 60 });
    await expect(auth.identify({ token: await old, address })).rejects.toEqual(
      refusal("session_expired"),
    );
    const shown = { token: await token({ exp: now() + 0.2 }), address };
    await auth.identify(shown);
    await expect
      .poll(() => auth.identify(shown).catch((e: TellwireError) => e.reason))
      .toBe("session_expired");
  });

  it.each([-1, 1])(
    "is judged by the cluster's time, not by this machine's (%s h)",
    async (hours) => {
      behind = hours * 3_600_000;
      const since = clock() / 1000;
      const auth = authenticator();
      const identity = await auth.identify({
        token: await token({ iat: since, exp: since + 60 }),
        address,
      });
      expect(identity.user).toBe("alice@acme");
      const old = await token({ iat: since - 120, exp: since - 60 });
      await expect(auth.identify({ token: old, address })).rejects.toEqual(
        refusal("session_expired"),
      );
      const byKey = await auth.identify({ apiKey: "secret", user: "alice", address });
      const revoked = { tenant: "acme", tokenId: null, user: "alice@acme", keyId: null };
      revocations.add({ ...revoked, before: clock() - 1000 });
      expect(revocations.covers(byKey)).toBe(false);
      revocations.add({ ...revoked, before: clock() + 1000 });
      expect(revocations.covers(byKey)).toBe(true);
    },
  );

  it("lives a day at most, whatever it says", async () => {
    const shown = { token: await token({ iat: now() - 90_000, exp: now() + 60 }), address };
    await expect(authenticator().identify(shown)).rejects.toEqual(refusal("session_expired"));
  });

  it("is refused once revoked: itself, its user before a moment, or its key", async () => {
    const auth = authenticator();
    const jti = randomUUID();
    const first = { token: await token({ jti }), address };
    await auth.identify(first);
    revocations.add({ tenant: "acme", tokenId: jti, user: null, keyId: null, before: 0 });
    await expect(auth.identify(first)).rejects.toEqual(refusal("session_expired"));

    const issued = Math.floor(now()) - 1;
    const early = { token: await token({ iat: issued + 0.1 }), address };
    const late = { token: await token({ iat: issued + 0.3 }), address };
    const before = issued * 1000 + 200;
    revocations.add({ tenant: "acme", tokenId: null, user: "alice@acme", keyId: null, before });
    await expect(auth.identify(early)).rejects.toEqual(refusal("session_expired"));
    await auth.identify(late);

    revocations.add({ tenant: "acme", tokenId: null, user: null, keyId: "k1", before: 0 });
    await expect(auth.identify(late)).rejects.toEqual(refusal("session_expired"));
  });

  it("cannot be guessed at without bound", async () => {
    const auth = authenticator({ failures: 2 });
    const good = { token: await token(), address };
    await auth.identify(good);
    for (let i = 0; i < 2; i++) {
      await expect(auth.identify({ token: `guess ${i}`, address })).rejects.toEqual(
        refusal("not_authenticated"),
      );
    }
    await expect(auth.identify({ token: "guess", address })).rejects.toEqual(
      refusal("rate_limited"),
    );
    await auth.identify(good);
  });
});
