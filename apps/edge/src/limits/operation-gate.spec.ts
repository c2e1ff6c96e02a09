import { describe, expect, it } from "vitest";
import { TellwireError, type Identity, type Limits } from "@tellwire/contract";
import type { KnownCaller } from "../operations/caller.js";
import { OperationGate, rateOf } from "./operation-gate.js";
import { rateLimited } from "./rate-limited.js";

const config = {
  connectionRate: 1,
  connectionBurst: 3,
  connectionOperations: 16,
  keyRate: 20,
  tenantRate: 50,
  tenantConnections: 5,
};

const identity: Identity = {
  tenant: "acme",
  user: null,
  permissions: [],
  keyId: "k1",
  tokenId: null,
  expiresAt: null,
  limits: { rate: 7, burst: 9 },
};
const caller = (connection: object | null, who: Identity | null = identity): KnownCaller =>
  ({ identity: who, sessionId: null, connection, address: "a" }) as KnownCaller;

/** The cluster's time, which is not this machine's. */
const NOW = Date.parse("2031-01-01T00:00:00Z");

/** Says what was taken and given back; refuses the buckets named. */
function gateWith(refuse: string[] = [], limits: Limits = {}, later = false) {
  const log: unknown[] = [];
  const buckets = {
    take(tenant: string, name: string, _what: string, rate: unknown, cost: number) {
      log.push(["take", tenant, name, rate, cost]);
      const error = refuse.includes(name) ? rateLimited(name, 100) : null;
      if (later) return error ? Promise.reject(error) : Promise.resolve();
      if (error) throw error;
      return undefined;
    },
    giveBack: (tenant: string, name: string, cost: number) =>
      log.push(["give back", tenant, name, cost]),
  };
  const revoked = new Set<Identity>();
  const gate = new OperationGate(
    config,
    buckets as never,
    { limitsOf: () => limits },
    { covers: (who) => revoked.has(who) },
    () => NOW,
  );
  return { gate, log, revoked };
}

describe("OperationGate", () => {
  it("takes from the key's bucket and the tenant's, by their own limits or the defaults", () => {
    const { gate, log } = gateWith([], { rate: 30 });
    expect(gate.admit(caller(null), 1)).toBeUndefined();
    void gate.admit(caller(null, { ...identity, tokenId: "t", limits: {} }), 100);
    expect(log).toEqual([
      ["take", "acme", "key:k1", { rate: 7, burst: 9 }, 1],
      ["take", "acme", "tenant", { rate: 30, burst: 30 }, 1],
      ["take", "acme", "tokens:k1", { rate: 20, burst: 20 }, 100],
      ["take", "acme", "tenant", { rate: 30, burst: 30 }, 100],
    ]);
  });

  it("limits each connection, also before it is anyone's", () => {
    const { gate, log } = gateWith();
    const connection = {};
    for (let i = 0; i < 3; i++) void gate.admit(caller(connection, null), 1);
    expect(() => gate.admit(caller(connection), 1)).toThrow(
      expect.objectContaining({
        reason: "rate_limited",
        details: { retryAfter: expect.closeTo(1, 1) },
      }),
    );
    expect(log).toEqual([]);
    expect(gate.admit(caller({}), 1)).toBeUndefined();
  });

  it("charges a connection what an operation costs, or refuses it", () => {
    const { gate } = gateWith();
    const connection = {};
    void gate.admit(caller(connection, null), 2);
    expect(() => gate.admit(caller(connection), 2)).toThrow(
      expect.objectContaining({
        reason: "rate_limited",
        details: { retryAfter: expect.closeTo(1, 1) },
      }),
    );
    expect(gate.admit(caller(connection), 1)).toBeUndefined();
    // What costs more than a full bucket holds takes it all, or it could never be done.
    expect(gate.admit(caller({}), 100)).toBeUndefined();
  });

  it("lets a connection's operations in in their order, whichever wait for tokens", async () => {
    let refill = (): void => undefined;
    const filled = new Promise<void>((resolve) => (refill = resolve));
    // The first waits for the key's tokens and then the tenant's, the second for the tenant's only.
    const waits = { "key:k1": [filled, undefined, undefined], tenant: [filled, undefined, filled] };
    const take = (_tenant: string, name: string) => waits[name as keyof typeof waits].shift();
    const gate = new OperationGate(
      config,
      { take, giveBack: () => undefined } as never,
      { limitsOf: () => ({}) },
      { covers: () => false },
      () => NOW,
    );
    const connection = {};
    const order: number[] = [];
    const operation = async (n: number): Promise<void> => {
      const wait = gate.admit(caller(connection), 1);
      if (wait !== undefined) await wait;
      order.push(n);
    };
    const all = [1, 2, 3].map(operation);
    refill();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
  });

  it.each([false, true])(
    "does not charge the key for the tenant's refusal (later: %s)",
    async (later) => {
      const { gate, log } = gateWith(["tenant"], {}, later);
      await expect(async () => gate.admit(caller(null), 1)).rejects.toMatchObject({
        reason: "rate_limited",
      });
      expect(log.at(-1)).toEqual(["give back", "acme", "key:k1", 1]);
    },
  );

  it.each([false, true])(
    "asks nothing of the tenant for a refused key (later: %s)",
    async (later) => {
      const { gate, log } = gateWith(["key:k1"], {}, later);
      await expect(async () => gate.admit(caller(null), 1)).rejects.toBeInstanceOf(TellwireError);
      expect(log).toHaveLength(1);
    },
  );

  it("refuses a token that ran out, and what is revoked", () => {
    const { gate, revoked } = gateWith();
    expect(() => gate.stillValid(caller(null))).not.toThrow();
    const expired = { ...identity, expiresAt: NOW };
    expect(() => gate.stillValid(caller(null, expired))).toThrow("expired");
    const brief = { ...identity, expiresAt: NOW + 1 };
    expect(() => gate.stillValid(caller(null, brief))).not.toThrow();
    revoked.add(identity);
    expect(() => gate.stillValid(caller(null))).toThrow("Revoked");
  });
});

describe("rateOf", () => {
  it("allows at once what a second allows, unless a burst is named", () => {
    expect(rateOf({}, 20)).toEqual({ rate: 20, burst: 20 });
    expect(rateOf({ rate: 5 }, 20)).toEqual({ rate: 5, burst: 5 });
    expect(rateOf({ rate: 0.5 }, 20)).toEqual({ rate: 0.5, burst: 1 });
  });
});
