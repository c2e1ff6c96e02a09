import type { Keys } from "@tellwire/contract";
import { batch, isUnknown, Script, type Command, type RedisConnection } from "@tellwire/redis";
import { packValue } from "@tellwire/streams";
import type { Advance, Partition } from "../intake/partition.js";
import type { EgressWriter } from "./egress-writer.js";
import type { FanOut } from "./fan-out.js";

const script = Script.fromFile<number[]>(new URL("../../lua/advance-5.lua", import.meta.url));

/** Partitions that one call advances: Redis does nothing else meanwhile. */
const AT_ONCE = 64;

export interface Recorded {
  /** Edges that turned out to be gone. */
  gone: string[];
  /** Partitions whose lease or connection was lost: what they hold must be read again. */
  lost: Partition[];
}

interface Step {
  partition: Partition;
  keys: string[];
  args: (string | Buffer)[];
}

/**
 * The end of a batch: entries to the edges first, then the partitions' positions,
 * so that a crash in between repeats the delivery rather than losing it.
 */
export class Recorder {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly egress: EgressWriter,
  ) {}

  async record(fanOut: FanOut, partitions: Partition[]): Promise<Recorded> {
    const { edges, commands } = this.egress.commands(fanOut);
    const steps = partitions.flatMap((partition) => {
      const advance = partition.advance();
      return advance === null ? [] : [this.step(partition, advance)];
    });
    const [written, advanced] = await this.send(commands, steps);
    const missed = edges.filter((_, i) => written[i] instanceof Error);
    // On one node it all failed together, and is done again; a node of a Cluster fails alone.
    if (missed.length > 0 && !this.redis.clustered) return { gone: [], lost: partitions };
    for (const edge of missed) this.egress.miss(edge);
    return {
      gone: edges.filter((_, i) => written[i] === null),
      lost: steps.filter((_, i) => advanced[i] !== 1).map(({ partition }) => partition),
    };
  }

  private async send(commands: Command[], steps: Step[]): Promise<[unknown[], unknown[]]> {
    const { client } = this.redis;
    // Partitions are in different slots; on one node one call for many costs half of many.
    const calls = chunked(steps, this.redis.clustered ? 1 : AT_ONCE).map((part) => ({
      steps: part,
      keys: part.flatMap(({ keys }) => keys),
      args: part.flatMap(({ args }) => args),
    }));
    const advances = calls.map(({ keys, args }) => script.command(keys, args));
    let written: unknown[];
    let advanced: unknown[];
    if (this.redis.clustered) {
      // Nothing orders commands to different nodes but waiting.
      written = await batch(client, commands);
      advanced = await batch(client, advances);
    } else {
      const replies = await batch(client, [...commands, ...advances]);
      written = replies.slice(0, commands.length);
      advanced = replies.slice(commands.length);
    }
    const known = await Promise.all(
      calls.map(({ keys, args }, i) =>
        isUnknown(advanced[i])
          ? script.run(client, keys, args).catch((error: Error) => error)
          : advanced[i],
      ),
    );
    return [
      written,
      calls.flatMap(({ steps: part }, i) => {
        const reply = known[i];
        return Array.isArray(reply) ? (reply as unknown[]) : part.map(() => reply);
      }),
    ];
  }

  private step(partition: Partition, advance: Advance): Step {
    const { id } = partition;
    const { express, bulk, setPosition, deletePosition, setInterest, deleteInterest } = advance;
    return {
      partition,
      keys: [
        this.keys.lease(id),
        this.keys.position(id),
        this.keys.interest(id),
        this.keys.ingress(id, "express"),
        this.keys.ingress(id, "bulk"),
      ],
      args: [
        partition.token,
        express,
        bulk,
        packValue([setPosition, deletePosition, setInterest, deleteInterest]),
      ],
    };
  }
}

const chunked = <T>(list: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
