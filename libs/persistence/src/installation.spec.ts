import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestDatabase, type TestDatabase } from "./database.fixture.js";
import { InstallationRepository } from "./installation.repository.js";

let database: TestDatabase;
let installation: InstallationRepository;
beforeAll(async () => {
  database = await startTestDatabase();
  installation = new InstallationRepository(database.connection.pool);
});
afterAll(() => database.stop());

it("takes the number of partitions of whoever comes first, and refuses all others", async () => {
  const starts = [64, 64, 16, 64].map((count) => installation.assertPartitions(count));
  const outcomes = await Promise.allSettled(starts);
  const { rows } = await database.connection.pool.query<{ partitions: number }>(
    "select partitions from log_meta",
  );
  const fixed = rows[0]!.partitions;
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(
    fixed === 64 ? 3 : 1,
  );
  const other = fixed === 64 ? 16 : 64;
  await expect(installation.assertPartitions(other)).rejects.toThrow(
    `TELLWIRE_PARTITIONS is ${other}, but this cluster has ${fixed}`,
  );
});

it("takes another number once the old one is forgotten", async () => {
  await installation.forgetPartitions();
  await installation.assertPartitions(128);
  await expect(installation.assertPartitions(64)).rejects.toThrow("this cluster has 128");
});
