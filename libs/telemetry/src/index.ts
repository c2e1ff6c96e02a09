export { createLogger, type Logger } from "./logger.js";
export { Metrics } from "./metrics.js";
export { HealthServer } from "./health-server.js";
export { runService, type Running } from "./run-service.js";
