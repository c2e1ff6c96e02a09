import { createLogger } from "@tellwire/telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TellwireError, type CloseName, type Identity } from "@tellwire/contract";
import { ConnectionGuard, type GuardedConnection } from "./connection-guard.js";
import { RevocationList, type Revocation } from "./revocation-list.js";
import { TenantDirectory } from "./tenant-directory.js";

const log = createLogger({ service: "test", name: "test", level: "silent" });

let listed: Revocation[];
let away: boolean;
let gone: Set<string>;
let calls: number;
let stop: AbortController;
let revocations: RevocationList;
let tenants: TenantDirectory;
let guard: ConnectionGuard;
let closed: Record<string, CloseName>;

/** An open connection, whose token was issued at `issuedAt`. */
function connection(name: string, rest: Partial<Identity> = {}, issuedAt = 1000) {
  const identity: Identity = {
    tenant: "acme",
    user: `${name}@acme`,
    permissions: [],
    keyId: "k",
    tokenId: `t-${name}`,
    expiresAt: null,
    limits: {},
    ...rest,
  };
  revocations.proven(identity, issuedAt);
  return { identity, close: (reason: CloseName) => void (closed[name] = reason) };
}

beforeEach(() => {
  listed = [];
  away = false;
  gone = new Set();
  calls = 0;
  closed = {};
  stop = new AbortController();
  revocations = new RevocationList(Date.now);
  const rpc = {
    call: (async (name: string, { tenant }: { tenant: string }) => {
      calls++;
      if (away) throw new TellwireError("upstream");
      if (name === "tenant.lookup") return gone.has(tenant) ? null : { limits: {} };
      return listed;
    }) as never,
  };
  tenants = new TenantDirectory(rpc);
  const connections: GuardedConnection[] = [
    { identity: null, close: () => (closed["nobody"] = "revoked") },
    connection("alice"),
    connection("bob"),
    connection("late", { user: "alice@acme" }, 3000),
    connection("key", { tokenId: null, keyId: "k2" }, 5000),
    connection("other", { tenant: "other", user: "alice@other" }),
    connection("brief", { expiresAt: 7000 }),
  ];
  guard = new ConnectionGuard(connections, revocations, tenants, rpc, log, Date.now);
});
afterEach(() => stop.abort());

describe("ConnectionGuard", () => {
  it("closes a revoked token's connection, and no other", async () => {
    guard.onControl({ type: "revoked", tenant: "acme", tokenId: "t-bob", user: null, before: 0 });
    await vi.waitFor(() => expect(closed).toEqual({ bob: "revoked" }));
    guard.onControl({ type: "revoked", tenant: "acme", tokenId: "t-other", user: null, before: 0 });
    guard.onControl({ type: "revoked", tenant: "acme", tokenId: "t-key", user: null, before: 0 });
    guard.onControl({ type: "key", tenant: "acme", keyId: "k2", revoked: true });
    await vi.waitFor(() => expect(closed).toEqual({ bob: "revoked", key: "revoked" }));
  });

  it("closes what of a user was issued before the moment", async () => {
    const user = "alice@acme";
    guard.onControl({ type: "revoked", tenant: "acme", tokenId: null, user, before: 2000 });
    await vi.waitFor(() => expect(closed).toEqual({ alice: "revoked" }));
  });

  it("closes nothing when a key has only changed", async () => {
    guard.onControl({ type: "key", tenant: "acme", keyId: "k", revoked: false });
    guard.onControl({ type: "key", tenant: "acme", keyId: "k2", revoked: true });
    await vi.waitFor(() => expect(closed).toEqual({ key: "revoked" }));
  });

  it("waits at start until the list has come, and closes by it", async () => {
    away = true;
    let started = false;
    const starting = guard.start(stop.signal).then(() => (started = true));
    await vi.waitFor(() => expect(calls).toBeGreaterThan(1), { timeout: 3000 });
    expect(started).toBe(false);
    listed = [{ tenant: "acme", tokenId: "t-bob", user: null, keyId: null, before: 0 }];
    away = false;
    await starting;
    expect(closed).toEqual({ bob: "revoked" });
  });

  it("fetches the list when events may have been missed", async () => {
    listed = [{ tenant: "acme", tokenId: "t-alice", user: null, keyId: null, before: 0 }];
    guard.onGap();
    await vi.waitFor(() => expect(closed).toEqual({ alice: "revoked" }));
  });

  it("closes what rests on a key that the list names as revoked", async () => {
    listed = [{ tenant: "acme", tokenId: null, user: null, keyId: "k2", before: 0 }];
    await guard.start(stop.signal);
    expect(closed).toEqual({ key: "revoked" });
  });

  it("closes a tenant's connections once it is gone", async () => {
    await tenants.find("other");
    gone.add("other");
    tenants.onControl({ type: "tenant", tenant: "other" });
    await vi.waitFor(() => expect(closed).toEqual({ other: "revoked" }));
    expect(await tenants.find("other")).toBeNull();
  });

  it("lets a tenant's clients come back when it keeps its inboxes in another way", async () => {
    await tenants.find("other");
    tenants.learn("other", { limits: { rate: 1 }, sharedInbox: false });
    expect(closed).toEqual({});
    tenants.learn("other", { limits: {}, sharedInbox: true });
    expect(closed).toEqual({ other: "going_away" });
    expect(tenants.sharesInbox("other")).toBe(true);
  });

  it("closes those whose token has run out", () => {
    guard.closeExpired(6999);
    expect(closed).toEqual({});
    guard.closeExpired(7000);
    expect(closed).toEqual({ brief: "session_expired" });
  });
});

describe("RevocationList", () => {
  const one = (tokenId: string): Revocation => ({
    tenant: "acme",
    tokenId,
    user: null,
    keyId: null,
    before: 0,
  });
  const covered = (tokenId: string): boolean =>
    revocations.covers(connection("x", { tokenId }).identity);

  it("drops what is no longer listed, and keeps what came while the list was fetched", async () => {
    revocations.add(one("old"));
    let answer: (list: Revocation[]) => void = () => undefined;
    const replaced = revocations.replace(() => new Promise((resolve) => (answer = resolve)));
    revocations.add(one("meanwhile"));
    expect(covered("meanwhile")).toBe(true);
    answer([one("listed")]);
    await replaced;
    expect(["old", "meanwhile", "listed"].map(covered)).toEqual([false, true, true]);
  });

  it("stays as it is when the list cannot be had", async () => {
    revocations.add(one("old"));
    const replaced = revocations.replace(() => Promise.reject(new Error("away")));
    await expect(replaced).rejects.toThrow("away");
    expect(covered("old")).toBe(true);
  });

  it("keeps the latest moment of a user", () => {
    const user = "x@acme";
    for (const before of [2000, 1500]) {
      revocations.add({ tenant: "acme", tokenId: null, user, keyId: null, before });
    }
    expect(revocations.covers(connection("x", {}, 1999).identity)).toBe(true);
    expect(revocations.covers(connection("x", {}, 2000).identity)).toBe(false);
  });
});
