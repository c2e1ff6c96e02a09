import { spreadProtocol } from "../spread.js";
import { drivenOf, scenarioOf, startTellwire } from "../tellwire.js";
import { createTopics, withDatabase } from "./seed.js";
import type { Study, Variant } from "./study.js";

const CONNECTIONS = 100;
/** Enough that every partition has some. */
const TOPICS_EACH = 10;

const variant = (partitions: number): Variant => ({
  label: `${partitions} partitions`,
  async start() {
    const cluster = await startTellwire({ env: { TELLWIRE_PARTITIONS: `${partitions}` } });
    await withDatabase(cluster.directDatabaseUrl, (db) =>
      createTopics(db, CONNECTIONS, TOPICS_EACH),
    );
    const rooms = { connections: CONNECTIONS, roomSize: 1 };
    return { cluster, scenario: scenarioOf(drivenOf(cluster), rooms, spreadProtocol(TOPICS_EACH)) };
  },
});

export const partitions: Study = {
  name: "partitions",
  varies: `partitions, ${(CONNECTIONS * TOPICS_EACH).toLocaleString("en")} topics, ${CONNECTIONS} connections`,
  variants: [16, 256].map(variant),
  scaling: false,
};
