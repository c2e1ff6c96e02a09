import { runService } from "@tellwire/telemetry";
import { loadEdgeConfig } from "./config.js";
import { startEdge } from "./edge.js";

await runService("edge", () => startEdge(loadEdgeConfig()));
