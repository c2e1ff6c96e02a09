import type { RedisClient } from "./connect-redis.js";
import { Cluster } from "ioredis";

export type Command = [name: string, ...args: (string | number | Buffer)[]];

/**
 * Sends commands in one write and waits for all. On a Cluster, where a pipeline
 * must not span nodes, they leave in the same turn, each to its node.
 * @returns per command its result (bulk strings as Buffers), or its error
 */
export async function batch(
  client: RedisClient,
  commands: Command[],
): Promise<(unknown | Error)[]> {
  if (commands.length === 0) return [];
  if (client instanceof Cluster) {
    return Promise.all(
      commands.map(([name, ...args]) =>
        client.callBuffer(name, ...args).catch((error: Error) => error),
      ),
    );
  }
  const pipeline = client.pipeline();
  for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args);
  const replies = await pipeline.exec();
  return (replies ?? []).map(([error, result]) => error ?? result);
}
