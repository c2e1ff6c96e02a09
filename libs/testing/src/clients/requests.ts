import type { Result } from "@tellwire/contract";
import type { TestClient } from "./test-client.js";

export interface Committed {
  id: string;
  topic: string;
  seq: number;
  at: string;
  duplicate: boolean;
}

export interface Joined {
  topic: string;
  head: number;
  recovered: boolean;
  truncated: boolean;
}

/** Publishes; `more` holds the other params. */
export async function publish(
  client: Pick<TestClient, "request">,
  topic: string,
  body: unknown,
  more: object = {},
): Promise<Committed> {
  return (await client.request("publish", { topic, body, ...more })) as Committed;
}

/** Subscribes to one topic and gives its answer. */
export async function subscribe(
  client: Pick<TestClient, "request">,
  topic: string,
  after?: number,
): Promise<Joined> {
  const asked = after === undefined ? { topic } : { topic, after };
  const result: Result<"subscribe"> = await client.request("subscribe", { topics: [asked] });
  return result.topics[0] as Joined;
}
