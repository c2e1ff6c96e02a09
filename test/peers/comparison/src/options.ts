import { parseArgs } from "node:util";
import { wholeNumber } from "@tellwire/peer-support";
import type { Wanted } from "./plan.js";
import { peers } from "./systems.js";

/** What the page is not written without: with fewer pairs chance decides. */
export const ENOUGH_PAIRS = 5;

export interface Options extends Wanted {
  /** Short steps, to see that it works; the results are kept apart and the page stays as it is. */
  quick: boolean;
  /** Adds to the pairs that `peers.json` holds; else those of the same peers are measured anew. */
  append: boolean;
  /** Plays nothing: makes the page's tables of what `peers.json` holds. */
  tables: boolean;
}

/** @throws with what is wrong with the command line */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      /** Names of `systems.ts`, with commas. */
      peers: { type: "string" },
      pairs: { type: "string" },
      /** Numbers of connections, with commas. */
      connections: { type: "string" },
      /** Connections in a room. */
      room: { type: "string", default: "10" },
      quick: { type: "boolean", default: false },
      append: { type: "boolean", default: false },
      tables: { type: "boolean", default: false },
    },
  });
  const { quick, append, tables } = values;
  if (tables && args.length > 1) throw new Error("--tables plays nothing: leave the rest out");
  const each = (text: string): string[] => [...new Set(text.split(","))];
  const names = values.peers === undefined ? Object.keys(peers) : each(values.peers);
  const unknown = names.filter((name) => !(name in peers));
  if (unknown.length > 0) {
    throw new Error(`no peer "${unknown.join(", ")}": ${Object.keys(peers).join(", ")}`);
  }
  const connections = each(values.connections ?? (quick ? "100" : "100,1000")).map((text) =>
    wholeNumber("connections", text, 2),
  );
  const roomSize = wholeNumber("room", values.room);
  if (roomSize > Math.min(...connections)) throw new Error("--room is larger than --connections");
  const pairs = wholeNumber("pairs", values.pairs ?? `${quick ? 1 : ENOUGH_PAIRS}`);
  return { peers: names, pairs, connections, roomSize, quick, append, tables };
}
