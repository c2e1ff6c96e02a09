#!/usr/bin/env node
import { CommanderError } from "commander";
import { ConfigError } from "@tellwire/config";
import { CommandError } from "./command-error.js";
import { createProgram } from "./program.js";

const FAILED = 1;
/** The command, its arguments or its configuration make no sense. */
const MISUSED = 2;

const program = createProgram();
const overrideExit = (command: typeof program): void => {
  command.exitOverride();
  command.commands.forEach((sub) => overrideExit(sub as typeof program));
};
overrideExit(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its own errors, and its help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
  process.stderr.write(`${messageOf(error)}\n`);
  return error instanceof ConfigError ? MISUSED : FAILED;
}

function messageOf(error: unknown): string {
  if (error instanceof CommandError || error instanceof ConfigError) return error.message;
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? `Failed: ${error.message}` : String(error);
}
