import type { Identity, SessionState } from "@tellwire/contract";
import { createLogger } from "@tellwire/telemetry";
import { beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../connection/connection.js";
import { DeliveryFixture } from "../delivery/delivery.fixture.js";
import { SessionKeeper } from "./session-keeper.js";

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

/** What the session service keeps, which any call may fail to reach. */
class Registry {
  readonly sessions = new Map<string, { topics: string[]; left: boolean }>();
  away = false;
  /** Runs before a call takes effect. */
  before: (name: string) => Promise<void> | void = () => undefined;
  private last = 0;

  async call(name: string, params: unknown): Promise<never> {
    await this.before(name);
    if (this.away) throw new Error("away");
    return this.done(name, params) as never;
  }

  private done(name: string, params: unknown): unknown {
    if (name === "session.open") {
      const { sessionId } = params as { sessionId: string | null };
      const resumed = sessionId !== null && this.sessions.has(sessionId);
      const id = resumed ? sessionId : `s${++this.last}`;
      const session = this.sessions.get(id) ?? { topics: [], left: false };
      this.sessions.set(id, Object.assign(session, { left: false }));
      return { sessionId: id, resumed, topics: session.topics.map((topic) => [topic, 5]) };
    }
    for (const { id, topics } of (params as { sessions: SessionState[] }).sessions) {
      const session = this.sessions.get(id)!;
      if (name === "session.save") session.topics = topics.map(([topic]) => topic);
      else session.left = true;
    }
    return name === "session.save" ? { receipts: [] } : null;
  }
}

describe("a session whose client comes back while its old connection is half open", () => {
  let registry: Registry;
  let keeper: SessionKeeper;
  let old: Connection;
  const delivery = new DeliveryFixture();
  const session = () => registry.sessions.get("s1");

  const connect = async (
    sessionId: string | null,
    topics: string[],
    resumes = true,
  ): Promise<Connection> => {
    const { connection } = delivery.connect();
    await keeper.open(connection, alice, sessionId);
    if (resumes) keeper.restored(connection);
    for (const topic of topics) subscribe(connection, topic);
    return connection;
  };
  const subscribe = (connection: Connection, topic: string): void => {
    connection.subscriptions.set(topic, { topic, acked: 5 } as never);
    keeper.touched(connection);
  };

  beforeEach(async () => {
    registry = new Registry();
    keeper = new SessionKeeper(
      registry,
      () => undefined,
      { admit: async () => undefined, joined: () => undefined, left: () => undefined },
      4,
      log,
    );
    old = await connect(null, ["a"]);
    await keeper.save();
  });

  it("keeps what its new connection says when the old one times out", async () => {
    await connect("s1", ["a", "x"]);
    await keeper.save();
    keeper.touched(old);
    await keeper.save();
    expect(session()).toEqual({ topics: ["a", "x"], left: false });
    old.ended("ping_timeout");
    await keeper.save();
    expect(session()).toEqual({ topics: ["a", "x"], left: false });
  });

  it("is left when the new connection goes, and not before", async () => {
    const next = await connect("s1", ["x"]);
    next.ended();
    await keeper.save();
    expect(session()).toEqual({ topics: ["x"], left: true });
    old.ended();
    await keeper.save();
    expect(session()).toEqual({ topics: ["x"], left: true });
  });

  it("is not ended by what could not be said earlier", async () => {
    old.ended();
    registry.away = true;
    await keeper.save();
    registry.away = false;
    await connect("s1", ["a", "x"]);
    await keeper.save();
    expect(session()).toEqual({ topics: ["a", "x"], left: false });
  });

  it("is not ended by what is being said when it comes back", async () => {
    let proceed = (): void => undefined;
    registry.before = (name) =>
      name === "session.close" ? new Promise((resolve) => (proceed = resolve)) : undefined;
    old.ended();
    const saving = keeper.save();
    await expect.poll(() => session()?.topics).toEqual(["a"]);
    const back = connect("s1", ["x"]);
    await new Promise((resolve) => setImmediate(resolve));
    proceed();
    await Promise.all([saving, back]);
    await keeper.save();
    expect(session()).toEqual({ topics: ["x"], left: false });
  });

  it("is not ended while it is about to come back", async () => {
    let proceed = (): void => undefined;
    registry.before = (name) =>
      name === "session.open" ? new Promise((resolve) => (proceed = resolve)) : undefined;
    const back = connect("s1", ["x"]);
    old.ended();
    await keeper.save();
    expect(session()?.left).toBe(false);
    proceed();
    await back;
    await keeper.save();
    expect(session()).toEqual({ topics: ["x"], left: false });
  });

  it("is left when its connection goes on with another one, and when nobody waits for its answer", async () => {
    registry.sessions.set("s7", { topics: ["b"], left: true });
    await keeper.open(old, alice, "s7");
    await keeper.save();
    expect(session()).toEqual({ topics: ["a"], left: true });
    const { connection } = delivery.connect();
    const opening = keeper.open(connection, alice, "s1");
    connection.ended();
    await opening;
    await keeper.save();
    expect(session()).toEqual({ topics: ["a"], left: true });
    expect(registry.sessions.get("s7")?.left).toBe(false);
  });

  it("keeps what its client has not resumed yet, whether that goes on or away again", async () => {
    subscribe(old, "b");
    await keeper.save();
    const next = await connect("s1", ["inbox"], false);
    await keeper.save();
    expect(session()?.topics).toEqual(["inbox", "a", "b"]);
    next.ended();
    await keeper.save();
    expect(session()?.topics).toEqual(["inbox", "a", "b"]);
    const third = await connect("s1", ["x", "y"], false);
    await keeper.save();
    // No more than a session may have.
    expect(session()?.topics).toEqual(["x", "y", "inbox", "a"]);
    keeper.restored(third, ["a"]);
    await keeper.save();
    expect(session()?.topics).toEqual(["x", "y", "inbox", "b"]);
    keeper.restored(third);
    await keeper.save();
    expect(session()?.topics).toEqual(["x", "y"]);
  });
});
