import type { Identity } from "@tellwire/contract";
import { createLogger } from "@tellwire/telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryFixture } from "../delivery/delivery.fixture.js";
import { SessionKeeper } from "../sessions/session-keeper.js";
import { identityOperations } from "./session.operations.js";

const INBOX = "user:alice@acme";
const alice: Identity = {
  tenant: "acme",
  user: "alice@acme",
  permissions: ["*"],
  keyId: "key",
  tokenId: null,
  expiresAt: null,
  limits: {},
};
const log = createLogger({ service: "edge", name: "edge-test", level: "silent" });

describe("authenticate while no router answers", () => {
  let delivery: DeliveryFixture;
  let client: ReturnType<DeliveryFixture["connect"]>;
  let outcome: string;
  let answer: Promise<unknown>;

  beforeEach(() => {
    vi.useFakeTimers();
    delivery = new DeliveryFixture();
    delivery.router = null;
    client = delivery.connect();
    const sessions = new SessionKeeper(
      { call: async () => ({ sessionId: "session", resumed: false, topics: [] }) as never },
      () => undefined,
      { admit: async () => undefined, joined: () => undefined, left: () => undefined },
      100,
      log,
    );
    const operations = identityOperations(
      { identify: async () => alice },
      sessions,
      delivery.subscriptions,
      { read: (topic) => ({ topic }) },
      "edge-1",
    );
    const { connection } = client;
    outcome = "none yet";
    answer = Promise.resolve(
      operations.authenticate({ connection, identity: null, sessionId: null, address: "" }, {}),
    ).then(
      ({ status }) => (outcome = status),
      ({ reason }) => (outcome = reason),
    );
  });
  afterEach(() => vi.useRealTimers());

  it("answers when the inbox is open, so that nothing sent after the answer is missed", async () => {
    await vi.advanceTimersByTimeAsync(10_000);
    expect(outcome).toBe("none yet");
    // The new owner has appended this in the batch in which it read the wish.
    delivery.say([delivery.log.append(INBOX)], [delivery.log.headOf(INBOX)]);
    await answer;
    expect(outcome).toBe("authenticated");
    delivery.say([delivery.log.append(INBOX)]);
    await vi.advanceTimersByTimeAsync(0);
    delivery.queue.flush();
    expect(client.wire.seqs).toEqual([2]);
  });

  it("is refused for now, rather than answered without the inbox", async () => {
    await vi.advanceTimersByTimeAsync(16_000);
    expect(outcome).toBe("upstream");
    expect(client.connection.subscriptions.size).toBe(0);
  });
});
