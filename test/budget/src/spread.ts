/** @param room the number of a room @param n 0, 1, 2 … of its topics */
export const topicOf = (room: number, n: number): string => `channel:spread-${room}-${n}`;

/** The API key of a tenant of the study, by its number. */
export const keyOf = (tenant: number): string => `spread-key-${tenant}`;

/** The room of a topic as the load generator names it. */
export const roomOf = (topic: string): number => Number(topic.slice(topic.lastIndexOf("-") + 1));

/**
 * The protocol that spreads publishes.
 * @param topics of each room @param tenants that connections are dealt to in turn; 0: the demo tenant
 */
export function spreadProtocol(topics: number, tenants = 0): string {
  const url = new URL("./spread.protocol.js", import.meta.url);
  url.search = new URLSearchParams({ topics: `${topics}`, tenants: `${tenants}` }).toString();
  return url.href;
}
