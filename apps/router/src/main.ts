import { runService } from "@tellwire/telemetry";
import { loadRouterConfig } from "./config.js";
import { startRouter } from "./router.js";

await runService("router", () => startRouter(loadRouterConfig()));
