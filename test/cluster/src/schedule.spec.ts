import {
  eventually,
  publish,
  startTestCluster,
  subscribe,
  type Protocol,
  type TestClient,
  type TestCluster,
  type TestTenant,
} from "@tellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const THREE = ["ws", "socketio", "http"] as const satisfies Protocol[];
/** Soon, but later than what a test does before; in milliseconds. */
const SOON = 1000;

let cluster: TestCluster;
let tenant: TestTenant;
let topics = 0;

const open = (protocol: Protocol, edge: number, user: string): Promise<TestClient> =>
  cluster.connect(protocol, cluster.edge(edge), { api_key: tenant.key, user });

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const freshTopic = (): string => `channel:time-${++topics}@${tenant.name}`;

/** Schedules a message and checks the answer. */
async function schedule(
  client: TestClient,
  topic: string,
  send_at: number,
  more: object = {},
): Promise<string> {
  const id = crypto.randomUUID();
  const answer = await client.request("publish", { topic, body: "due", id, send_at, ...more });
  expect(answer).toEqual({ id, status: "scheduled" });
  return id;
}

const statusOf = async (id: string): Promise<string | undefined> =>
  (await cluster.sql<{ status: string }>("select status from scheduled where id = $1", [id]))[0]
    ?.status;

const refused = (name: string): object => ({
  wire: expect.objectContaining({ name, temporary: false }) as object,
});

beforeAll(async () => {
  cluster = await startTestCluster({ edges: 2, routers: 1 });
  tenant = await cluster.tenant();
});
afterAll(() => cluster?.stop());

describe("a scheduled message", () => {
  it.each(THREE)("comes when its time has come, not before, over %s", async (protocol) => {
    const topic = freshTopic();
    const [sender, reader] = [
      await open(protocol, 0, "planner"),
      await open(protocol, 1, "reader"),
    ];
    await subscribe(reader, topic);
    const at = Date.now() + SOON;
    // As milliseconds and as ISO 8601, and the second one twice under the same id.
    const first = await schedule(sender, topic, at, { kind: "reminder", headers: { a: "b" } });
    const second = crypto.randomUUID();
    const params = { topic, body: 2, id: second, send_at: new Date(at + 200).toISOString() };
    for (let times = 0; times < 2; times++) {
      expect(await sender.request("publish", params)).toEqual({ id: second, status: "scheduled" });
    }
    await expect(sender.request("publish", { ...params, body: "other" })).rejects.toMatchObject(
      refused("conflict"),
    );
    expect(await publish(sender, topic, "meanwhile")).toMatchObject({ seq: 1 });
    await eventually(() => expect(reader.events.seqs(topic)).toEqual([1, 2, 3]));
    const [, due, next] = reader.events.messages(topic);
    expect(due).toMatchObject({
      id: first,
      from: `planner@${tenant.name}`,
      kind: "reminder",
      body: "due",
      headers: { a: "b" },
    });
    expect(next).toMatchObject({ id: second, body: 2 });
    expect(Date.parse(due!.at)).toBeGreaterThanOrEqual(at);
    expect(Date.parse(next!.at)).toBeGreaterThanOrEqual(at + 200);
    // Once sent, its id is that of a message in the log.
    expect(await statusOf(first)).toBe("sent");
    await expect(sender.request("cancel", { id: first })).rejects.toMatchObject(
      refused("conflict"),
    );
  });

  it.each(THREE)("that was cancelled never comes, over %s", async (protocol) => {
    const topic = freshTopic();
    const [sender, other] = [await open(protocol, 0, "planner"), await open(protocol, 1, "other")];
    await subscribe(other, topic);
    const at = Date.now() + SOON;
    const [cancelled, kept] = [
      await schedule(sender, topic, at),
      await schedule(sender, topic, at + 1),
    ];
    // To others it does not exist, on whatever edge the sender is.
    await expect(other.request("cancel", { id: cancelled })).rejects.toMatchObject(
      refused("not_found"),
    );
    const elsewhere = await open(protocol, 1, "planner");
    const answer = { id: cancelled, status: "cancelled" };
    expect(await elsewhere.request("cancel", { id: cancelled })).toEqual(answer);
    // Who did not hear the answer may ask again.
    expect(await sender.request("cancel", { id: cancelled })).toEqual(answer);
    await eventually(() => expect(other.events.messages(topic)).toHaveLength(1));
    expect(other.events.messages(topic)[0]).toMatchObject({ id: kept, seq: 1 });
    expect(await statusOf(cancelled)).toBe("cancelled");
    expect(await publish(sender, topic, "next")).toMatchObject({ seq: 2 });
  });

  it("is refused for a time that is none, or too far away", async () => {
    const sender = await open("ws", 0, "planner");
    for (const send_at of ["tomorrow", -1, Date.now() + 400 * 24 * 60 * 60 * 1000]) {
      await expect(
        sender.request("publish", { topic: "channel:x", body: 1, send_at }),
      ).rejects.toMatchObject(refused("invalid_params"));
    }
    // One that has passed is now.
    expect(
      await sender.request("publish", { topic: freshTopic(), body: 1, send_at: Date.now() - 5000 }),
    ).toMatchObject({ seq: 1 });
  });

  it("comes once though the worker is killed before, and again when it is due", async () => {
    const topic = freshTopic();
    const count = 60;
    const [sender, reader] = [await open("ws", 0, "planner"), await open("socketio", 1, "reader")];
    await subscribe(reader, topic);
    const worker = cluster.cluster.workers[0]!;
    const at = Date.now() + SOON;
    const ids = await Promise.all(upTo(count).map((i) => schedule(sender, topic, at + i * 10)));
    await worker.crash();
    const [late] = await Promise.all([schedule(sender, topic, at), worker.start()]);
    await eventually(() => expect(reader.events.seqs(topic).length).toBeGreaterThan(count / 3));
    worker.kill();
    await eventually(() => expect(reader.events.seqs(topic)).toEqual(upTo(count + 1)), 30_000);
    const came = reader.events.messages(topic).map(({ id }) => id);
    expect(came.toSorted()).toEqual([...ids, late].toSorted());
    await eventually(async () =>
      expect(
        await cluster.sql("select 1 from outbox where payload->>'topic' = $1", [topic]),
      ).toEqual([]),
    );
    await worker.ready();
  });
});

describe("a message that expires", () => {
  it("keeps its place as a tombstone, in every protocol and in history", async () => {
    const topic = freshTopic();
    const sender = await open("ws", 0, "brief");
    const live = await open("socketio", 1, "live");
    await subscribe(live, topic);
    const at = Date.now() + SOON;
    const { id } = await publish(sender, topic, { secret: 1 }, { expires_at: at, kind: "otp" });
    await publish(sender, topic, "stays");
    await eventually(() => expect(live.events.seqs(topic)).toEqual([1, 2]));
    expect(live.events.messages(topic)[0]).toMatchObject({ id, kind: "otp", body: { secret: 1 } });
    const tombstone = { id, topic, seq: 1, kind: "tombstone", body: null, headers: {} };
    const page = () => sender.request("history", { topic, after: 0 });
    await eventually(async () => expect((await page()).messages[0]).toMatchObject(tombstone));
    for (const protocol of ["ws", "socketio", "polling", "http"] as const) {
      const later = await open(protocol, 1, `later-${protocol}`);
      expect(await subscribe(later, topic, 0)).toMatchObject({ head: 2, recovered: true });
      await eventually(() => expect(later.events.seqs(topic)).toEqual([1, 2]));
      expect(later.events.messages(topic)[0]).toMatchObject(tombstone);
      later.drop();
    }
    // What nobody may read any more is no longer stored, either.
    await eventually(async () =>
      expect(
        await cluster.sql("select body, kind, erased from messages where id = $1", [id]),
      ).toMatchObject([{ body: Buffer.from("null"), erased: true }]),
    );
  });
});

describe("what cannot be done", () => {
  it("is parked as a dead letter, listed, and done when it is replayed", async () => {
    const { tellwire } = cluster.cluster;
    const cli = async (...args: string[]): Promise<Record<string, unknown>[]> => {
      const output = await tellwire.call(cluster.cluster, "--json", "dead-letter", ...args);
      const lines = output.split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const channel = `channel:board@${tenant.name}`;
    const [owner, member] = [await open("ws", 0, "owner"), await open("ws", 1, "member")];
    await owner.request("channel.create", { channel, policy: { visibility: "private" } });
    await owner.request("channel.invite", { channel, user: "member" });
    await subscribe(owner, channel);
    const id = await schedule(member, channel, Date.now() + SOON);
    // It is authorised again when its time comes, and then its sender is no member.
    await owner.request("channel.invite", { channel, user: "member", role: null });
    const [letter] = await eventually(async () => {
      const found = await cli("list", "--tenant", tenant.name);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(letter).toMatchObject({
      tenant: tenant.name,
      kind: "schedule.send",
      payload: { topic: channel, id },
      error: "not_permitted",
      replayedAt: null,
    });
    expect(await statusOf(id)).toBe("failed");
    expect(await cli("list", "--tenant", "demo")).toEqual([]);
    expect(await publish(owner, channel, "first")).toMatchObject({ seq: 1 });

    await owner.request("channel.invite", { channel, user: "member" });
    expect(await cli("replay", tenant.name, letter!["id"] as string)).toEqual([
      { tenant: tenant.name, replayed: 1 },
    ]);
    await eventually(() => expect(owner.events.seqs(channel)).toEqual([1, 2]));
    expect(owner.events.messages(channel)[1]).toMatchObject({ id, body: "due" });
    expect(await statusOf(id)).toBe("sent");
    expect(await cli("list", "--tenant", tenant.name)).toEqual([]);
    expect(await cli("list", "--tenant", tenant.name, "--replayed")).toHaveLength(1);
    expect(await cli("replay", tenant.name, "--all")).toMatchObject([{ replayed: 0 }]);
  });
});
