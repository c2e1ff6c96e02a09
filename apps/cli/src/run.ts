import type { Command } from "commander";
import { Context } from "./context.js";

/** Wraps a command's work: gives it a context and whether to print JSON, and closes the context. */
export type Run = <A extends unknown[]>(
  work: (context: Context, json: boolean, ...args: A) => Promise<void>,
) => (...args: [...A, ...unknown[]]) => Promise<void>;

export const run: Run =
  <A extends unknown[]>(work: (context: Context, json: boolean, ...args: A) => Promise<void>) =>
  async (...args: [...A, ...unknown[]]) => {
    // Commander passes the arguments, then the options, then the command itself.
    const command = args.at(-1) as Command;
    const context = new Context();
    try {
      const json = command.optsWithGlobals()["json"] === true;
      await work(context, json, ...(args as unknown as A));
    } finally {
      await context.close();
    }
  };
