import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppendRepository } from "./append.repository.js";
import { ConsumerRepository } from "./consumer.repository.js";
import { publish, startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { LeaseLostError, LeaseRepository } from "./lease.repository.js";

let database: TestDatabase;
let leases: LeaseRepository;
let consumers: ConsumerRepository;

beforeAll(async () => {
  database = await startTestDatabase();
  leases = new LeaseRepository(database.connection.db);
  consumers = new ConsumerRepository(database.connection.db);
});
beforeEach(() => database.connection.pool.query("truncate leases, consumer_cursors"));
afterAll(() => database.stop());

const HOUR = 3_600_000;

describe("a lease", () => {
  it("goes to one of many who ask", async () => {
    const ask = (n: number) => leases.acquire("acme", "link", `worker-${n}`, HOUR);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)));
    expect(answers.filter((lease) => lease !== null)).toEqual([
      { tenant: "acme", name: "link", token: 1 },
    ]);
    expect(await leases.acquire("acme", "other", "worker-1", HOUR)).not.toBeNull();
    expect(await leases.acquire("globex", "link", "worker-1", HOUR)).not.toBeNull();
  });

  it("passes on when it has run out, and is not renewed after that", async () => {
    const first = (await leases.acquire("acme", "link", "worker-1", 0))!;
    const second = (await leases.acquire("acme", "link", "worker-2", HOUR))!;
    expect(second.token).toBe(first.token + 1);
    expect(await leases.renew(first, HOUR)).toBe(false);
    expect(await leases.renew(second, HOUR)).toBe(true);
    await leases.release(first);
    expect(await leases.acquire("acme", "link", "worker-1", HOUR)).toBeNull();
  });

  it("that has run out is renewed as long as nobody has taken it", async () => {
    const lease = (await leases.acquire("acme", "link", "worker-1", 0))!;
    expect(await leases.renew(lease, HOUR)).toBe(true);
    expect(await leases.acquire("acme", "link", "worker-2", HOUR)).toBeNull();
  });

  it("is handed over at once when it is released", async () => {
    const lease = (await leases.acquire("acme", "link", "worker-1", HOUR))!;
    await leases.release(lease);
    expect(await leases.acquire("acme", "link", "worker-2", HOUR)).not.toBeNull();
  });
});

describe("a consumer", () => {
  const TOPIC = "channel:lobby@acme";
  const log = () => new AppendRepository(database.connection.pool);
  const write = (count: number) =>
    log().append({
      publishes: Array.from({ length: count }, () => publish({ topic: TOPIC })),
      heads: [],
    });
  const position = async () => (await consumers.positions("net", "uplink")).positions[0];

  it("begins with what comes after its beginning, and knows how far the topic is", async () => {
    await write(3);
    await consumers.begin("net", "uplink", TOPIC);
    await consumers.begin("net", "uplink", "inbox@net");
    await write(2);
    const { now, positions } = await consumers.positions("net", "uplink");
    expect(positions).toEqual([
      { topic: TOPIC, cursor: 3, head: 5 },
      { topic: "inbox@net", cursor: 0, head: 0 },
    ]);
    const { rows } = await database.connection.pool.query("select now() as now");
    expect(Math.abs(rows[0].now.getTime() - now)).toBeLessThan(5000);
    await consumers.begin("net", "uplink", TOPIC);
    expect(await position()).toMatchObject({ cursor: 3 });
    await consumers.end("net", "uplink", TOPIC);
    expect(await position()).toMatchObject({ topic: "inbox@net" });
    expect((await consumers.positions("net", "none")).positions).toEqual([]);
  });

  it("advances for whoever has the lease, and for nobody else", async () => {
    await consumers.begin("net", "uplink", TOPIC);
    const old = (await leases.acquire("net", "uplink", "worker-1", 0))!;
    await consumers.advance(old, "uplink", TOPIC, 1);
    const lease = (await leases.acquire("net", "uplink", "worker-2", HOUR))!;
    await expect(consumers.advance(old, "uplink", TOPIC, 9)).rejects.toThrow(LeaseLostError);
    expect(await position()).toMatchObject({ cursor: 1 });
    await consumers.advance(lease, "uplink", TOPIC, 2);
    expect(await position()).toMatchObject({ cursor: 2 });
  });

  it("is not overtaken by a write that began under the lease and ends without it", async () => {
    await consumers.begin("net", "uplink", TOPIC);
    const old = (await leases.acquire("net", "uplink", "worker-1", 0))!;
    const taking = await database.connection.pool.connect();
    try {
      await taking.query("begin");
      await taking.query("update leases set token = token + 1");
      const late = consumers.advance(old, "uplink", TOPIC, 9);
      const refused = expect(late).rejects.toThrow(LeaseLostError);
      await expect
        .poll(async () => {
          const { rows } = await database.connection.pool.query(
            "select count(*)::int as waiting from pg_locks where not granted",
          );
          return rows[0].waiting as number;
        })
        .toBe(1);
      await taking.query("commit");
      await refused;
    } finally {
      taking.release();
    }
    expect(await position()).toMatchObject({ cursor: 5 });
  });
});
