import "reflect-metadata";
import { runService } from "@tellwire/telemetry";
import { loadSessionConfig } from "./config.js";
import { startSession } from "./session.js";

await runService("session", () => startSession(loadSessionConfig()));
