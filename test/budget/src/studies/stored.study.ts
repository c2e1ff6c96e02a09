import { spreadProtocol } from "../spread.js";
import { drivenOf, scenarioOf, startTellwire } from "../tellwire.js";
import { loadMessages } from "./load-messages.js";
import { createTopics, withDatabase } from "./seed.js";
import type { Study, Variant } from "./study.js";

const CONNECTIONS = 100;
const TOPICS_EACH = 10;

const variant = (messages: number): Variant => ({
  label: `${messages.toLocaleString("en")} messages`,
  async start() {
    const cluster = await startTellwire();
    await withDatabase(cluster.directDatabaseUrl, async (db) => {
      const topics = await createTopics(db, CONNECTIONS, TOPICS_EACH);
      if (messages > 0) await loadMessages(db, topics, messages);
    });
    // Stopping writes a checkpoint: no run is to pay for writing back what was loaded.
    await cluster.postgres.restart();
    const { routers, sessions, workers } = cluster;
    await Promise.all([...routers, ...sessions, ...workers].map((service) => service.restart()));
    const rooms = { connections: CONNECTIONS, roomSize: 1 };
    return { cluster, scenario: scenarioOf(drivenOf(cluster), rooms, spreadProtocol(TOPICS_EACH)) };
  },
});

export const stored: Study = {
  name: "stored",
  varies: `stored messages, in ${(CONNECTIONS * TOPICS_EACH).toLocaleString("en")} topics and ten days' partitions, ${CONNECTIONS} connections`,
  variants: [0, 10_000_000].map(variant),
  scaling: false,
};
