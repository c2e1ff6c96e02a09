import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "./batch.js";
import type { RedisClient } from "./connect-redis.js";

type Argument = string | number | Buffer;

/**
 * A Lua script, sent by its hash and loaded where a node does not know it yet. One
 * that does the same for several groups of keys takes a multiple of its number.
 */
export class Script<Result> {
  private readonly sha: string;

  constructor(
    readonly source: string,
    private readonly keys: number,
  ) {
    this.sha = createHash("sha1").update(source).digest("hex");
  }

  /** Reads a script that stands beside its caller: `new URL('take-2.lua', import.meta.url)`. */
  static fromFile<Result>(file: URL): Script<Result> {
    const keys = /-(\d+)\.lua$/.exec(file.pathname)?.[1];
    if (keys === undefined)
      throw new Error(`Name the script <verb>-<number of keys>.lua: ${file.pathname}`);
    return new Script<Result>(readFileSync(file, "utf8"), Number(keys));
  }

  /**
   * The script as a command of a batch. A reply for which {@link isUnknown} holds
   * means that nothing was done and {@link run} is to be used instead.
   */
  command(keys: string[], args: Argument[]): Command {
    this.check(keys);
    return ["EVALSHA", this.sha, keys.length, ...keys, ...args];
  }

  async run(client: RedisClient, keys: string[], args: Argument[]): Promise<Result> {
    this.check(keys);
    try {
      return (await client.evalsha(this.sha, keys.length, ...keys, ...args)) as Result;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return (await client.eval(this.source, keys.length, ...keys, ...args)) as Result;
    }
  }

  private check(keys: string[]): void {
    if (keys.length === 0 || keys.length % this.keys !== 0) {
      throw new Error(`Script takes ${this.keys} keys, or a multiple`);
    }
  }
}

/** Whether a reply says that the node does not know the script yet. */
export const isUnknown = (reply: unknown): boolean =>
  reply instanceof Error && reply.message.startsWith("NOSCRIPT");
