import { spreadProtocol } from "../spread.js";
import { drivenOf, scenarioOf, startTellwire } from "../tellwire.js";
import { createTopics, withDatabase } from "./seed.js";
import type { Study, Variant } from "./study.js";

/** Few, so that each can be alone with its topics even when there are 10. */
const CONNECTIONS = 10;

/** A connection may have this many topics, and subscribe to them without waiting. */
const LIMITS = { TELLWIRE_MAX_TOPICS: "20000", TELLWIRE_CONNECTION_RATE: "100000" };

const variant = (topics: number): Variant => ({
  label: `${topics.toLocaleString("en")} topics`,
  async start() {
    const each = topics / CONNECTIONS;
    const cluster = await startTellwire({ env: LIMITS });
    await withDatabase(cluster.directDatabaseUrl, (db) => createTopics(db, CONNECTIONS, each));
    const rooms = { connections: CONNECTIONS, roomSize: 1 };
    return { cluster, scenario: scenarioOf(drivenOf(cluster), rooms, spreadProtocol(each)) };
  },
});

/** Each topic exists, has a subscriber, and is published to in turn: of many, every one is cold. */
export const topics: Study = {
  name: "topics",
  varies: `topics, ${CONNECTIONS} connections, all topics subscribed to and published to in turn`,
  variants: [10, 1_000, 100_000].map(variant),
  scaling: false,
};
