import { pause } from "@tellwire/streams";
import type { Connections } from "./connections.js";

const POLL_MS = 50;
/** The share of the time in which clients are told to move; the rest is for those who do not listen. */
const SHARE = 0.7;

/**
 * Sends every client elsewhere: each is told once, and picks a moment of its own
 * within the time; who is still here at the end is closed with a code that says
 * the same.
 * @param withinMs time for all of it, in milliseconds
 */
export async function drain(connections: Connections, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (const connection of connections) {
    connection.event("drain", { within_ms: Math.floor(withinMs * SHARE) });
  }
  while (connections.size > 0 && Date.now() < deadline) await pause(POLL_MS);
  connections.closeAll("drain");
}
