import { createLogger } from "@tellwire/telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TellwireError, type Identity, type SessionRpc } from "@tellwire/contract";
import { PresenceReporter } from "./presence-reporter.js";

type Report = SessionRpc["presence.set"]["params"];

const log = createLogger({ service: "test", name: "test", level: "silent" });
const identity = (user: string | null): Identity => ({
  tenant: "acme",
  user: user && `${user}@acme`,
  permissions: [],
  keyId: "k",
  tokenId: null,
  expiresAt: null,
  limits: {},
});
const [alice, bob] = [identity("alice"), identity("bob")];

/** What the session service was told, and what it thinks of users at other edges. */
let reports: Report[];
let failures: number;
let elsewhere: Set<string>;
let events: unknown[];
let instance: string | null;
let reporter: PresenceReporter;

const told = (): unknown[] =>
  reports.flatMap(({ entries }) => entries.map(({ session, online }) => [session, online]));

beforeEach(() => {
  reports = [];
  failures = 0;
  elsewhere = new Set();
  events = [];
  instance = "edge-1";
  const rpc = {
    call: (async (_: string, report: Report) => {
      if (failures-- > 0) throw new TellwireError("upstream");
      reports.push(report);
    }) as never,
    operation: (async (_: string, { params }: { params: { users: string[] } }) => ({
      users: params.users.map((user) => ({
        user,
        status: elsewhere.has(user) ? "online" : "offline",
        last_seen: null,
      })),
    })) as never,
  };
  const publish = (about: string, { name, params }: { name: string; params: unknown }): void => {
    events.push([name, about, (params as { status: string }).status]);
  };
  reporter = new PresenceReporter(rpc, { publish }, () => instance, log);
});
afterEach(() => reporter.close());

describe("PresenceReporter", () => {
  it("tells of all that came in a turn at once, and the other edges after", async () => {
    reporter.joined("s1", alice);
    reporter.joined("s2", alice);
    reporter.joined("s3", bob);
    reporter.joined("s4", identity(null));
    expect(reports).toEqual([]);
    await vi.waitFor(() => expect(events).toHaveLength(2));
    expect(reports).toMatchObject([
      {
        instance: "edge-1",
        reset: false,
        entries: [
          { session: "s1", tenant: "acme", user: "alice@acme", online: true },
          { session: "s2", user: "alice@acme" },
          { session: "s3", user: "bob@acme" },
        ],
      },
    ]);
    expect(events).toEqual([
      ["presence", "alice@acme", "online"],
      ["presence", "bob@acme", "online"],
    ]);
    expect(reporter.size).toBe(2);
  });

  it("says offline when the last session has left, unless the user is at another edge", async () => {
    reporter.joined("s1", alice);
    reporter.joined("s2", alice);
    reporter.joined("s3", bob);
    await vi.waitFor(() => expect(events).toHaveLength(2));
    elsewhere.add("bob@acme");
    reporter.left("s1");
    reporter.left("s3");
    await vi.waitFor(() => expect(told()).toContainEqual(["s3", false]));
    reporter.left("s2");
    await vi.waitFor(() => expect(events).toHaveLength(3));
    expect(events[2]).toEqual(["presence", "alice@acme", "offline"]);
    expect(reporter.size).toBe(0);
  });

  it("keeps a session whose old connection closes after it was resumed", async () => {
    reporter.joined("s1", alice);
    reporter.joined("s1", alice);
    reporter.left("s1");
    reporter.joined("s2", bob);
    await vi.waitFor(() => expect(events).toHaveLength(2));
    expect(told()).toEqual([
      ["s1", true],
      ["s2", true],
    ]);
    reporter.left("s1");
    reporter.left("s1");
    await vi.waitFor(() => expect(told()).toContainEqual(["s1", false]));
  });

  it("tells everything again on a reset, in parts, only the first of which resets", async () => {
    for (let i = 0; i < 1500; i++) reporter.joined(`s${i}`, identity(`u${i}`));
    await vi.waitFor(() => expect(told()).toHaveLength(1500));
    reports = [];
    events = [];
    reporter.reset();
    await vi.waitFor(() => expect(told()).toHaveLength(1500));
    expect(reports.map(({ reset, entries }) => [reset, entries.length])).toEqual([
      [true, 1000],
      [false, 500],
    ]);
    expect(events).toEqual([]);
  });

  it("waits until the edge is registered, and reports as what it is registered then", async () => {
    instance = null;
    reporter.joined("s1", alice);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reports).toEqual([]);
    instance = "edge-2";
    reporter.reset();
    await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 3000 });
    expect(reports[0]).toMatchObject({ instance: "edge-2", reset: true });
    expect(told()).toEqual([["s1", true]]);
  });

  it("repeats what failed, as it is by then", async () => {
    failures = 1;
    reporter.joined("s1", alice);
    reporter.joined("s2", bob);
    reporter.reset();
    await vi.waitFor(() => expect(failures).toBe(0));
    reporter.left("s2");
    await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 3000 });
    expect(reports[0]?.reset).toBe(true);
    expect(told()).toEqual([
      ["s1", true],
      ["s2", false],
    ]);
    await vi.waitFor(() =>
      expect(events).toEqual([
        ["presence", "alice@acme", "online"],
        ["presence", "bob@acme", "offline"],
      ]),
    );
  });
});
