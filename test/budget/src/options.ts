import { parseArgs } from "node:util";
import { positiveNumber, wholeNumber } from "@tellwire/peer-support";
import { STUDIES } from "./flatness.js";

export interface Options {
  what: "table" | "flatness";
  /** Those that were chosen. */
  studies: string[];
  /** Repetitions of everything that is compared. */
  rounds: number;
  /** Measured of each step. */
  seconds: number;
  /** Publishes a second of the flatness studies. */
  rate: number;
  /** Where the figures go as JSON. */
  out: string;
}

/** @throws with what is wrong with the command line */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string" },
      rate: { type: "string", default: "500" },
      out: { type: "string", default: ".data/budget" },
    },
  });
  const [what = "table", ...studies] = positionals;
  if (what !== "table" && what !== "flatness") {
    throw new Error(`nothing is called ${what}: leave it out, or say flatness [STUDY …]`);
  }
  const names = STUDIES.map(({ name }) => name);
  const unknown = studies.find((name) => what === "table" || !names.includes(name));
  if (unknown !== undefined) throw new Error(`no study ${unknown}: ${names.join(", ")}`);
  return {
    what,
    studies,
    rounds: wholeNumber("rounds", values.rounds),
    seconds: positiveNumber("seconds", values.seconds ?? (what === "table" ? "4" : "8")),
    rate: positiveNumber("rate", values.rate),
    out: values.out,
  };
}
